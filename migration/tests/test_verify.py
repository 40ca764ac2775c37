"""Verification and repair on a local Shopify: each planted difference is found, named, and repaired."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import time

import psycopg
import pytest
from cratejoy_migration import decisions, ledger_lock, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError
from cratejoy_migration.verify import certificate as certificates
from cratejoy_migration.verify.repair import Repair
from target_shopify.errors import ShopRefused
from target_shopify.lanes import operation
from target_shopify.ledger import LOCK

from .verifying import MARKER, TOKEN, Migration, customer, local_shop, order, subscription

STREAMS = ("customers", "subscriptions", "orders")
TEXT = "single_line_text_field"


@pytest.fixture(scope="module")
def server():
    with local_shop() as shop:
        yield shop


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(operation, "_POLL_SECONDS", (0.05, 1.0))


@pytest.fixture
def shop(server):
    server.control("POST", "reset")
    return server


@pytest.fixture
def migration(url, shop, tmp_path):
    return Migration(url, shop, tmp_path / "reports")


@pytest.fixture
def staged(stage):
    """Six customers with a subscription and two orders each; 5 and 6 share an e-mail."""
    stage("customers", *map(customer, range(1, 6)), customer(6, email="C5@example.com"))
    stage("subscriptions", *map(subscription, range(1, 7)))
    stage("orders", *(order(number, place) for number in range(1, 7) for place in (1, 2)))


@pytest.fixture
def loaded(staged, migration):
    migration.load()
    return migration


@pytest.fixture
def repair(loaded, monkeypatch, tmp_path):
    """Return a function that repairs and verifies again."""
    monkeypatch.setattr(plugins, "run_meltano", loaded.run_meltano)

    def run(*, overwrite=False):
        count = Repair(tmp_path, loaded.url, overwrite=overwrite).run()
        return count, loaded.verify()

    return run


def rows(certificate, stream="customers"):
    return [(line.verdict, line.reason, line.count) for line in certificate.facts.lines if line.stream == stream]


def named(query):
    """Return the differences on record by Cratejoy id, as (field, kind, key)."""
    found = query("select document_key::bigint, differences from migration.verdicts where differences <> '[]'")
    return {number: [tuple(one[key] for key in ("field", "kind", "key")) for one in told] for number, told in found}


def test_a_clean_migration_is_clean(loaded, query):
    certificate = loaded.verify()

    assert certificate.unexplained == ()
    assert certificate.clean
    assert rows(certificate) == [("loaded", None, 5), ("merged", None, 1)]
    assert rows(certificate, "subscriptions") == [("loaded", None, 5), ("merged", None, 1)]
    assert rows(certificate, "orders") == [("loaded", None, 10), ("merged", None, 2)]
    assert certificate.facts.read_back == {"subscriptions": 6, "orders": 12}
    assert query("select document_key, verdict, shopify_id is not null from migration.verdicts order by 1") == [
        ("1", "loaded", True), ("2", "loaded", True), ("3", "loaded", True), ("4", "loaded", True),
        ("5", "loaded", True), ("6", "merged", True),
    ]  # fmt: skip
    assert query("select run_id, shop, clean, counts -> 'customers' ->> 'staged' from migration.verifications") == [
        ("run-1", "demo.myshopify.com", True, "6")
    ]


def test_a_ledger_that_names_somebody_elses_customer_gives_nobody_away(loaded, repair, shop, query):
    before = shop.customers()
    query(
        "update migration.ledger set shopify_id ="
        " (select shopify_id from migration.ledger where document_key = '2') where document_key = '1'"
    )
    assert loaded.verify().facts.total("customers", "different") == 2

    count, certificate = repair()

    assert count == 2
    assert shop.customers() == before
    assert certificate.unexplained == ()
    assert len(query("select distinct shopify_id from migration.ledger")) == 5


def test_nothing_of_the_verification_stays_behind(loaded, query):
    loaded.verify()

    left = query("select tablename from pg_tables where schemaname = 'migration' order by 1")
    assert [name for (name,) in left] == [
        "before_images", "customer_documents", "ledger", "orphans", "rollbacks", "shop_objects", "verdicts",
        "verifications",
    ]  # fmt: skip
    assert [path.name for path in loaded.reports.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("changed", [{"tag_prefix": "zz-"}, {"metafield_namespace": "other"}])
def test_other_marks_than_those_that_were_written_are_refused(changed, loaded):
    """Else all would seem different, and a repair would put other marks beside those that are there."""
    with pytest.raises(OperatorError, match="Nothing was verified"):
        loaded.verify(**changed)


def test_phase_2_resumes_from_the_same_documents(staged, migration, query):
    migration.load()
    before = query("select id from migration.customer_documents order by id")
    migration.verify()

    assert query("select id from migration.customer_documents order by id") == before


PLANTED = {
    "tag": ("tag", "removed_in_shop", "cj-status-active"),
    "metafield": ("metafield", "removed_in_shop", "subscription_history"),
    "address": ("address", "removed_in_shop", "2"),
    "customer": ("customer", "removed_in_shop", ""),
    "name": ("first_name", "changed_in_shop", ""),
    "phone": ("phone", "removed_in_shop", ""),
    "history": ("metafield", "changed_in_shop", "order_history"),
    "default": ("default_address", "changed_in_shop", ""),
    "bookkeeping": ("metafield", "removed_in_shop", "sync_state"),
}
OVERWRITTEN = {"name", "default"}


def plant(shop, what, number=2):
    one = shop.customer(number)
    gid = one["id"]
    entry = {"ownerId": gid, "namespace": "cratejoy"}
    empty = '{"version":1,"customer_id":2,"currency":"USD","part":1,"of":1,"orders":[]}'
    does = {
        "tag": lambda: shop.does("tagsRemove", id=gid, tags=["cj-status-active"]),
        "metafield": lambda: shop.does("metafieldsDelete", entries=[{**entry, "key": "subscription_history"}]),
        "address": lambda: shop.does("addressDelete", id=gid, address=one["addresses"][1]["id"]),
        "customer": lambda: shop.does("customerDelete", input={"id": gid}),
        "name": lambda: shop.does("customerUpdate", input={"id": gid, "firstName": "Countess"}),
        "phone": lambda: shop.does("customerUpdate", input={"id": gid, "phone": None}),
        "history": lambda: shop.does(
            "metafieldsSet", entries=[{**entry, "key": "order_history", "type": "json", "value": empty}]
        ),
        "default": lambda: shop.does("setDefault", id=gid, address=one["addresses"][1]["id"]),
        "bookkeeping": lambda: shop.does("metafieldsDelete", entries=[{**entry, "key": "sync_state"}]),
    }
    does[what]()


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_difference_is_found_named_and_repaired(what, loaded, shop, query, repair):
    plant(shop, what)

    certificate = loaded.verify()

    assert named(query) == {2: [PLANTED[what]]}
    assert rows(certificate) == [("loaded", None, 4), ("merged", None, 1), ("different", None, 1)]
    assert rows(certificate, "orders") == [("loaded", None, 8), ("merged", None, 2), ("different", None, 2)]
    assert certificate.unexplained == ("1 customer different in the shop, 0 accepted",)
    count, again = repair()
    if what in OVERWRITTEN:
        assert (count, named(query)) == (0, {2: [PLANTED[what]]})
        count, again = repair(overwrite=True)
    assert count == 1
    assert again.unexplained == ()


def test_a_removed_default_address_becomes_the_default_again(loaded, shop, repair):
    first = shop.customer(2)["addresses"][0]
    shop.does("addressDelete", id=shop.customer(2)["id"], address=first["id"])
    loaded.verify()

    count, again = repair()

    assert (count, again.unexplained) == (1, ())
    one = shop.customer(2)
    [default] = [each for each in one["addresses"] if each["id"] == one["default_address"]]
    assert default["address1"] == first["address1"]


def test_repair_does_not_touch_what_others_added(loaded, shop, repair):
    one = shop.customer(2)
    shop.does("tagsAdd", id=one["id"], tags=["vip"])
    shop.does("customerUpdate", input={"id": one["id"], "lastName": "Countess", "phone": None})
    loaded.verify()

    repair()

    one = shop.customer(2)
    assert "vip" in one["tags"]
    assert (one["lastName"], one["phone"]) == ("Countess", "+15032020001")


def test_all_who_share_a_different_customer_are_different_and_repaired_together(loaded, shop, query, repair):
    shop.does("customerDelete", input={"id": shop.customer(5)["id"]})
    loaded.verify()
    assert named(query) == {number: [("customer", "removed_in_shop", "")] for number in (5, 6)}

    count, again = repair()

    assert (count, again.unexplained) == (2, ())
    assert {"cj-id-5", "cj-id-6"} <= set(shop.customer(5)["tags"])


def test_a_repair_that_was_killed_is_taken_up_again(loaded, shop, query, repair, monkeypatch):
    plant(shop, "address")
    loaded.verify()
    with monkeypatch.context() as patch:
        patch.setattr(plugins, "run_meltano", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            repair()

    assert rows(loaded.verify())[-1] == ("different", None, 1)
    count, again = repair()

    assert (count, again.unexplained) == (1, ())
    assert query("select to_regclass('migration.repairs')") == [(None,)]


def test_a_doubled_customer_is_named_with_its_twin_and_is_for_a_person(loaded, shop, query, repair):
    twin = shop.add(email="twin@example.com", tags=["cj-id-2"]).rpartition("/")[2]

    certificate = loaded.verify()

    assert named(query) == {2: [("customer", "doubled", twin)]}
    assert certificate.facts.read_back == {"subscriptions": 5, "orders": 10}
    assert certificate.unexplained == ("1 customer different in the shop, 0 accepted",)
    assert repair()[0] == 0


def test_a_customer_with_our_marks_that_nobody_staged_is_foreign(loaded, shop):
    gid = shop.add(email="f@example.com", tags=["cj-id-99"])
    shop.add(email="own@example.com", tags=["vip"])

    certificate = loaded.verify()

    assert certificate.facts.foreign == ((int(gid.rpartition("/")[2]), (99,)),)
    assert certificate.unexplained == ("1 customer in the shop with marks of this migration, and not staged",)
    assert certificate.facts.shop_customers == 7


def test_what_was_never_sent_has_changed_or_is_unknown_is_pending(loaded, stage, query):
    stage("customers", customer(7))
    query("update cratejoy.customers set first_name = 'Adele' where id = 1")
    query("update migration.ledger set status = 'unknown' where document_key = '2'")

    certificate = loaded.verify()

    assert rows(certificate) == [
        ("loaded", None, 3),
        ("merged", None, 1),
        ("pending", "changed at Cratejoy since it was sent", 1),
        ("pending", "not sent yet", 1),
        ("pending", "sent, and nobody has seen the answer", 1),
    ]
    assert not certificate.clean


def test_who_shares_a_customer_with_a_changed_one_waits_for_it(loaded, query):
    query("update cratejoy.customers set first_name = 'Adele' where id = 5")

    assert rows(loaded.verify()) == [
        ("loaded", None, 4),
        ("pending", "changed at Cratejoy since it was sent", 1),
        ("pending", "shares its Shopify customer with one that still has to go", 1),
    ]


def test_a_recorded_refusal_is_explained(stage, migration):
    stage("customers", customer(1), {"id": 2})
    stage("orders", order(2))
    migration.load()

    certificate = migration.verify()

    assert rows(certificate) == [("loaded", None, 1), ("refused", "no_identity", 1)]
    assert rows(certificate, "orders") == [("refused", "no_identity", 1)]
    assert certificate.clean


def test_orphans_are_unexplained_until_they_are_accepted(loaded, stage, url):
    stage("orders", {"id": 1, "customer_id": 99}, {"id": 2})
    certificate = loaded.verify()
    assert rows(certificate, "orders")[-2:] == [
        ("orphan", "customer is not staged", 1), ("orphan", "names no customer", 1),
    ]  # fmt: skip
    assert certificate.unexplained == ("orders: 2 rows belong to no staged customer",)

    with psycopg.connect(url) as connection:
        decisions.accept(connection, "missing", "orders", 2, "customers deleted at Cratejoy")

    assert loaded.verify().clean


def test_different_customers_can_be_accepted(loaded, shop, url):
    plant(shop, "name")
    with psycopg.connect(url) as connection:
        decisions.accept(connection, "different", "all", 1, "corrected by hand")

    certificate = loaded.verify()

    assert certificate.clean
    assert certificate.as_json()["accepted"][0]["reason"] == "corrected by hand"


def test_an_adopted_customer_keeps_what_is_its_owners(staged, migration, shop):
    shop.add(email="c2@example.com", firstName="Countess", note="Calls on Mondays.", tags=["vip"])
    migration.load()

    certificate = migration.verify()

    assert certificate.clean
    assert certificate.facts.explained == (("first_name: the merchant's own stays (update_policy: merge)", 1),)


def test_a_phone_that_belongs_to_somebody_else_is_explained(staged, migration, shop):
    shop.add(email="other@example.com", phone="+15032020001")
    migration.load()

    certificate = migration.verify()

    assert certificate.clean
    assert certificate.facts.explained == (("phone: refused by Shopify, as recorded", 1),)


def test_in_bulk_it_is_clean_too(staged, migration):
    migration.settings = {"lane": "bulk"}
    migration.load()

    assert migration.verify().clean


def test_orders_that_were_created_are_compared(staged, migration, shop, query, url):
    migration.settings = {"orders": "create"}
    migration.load()
    assert migration.verify().unexplained == ()

    [gone] = [one["id"] for one in shop.orders() if one["name"] == "CJ-5021"]
    shop.does("orderDelete", id=gone)

    certificate = migration.verify()
    assert named(query) == {2: [("order", "missing", "5021")]}
    assert certificate.facts.read_back["orders"] == 10


def test_an_order_that_shopify_refused_is_no_lost_row(staged, migration, shop, query):
    migration.settings = {"orders": "create"}
    migration.load()
    [refused] = [one["id"] for one in shop.orders() if one["name"] == "CJ-5021"]
    shop.does("orderDelete", id=refused)
    query("update migration.ledger set reason = 'order 5021 refused (lineItems: INVALID)' where document_key = '2'")

    certificate = migration.verify()

    assert certificate.facts.read_back["orders"] == 11
    assert certificate.unexplained == ()


def test_an_order_that_lost_its_id_is_not_made_twice(staged, migration, shop, query, monkeypatch, tmp_path):
    migration.settings = {"orders": "create"}
    migration.load()
    [order_there] = [one["id"] for one in shop.orders() if one["name"] == "CJ-5021"]
    shop.does("metafieldsDelete", entries=[{"ownerId": order_there, "namespace": "cratejoy", "key": "order_id"}])
    migration.verify()
    assert named(query) == {2: [("order", "missing", "5021")]}

    monkeypatch.setattr(plugins, "run_meltano", migration.run_meltano)
    Repair(tmp_path, migration.url, overwrite=False).run()

    assert len(shop.orders()) == 12
    assert migration.verify().unexplained == ()


def test_orders_that_were_not_carried_are_left_out(staged, migration):
    migration.settings = {"orders": "none"}
    migration.load()

    certificate = migration.verify()

    assert rows(certificate, "orders") == [("left out", "orders: none", 12)]
    assert certificate.clean


def test_created_orders_cannot_be_verified_without_the_right_to_read_old_ones(staged, url, tmp_path):
    with local_shop("--scopes", "read_customers,write_customers,read_orders,write_orders,read_products") as shop:
        migration = Migration(url, shop, tmp_path / "reports")
        with pytest.raises(ShopRefused, match="lacks the scope read_all_orders"):
            migration.verify(orders="create")


def test_while_somebody_writes_to_the_shop_nothing_is_verified(loaded, url, monkeypatch):
    monkeypatch.setattr(ledger_lock, "PATIENCE_SECONDS", 0.2)
    with psycopg.connect(url) as connection:
        connection.execute("select pg_advisory_lock(hashtext(%s))", (LOCK,))
        with pytest.raises(OperatorError, match="Another run writes into the shop"):
            loaded.verify()


def test_in_the_middle_of_a_rollback_nothing_is_verified(loaded, query):
    """What is undone already would seem to be lost, and the next step would be a repair."""
    query("insert into migration.rollbacks (shop, began_at) values ('demo.myshopify.com', now())")
    with pytest.raises(OperatorError, match=r"finish it first: migration rollback --confirm demo"):
        loaded.verify()


def test_another_shops_ledger_is_not_verified(loaded, query):
    query("update migration.ledger set shop = 'other.myshopify.com'")
    with pytest.raises(OperatorError, match="tells of the shop other"):
        loaded.verify()


def test_without_staged_customers_it_says_what_to_run(migration):
    with pytest.raises(StagingError, match="meltano run collect"):
        migration.verify()


def test_before_phase_2_everything_is_pending(staged, migration):
    certificate = migration.verify()

    assert rows(certificate) == [("pending", "not sent yet", 6)]
    assert rows(certificate, "orders") == [("pending", "not sent yet", 12)]


def test_without_a_verification_there_is_nothing_to_repair(staged, migration, tmp_path):
    with pytest.raises(OperatorError, match="migration verify"):
        Repair(tmp_path, migration.url, overwrite=False).run()


def test_a_killed_verification_leaves_the_earlier_one_and_the_next_clears_up(loaded, query, shop):
    loaded.verify()
    plant(shop, "tag")
    query("create table migration.readback (left_over int); create table migration.verdicts_next (left_over int)")
    shop.control("PUT", "faults", json={"bulk_stays_created": 3600})
    code = "import sys; from verifying import *; Migration(sys.argv[1], Shop(sys.argv[2]), Path(sys.argv[3])).verify()"
    program = subprocess.Popen(
        [sys.executable, "-c", code, loaded.url, shop.url.rpartition(":")[2], loaded.reports],
        cwd=__file__.rpartition("/")[0],
    )
    deadline = time.monotonic() + 30
    while not list(loaded.reports.glob(".verify-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    program.kill()
    program.wait()
    shop.control("DELETE", "faults")
    assert query("select count(*) from migration.verifications") == [(1,)]
    assert named(query) == {}

    loaded.verify()

    assert named(query) == {2: [PLANTED["tag"]]}
    assert list(loaded.reports.glob(".verify-*")) == []


# The certificate


@pytest.fixture
def hostile(loaded, shop, url):
    """A verification in which everything that people can write is written to hurt."""
    shop.add(email="f@example.com", tags=["cj-id-99", "cj-<script>alert(1)</script>"])
    shop.does("tagsAdd", id=shop.customer(2)["id"], tags=["cj-status-<script>alert(2)</script>"])
    with psycopg.connect(url) as connection:
        decisions.accept(connection, "different", "all", 0, '<script>alert("3")</script>')
        connection.execute(
            "update migration.ledger set status = 'refused', reason = '<img src=x onerror=alert(4)>'"
            " where document_key = '3'"
        )
    return loaded.verify(samples=50)


def test_both_files_are_for_their_owner_only(hostile, tmp_path):
    path = hostile.write(tmp_path / "out")

    for name in (certificates.HTML, certificates.JSON):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600


def test_the_page_needs_nothing_else_and_runs_nothing(hostile, tmp_path):
    text = hostile.write(tmp_path).read_text()

    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(&quot;3&quot;)&lt;/script&gt;" in text
    assert "&lt;img src=x onerror=alert(4)&gt;" in text
    assert not re.search(r"\b(?:src|srcset)\s*=|@import|url\(", text.replace("img src=x", ""))
    assert set(re.findall(r'href="(https?://[^/"]+)', text)) == {"https://admin.shopify.com"}
    assert re.findall(r'href="([^"]+)"', text)[0].startswith("https://admin.shopify.com/store/demo/customers/")


def test_neither_file_holds_a_name_an_e_mail_a_street_or_a_secret(hostile, tmp_path):
    path = hostile.write(tmp_path)

    for name in (certificates.HTML, certificates.JSON):
        text = (path.parent / name).read_text()
        assert MARKER not in text
        assert "@example.com" not in text
        assert "Example Street" not in text
        assert TOKEN not in text
        assert "alert(1)" not in text
        assert "alert(2)" not in text


def test_both_files_tell_the_same(hostile, tmp_path):
    path = hostile.write(tmp_path)
    told = json.loads((path.parent / certificates.JSON).read_text())
    page = path.read_text()

    assert told["clean"] is False
    assert told["counts"]["customers"]["staged"] == 6
    assert {one["stream"] for one in told["rows"]} == set(STREAMS)
    assert told["verification"] == 1
    for text in (*told["hashes"].values(), *told["versions"].values(), told["run_id"]):
        assert text in page
    assert "Not clean" in page


def test_hashes_are_the_same_for_the_same_and_others_for_others(loaded, shop):
    first, second = loaded.verify().hashes, loaded.verify().hashes
    assert first == second
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in first.values())

    plant(shop, "name")

    third = loaded.verify().hashes
    assert {name for name in first if first[name] != third[name]} == {"read back"}


def test_errors_hold_no_record(loaded, query):
    query("alter table migration.ledger drop column origin")
    with pytest.raises(psycopg.Error) as failed:
        loaded.verify()
    assert MARKER not in sentence(failed.value)
