"""The ledger in Postgres: a row before anything is sent, one row a document, one run and one shop a ledger."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from target_shopify import postgres_ledger as ledger_module
from target_shopify.errors import LedgerFailed
from target_shopify.ledger import Intent, Row
from target_shopify.ledger_view import LedgerView
from target_shopify.postgres_ledger import PostgresLedger

from .harness import LocalShop, Runner, customer, eventually, kill

LOGGER = logging.getLogger("test-ledger")


def rows(url: str) -> dict[str, dict[str, Any]]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, to_jsonb(l) from migration.ledger l")
        return dict(cursor.fetchall())


def execute(url: str, text: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(text)
    connection.close()


def other_sessions(url: str) -> None:
    """End every session of the target at the server, as a restart does."""
    execute(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'target-shopify'")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[PostgresLedger]:
    one = PostgresLedger(ledger_url, "demo.myshopify.com", "run-1", LOGGER)
    yield one
    one.close()


def row(key: str, status: str, **changes: Any) -> Row:
    return Row(**{
        "document_key": key, "cratejoy_id": int(key), "shopify_id": "gid://shopify/Customer/1", "origin": status,
        "status": status, "reason": None, "document_hash": "h1", **changes,
    })  # fmt: skip


def test_a_document_that_is_about_to_be_sent_has_a_row(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.intend([Intent("5", 5, "h1", "5"), Intent("6", 6, "h2", "5")])

    kept = rows(ledger_url)
    assert (kept["5"]["status"], kept["5"]["attempts"], kept["5"]["run_id"]) == ("unknown", 1, "run-1")
    assert (kept["6"]["leader"], kept["6"]["shopify_id"]) == ("5", None)
    assert ledger.unknown() == 2


def test_an_outcome_takes_the_intents_place(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.intend([Intent("5", 5, "h1", "5")])
    ledger.record([row("5", "created")])

    kept = rows(ledger_url)["5"]
    assert (kept["status"], kept["origin"], kept["attempts"]) == ("created", "created", 1)
    assert ledger.unknown() == 0


def test_a_second_send_counts_and_keeps_what_is_known(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.intend([Intent("5", 5, "h1", "5")])
    ledger.record([row("5", "created")])
    ledger.intend([Intent("5", 5, "h2", "5")])

    kept = rows(ledger_url)["5"]
    assert (kept["status"], kept["attempts"], kept["shopify_id"]) == ("unknown", 2, "gid://shopify/Customer/1")
    assert (kept["origin"], kept["document_hash"]) == ("created", "h2")


def test_the_origin_stays_through_updates(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.record([row("5", "adopted")])
    ledger.record([row("5", "updated", origin="created"), row("6", "unchanged", origin="created")])
    ledger.record([row("5", "refused", origin=None, shopify_id=None)])

    kept = rows(ledger_url)
    assert (kept["5"]["status"], kept["5"]["origin"]) == ("refused", "adopted")
    assert kept["5"]["shopify_id"] == "gid://shopify/Customer/1"
    assert kept["6"]["origin"] == "created"


def test_a_document_that_comes_twice_in_a_batch_has_its_last_outcome(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.record([row("5", "created"), row("5", "updated", document_hash="h2")])

    assert (rows(ledger_url)["5"]["status"], rows(ledger_url)["5"]["document_hash"]) == ("updated", "h2")


def test_one_that_leads_no_longer_is_merged(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.record([row("5", "created")])
    ledger.demote(["5", "99"])

    assert (rows(ledger_url)["5"]["status"], rows(ledger_url)["5"]["origin"]) == ("merged", "merged")
    assert len(rows(ledger_url)) == 1


def test_a_harvest_settles_the_unknown_and_nobody_else(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.intend([Intent("5", 5, "h1", "5"), Intent("6", 6, "h1", "5"), Intent("7", 7, "h1", "7")])
    ledger.record([row("8", "created")])

    settled = ledger.harvest(iter([("5", "gid://shopify/Customer/50"), ("8", "gid://shopify/Customer/80")]))

    kept = rows(ledger_url)
    assert settled == 2
    assert (kept["5"]["status"], kept["6"]["status"], kept["7"]["status"]) == ("created", "merged", "unknown")
    assert kept["5"]["shopify_id"] == kept["6"]["shopify_id"] == "gid://shopify/Customer/50"
    assert kept["8"]["shopify_id"] == "gid://shopify/Customer/1"


def test_what_is_known_is_found(ledger: PostgresLedger) -> None:
    ledger.record([row("5", "created")])

    found = ledger.find(["5", "6"])

    assert list(found) == ["5"]
    assert (found["5"].status, found["5"].document_hash) == ("created", "h1")
    assert ledger.find([]) == {}


def test_a_ledger_of_another_shop_is_refused(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.record([row("5", "created")])
    ledger.close()

    with pytest.raises(LedgerFailed, match=r"belongs to the shop demo\.myshopify\.com, not to other"):
        PostgresLedger(ledger_url, "other.myshopify.com", "run-2", LOGGER)


def test_other_marks_than_those_of_the_ledger_are_refused(ledger_url: str) -> None:
    one = PostgresLedger(ledger_url, "demo.myshopify.com", "run-1", LOGGER, marks="cratejoy cj-")
    one.record([row("5", "created")])
    one.close()

    with pytest.raises(LedgerFailed, match=r"prefix cj-, but the settings say cratejoy and zz-"):
        PostgresLedger(ledger_url, "demo.myshopify.com", "run-2", LOGGER, marks="cratejoy zz-")
    view = LedgerView(ledger_url, "demo.myshopify.com", "", "other cj-")
    with pytest.raises(LedgerFailed, match="namespace cratejoy and"):
        view.find(["5"])
    view.close()
    PostgresLedger(ledger_url, "demo.myshopify.com", "run-2", LOGGER, marks="cratejoy cj-").close()


def test_two_runs_at_once_are_refused(ledger: PostgresLedger, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module.time, "sleep", lambda _: None)

    with pytest.raises(LedgerFailed, match="Another run of target-shopify"):
        PostgresLedger(ledger_url, "demo.myshopify.com", "run-2", LOGGER)
    ledger.close()
    PostgresLedger(ledger_url, "demo.myshopify.com", "run-2", LOGGER).close()


def test_a_connection_that_broke_is_opened_anew(ledger: PostgresLedger, ledger_url: str) -> None:
    ledger.record([row("5", "created")])
    other_sessions(ledger_url)

    ledger.record([row("6", "created")])

    assert set(rows(ledger_url)) == {"5", "6"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("postgresql://staging:", "postgresql://staging:planted-wrong"), "user or password"),
        (lambda url: url.replace("/ledger_", "/nowhere_"), "check ledger_url"),
        (lambda _: "postgresql://staging:planted-wrong@127.0.0.1:9/one", "check ledger_url and the server"),
    ],
    ids=["password", "database", "server"],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_url(
    change: Any, said: str, shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_START_SECONDS", 1.5)

    told = target.run([customer(1)], ledger_url=change(ledger_url))

    assert told.status == 1
    assert said in told.stderr
    assert "planted-wrong" not in told.stderr
    assert "postgresql://" not in told.stderr
    assert told.stderr.count("The ledger's database is away") <= 1
    assert shop.customers() == []


def test_a_database_that_goes_away_in_mid_run_heals(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.fault(latency=0.02)
    stop = threading.Event()

    def ends_sessions() -> None:
        while not stop.wait(0.7):
            other_sessions(ledger_url)

    thread = threading.Thread(target=ends_sessions)
    thread.start()
    try:
        told = target.run([customer(number) for number in range(1, 121)], ledger_url=ledger_url, concurrency=2)
    finally:
        stop.set()
        thread.join()

    assert told.status == 0, told.stderr
    assert len(shop.customers()) == 120
    assert {one["status"] for one in rows(ledger_url).values()} == {"created"}
    assert told.states[-1] == {"read": 120}


def test_a_database_that_stays_away_ends_the_run_in_one_sentence(
    shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_PATIENCE_SECONDS", 0.5)
    shop.fault(latency=0.02)
    name = ledger_url.rpartition("/")[2].partition("?")[0]

    def goes_away() -> None:
        eventually(lambda: shop.calls().get("customerCreate", 0) >= 5)
        server = ledger_url.replace(f"/{name}", "/postgres")
        execute(server, f"alter database {name} with allow_connections false")
        execute(server, f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")

    thread = threading.Thread(target=goes_away)
    thread.start()
    told = target.run([customer(number) for number in range(1, 121)], ledger_url=ledger_url, concurrency=2)
    thread.join()

    assert told.status == 1
    assert told.stderr.count("target-shopify: ") == 1
    assert "The ledger's database" in told.stderr
    execute(ledger_url.replace(f"/{name}", "/postgres"), f"alter database {name} with allow_connections true")
    shop.no_faults()
    assert target.run([customer(number) for number in range(1, 121)], ledger_url=ledger_url).status == 0
    assert len(shop.customers()) == 120


def test_a_killed_run_leaves_the_ledger_free_and_its_intents_behind(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    shop.fault(latency={"operation": "customerCreate", "seconds": 0.3})
    documents = [customer(number) for number in range(1, 31)]
    process = target.start(documents, ledger_url=ledger_url, concurrency=2)
    eventually(lambda: shop.calls().get("customerCreate", 0) >= 3)
    kill(process)
    process.communicate(timeout=30)

    kept = rows(ledger_url)
    assert len(kept) == 30
    assert "unknown" in {one["status"] for one in kept.values()}
    shop.no_faults()
    assert target.run(documents, ledger_url=ledger_url).status == 0
    assert {one["origin"] for one in rows(ledger_url).values()} == {"created"}
    assert len(shop.customers()) == 30


def test_a_hash_that_the_record_brings_is_the_ledgers(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1, document_hash="mark-1")], ledger_url=ledger_url)
    before = shop.calls()
    target.run([customer(1, document_hash="mark-1", first_name="Adele")], ledger_url=ledger_url)

    assert rows(ledger_url)["7101000001"]["document_hash"] == "mark-1"
    assert rows(ledger_url)["7101000001"]["status"] == "unchanged"
    assert shop.calls().get("customerUpdate", 0) == before.get("customerUpdate", 0)
    target.run([customer(1, document_hash="mark-2", first_name="Adele")], ledger_url=ledger_url)
    assert rows(ledger_url)["7101000001"]["status"] == "updated"


def test_a_signal_while_the_database_is_away_ends_the_run_soon(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    shop.fault(latency=0.05)
    name = ledger_url.rpartition("/")[2].partition("?")[0]
    server = ledger_url.replace(f"/{name}", "/postgres")
    process = target.start([customer(number) for number in range(1, 201)], ledger_url=ledger_url, concurrency=2)
    eventually(lambda: shop.calls().get("customerCreate", 0) >= 5)
    execute(server, f"alter database {name} with allow_connections false")
    execute(server, f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    time.sleep(1.5)
    kill(process, signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert time.monotonic() - began < 15
