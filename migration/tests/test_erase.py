"""Erasing one person: their rows everywhere, their address in the rows of others, their lines in files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.erase import lines, mentions, rules
from cratejoy_migration.erase.erase import Erase
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.purge import running

from .programs import run_here

BIN = Path(sys.executable).parent
GID = "gid://shopify/Customer/900"
ADA = {"id": 7101000017, "email": " Ada@Example.com", "first_name": "Adeline", "_extra": {"nick": "Adeline"}}
ADA_TOO = {"id": 7101000018, "email": "ada@example.com", "first_name": "Adeline"}
BEN = {"id": 7101000019, "email": "ben@example.com", "first_name": "Ben"}
NOT_ADA = {"id": 7101000020, "email": "brada@example.com", "first_name": "Brad"}
SHIPMENTS = "id bigint primary key, customer_id bigint, customer jsonb, fulfillments jsonb"
TRANSACTIONS = 'id bigint primary key, "order" jsonb, order_id bigint'
SURVEYS = "id bigint primary key, subscription_id bigint, answer text"


@pytest.fixture
def erase(url, tmp_path, monkeypatch):
    """Return a function that erases and returns what there was, by table, and what is left."""
    monkeypatch.setattr(running, "_PATIENCE_SECONDS", 0.3)

    def run(given, *, confirm=True):
        work = Erase([url], [tmp_path], given, lambda name: None)
        found, left = work.carry_out() if confirm else (work.look(), None)
        return {one.table: (one.deleted, one.redacted) for one in found.tables}, left

    return run


@pytest.fixture
def store(stage, query):
    """Stage two accounts of one person, and others who mention her."""
    stage("customers", ADA, ADA_TOO, BEN, NOT_ADA)
    gift = {"gift_recipient_email": "ADA@example.com", "gift_recipient_name": "Adeline", "gift_message": "For Adeline"}
    stage(
        "orders",
        {"id": 1, "customer_id": ADA["id"], "note": "Adeline's"},
        {"id": 2, "customer_id": BEN["id"], "note": "ring ada@example.com first", "products": [gift, {"sku": "A"}]},
        {"id": 3, "customer_id": None, "customer": {"id": ADA_TOO["id"]}},
    )
    stage("subscriptions", {"id": 5, "customer_id": ADA_TOO["id"]}, {"id": 6, "customer_id": BEN["id"]})
    stage("transactions", {"id": 8, "order_id": 1}, {"id": 9, "order_id": 2}, columns=TRANSACTIONS)
    stage("shipments", {"id": 10, "customer": {"id": ADA["id"]}}, columns=SHIPMENTS.replace("customer_id bigint, ", ""))
    stage("product_survey_results", {"id": 11, "subscription_id": 5, "answer": "tea"}, columns=SURVEYS)
    query("create schema migration")
    query(
        "create table migration.ledger"
        " (document_key text, cratejoy_id bigint, shopify_id text, status text, document_hash text);"
        f"insert into migration.ledger values ('7101000017', 7101000017, '{GID}', 'created', 'x'),"
        " ('7101000019', 7101000019, 'gid://b', 'created', 'x')"
    )
    query(
        "create table migration.before_images (shop text, shopify_id text, image jsonb);"
        f"insert into migration.before_images values ('demo', '{GID}', '{{}}'), ('demo', 'gid://b', '{{}}')"
    )
    query(
        "create table migration.decisions (id bigint, reason text);"
        "insert into migration.decisions values (1, 'ada@example.com asked for it')"
    )


def test_all_rows_of_a_person_go_from_every_table_and_nobody_elses(erase, store, query):
    found, left = erase("ada@EXAMPLE.com")
    assert found == {
        "cratejoy.customers": (2, 0),
        "cratejoy.orders": (2, 1),
        "cratejoy.product_survey_results": (1, 0),
        "cratejoy.shipments": (1, 0),
        "cratejoy.subscriptions": (1, 0),
        "cratejoy.transactions": (1, 0),
        "migration.before_images": (1, 0),
        "migration.decisions": (0, 1),
        "migration.ledger": (1, 0),
    }
    assert not left
    assert query("select id from cratejoy.customers order by 1") == [(BEN["id"],), (NOT_ADA["id"],)]
    assert query("select document_key from migration.ledger") == [("7101000019",)]
    assert query("select cratejoy_id from migration.erased order by 1") == [(ADA["id"],), (ADA_TOO["id"],)]


def test_in_an_order_of_somebody_else_only_what_is_about_the_person_is_blanked(erase, store, query):
    erase("ada@example.com")
    [(note, products)] = query("select note, products from cratejoy.orders")
    assert note == "ring [erased] first"
    assert products == [
        {"gift_recipient_email": None, "gift_recipient_name": None, "gift_message": None},
        {"sku": "A"},
    ]


def test_an_id_finds_all_accounts_of_the_same_address(erase, store, query):
    erase(str(ADA_TOO["id"]))
    assert query("select count(*) from cratejoy.customers where first_name = 'Adeline'") == [(0,)]


def test_without_confirm_everything_stays(erase, store, query, tmp_path):
    (tmp_path / "refused.jsonl").write_text('{"cratejoy_id": 7101000017}\n')
    found, _ = erase("ada@example.com", confirm=False)
    assert found["cratejoy.customers"] == (2, 0)
    assert query("select count(*) from cratejoy.customers") == [(4,)]
    assert query("select to_regclass('migration.erased') is null") == [(True,)]
    assert (tmp_path / "refused.jsonl").read_text() != ""


def test_a_person_nobody_knows_changes_nothing_but_the_list_of_ids(erase, store, query):
    assert erase("nobody@example.com") == ({}, erase("nobody@example.com")[1])
    assert erase("4711")[0] == {}
    assert query("select count(*) from cratejoy.customers") == [(4,)]
    assert query("select cratejoy_id from migration.erased") == [(4711,)]


@pytest.mark.parametrize("given", ["", "ada", "@", "99999999999999999999", "%", "12 or 1=1"])
def test_what_is_neither_address_nor_id_is_refused(erase, store, query, given):
    with pytest.raises(OperatorError, match="Name a person by e-mail address"):
        erase(given)
    assert query("select count(*) from cratejoy.customers") == [(4,)]


def test_it_works_when_nothing_is_staged(erase, url):
    assert erase("ada@example.com")[0] == {}


def test_what_is_collected_again_is_removed_before_documents_are_built(erase, store, stage, query, url):
    erase("ada@example.com")
    stage("customers", ADA)
    stage("orders", {"id": 1, "customer_id": ADA["id"]})
    warnings = []
    build(url, Told(lambda *_: None, warnings.append))
    assert warnings == ["2 rows of erased people were collected again, and removed: erase them at Cratejoy."]
    assert query("select count(*) from cratejoy.customers where first_name = 'Adeline'") == [(0,)]
    assert query("select count(*) from migration.customer_documents where id = 7101000017") == [(0,)]


def test_lines_about_a_person_go_from_lists_and_other_files_go_whole(erase, store, tmp_path):
    letters = [{"cratejoy_id": 7101000017}, {"cratejoy_id": 71010000170}, {"document": {"email": "Ada@example.com"}}]
    (tmp_path / "refused.jsonl").write_text("".join(json.dumps(one) + "\n" for one in letters))
    (tmp_path / "forecast.csv").write_text('cratejoy_id,why\n7101000018,"two\nlines"\n7101000019,"two\nlines"\n')
    (tmp_path / "certificate.html").write_text(f"<p>{GID}</p>")
    (tmp_path / "certificate.json").write_text(f'"{GID}1"')
    (tmp_path / "run.log").write_text("started\nada@example.community\n")
    _, left = erase("ada@example.com")
    assert (tmp_path / "refused.jsonl").read_text() == '{"cratejoy_id": 71010000170}\n'
    assert (tmp_path / "forecast.csv").read_text() == 'cratejoy_id,why\n7101000019,"two\nlines"\n'
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "certificate.json", "forecast.csv", "refused.jsonl", "run.log",
    ]  # fmt: skip
    assert (tmp_path / "run.log").read_text().count("\n") == 2
    assert (tmp_path / "refused.jsonl").stat().st_mode & 0o077 == 0
    assert not left


def test_a_reader_of_the_database_does_not_stop_it_and_a_migration_does(erase, store, url):
    with psycopg.connect(url) as other:
        other.execute("select * from cratejoy.customers")
        assert erase("ada@example.com", confirm=False)[0]["cratejoy.customers"] == (2, 0)
        other.execute("select pg_advisory_lock(hashtext('target-shopify ledger'))")
        with pytest.raises(OperatorError, match="A migration, a rollback"):
            erase("ada@example.com")


def test_the_command_never_repeats_the_address(store, url, tmp_path, query):
    (tmp_path / ".env").write_text(f"STAGING_DATABASE_URL={url}\n")
    given = "ada@example.com\n"
    for options in (["ada@example.com"], ["-", "--confirm"], ["7101000017", "--confirm"]):
        if options[0] == "-":  # the one that erases, as typed
            said = subprocess.run(
                [BIN / "migration", "erase", *options], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                input=given, check=False,
            )  # fmt: skip
        else:
            said = run_here(tmp_path, "erase", *options, given=given)
        assert said.returncode == 0, said.stderr
        assert "ada@" not in (said.stdout + said.stderr).lower()
        assert "Adeline" not in said.stdout
        if options[0] != "7101000017":
            assert GID in said.stdout
    assert said.stdout.startswith("Nothing on our side is about this person.")
    assert query("select count(*) from cratejoy.customers") == [(2,)]


@pytest.mark.parametrize(
    ("table", "columns", "rule"),
    [
        ("carts", {"id", "customer_id", "order_id"}, "customer_id = any(%(ids)s)"),
        ("transactions", {"id", "order_id", "order"}, "order_id = any(%(orders)s)"),
        ("subscription_coupons", {"id", "subscription_id"}, "subscription_id = any(%(subscriptions)s)"),
        ("products", {"id", "name"}, None),
    ],
)
def test_the_columns_of_a_staged_table_say_whose_its_rows_are(table, columns, rule):
    assert rules.own_rows("cratejoy", table, columns) == rule


def test_an_address_inside_a_longer_one_is_not_found():
    found = mentions.address(["a@b.co"])
    assert all(found.search(text) for text in ("a@b.co", "<A@B.CO>.", "to a@b.co, please"))
    assert not any(found.search(text) for text in ("aa@b.co", "a@b.com", "a@b.co.uk", "x.a@b.co", "a@b.co-op"))


def test_a_killed_rewrite_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "refused.jsonl"
    file.write_text("1234567\nb\n")
    pattern = mentions.person([], [1234567], [])
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        lines.take_out(lines.look([tmp_path], pattern), pattern)
    assert file.read_text() == "1234567\nb\n"
    assert [path.name for path in tmp_path.iterdir()] == ["refused.jsonl"]


def test_a_file_in_two_of_the_folders_is_told_once(tmp_path):
    (tmp_path / "forecast.csv").write_text("7101,created\n7102,created\n")
    found = lines.look([tmp_path, tmp_path / ".." / tmp_path.name, tmp_path], re.compile(rb"7101"))
    assert [(letter.path.name, letter.told) for letter in found] == [("forecast.csv", "1 line")]
    assert lines.Letter(tmp_path, 2).told == "2 lines"
    assert lines.Letter(tmp_path, None).told == "whole file"
