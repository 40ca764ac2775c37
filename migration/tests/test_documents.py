"""The customer documents: what is in them, which ones are there, and in what order."""

from __future__ import annotations

import dataclasses
import threading

import psycopg
import pytest
from cratejoy_migration.documents import build as building
from cratejoy_migration.documents import few
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.statements import Scope, Step, steps
from cratejoy_migration.loading.writer_lock import WriterLock
from cratejoy_migration.staging import StagingError

QUIET = Told(step=lambda *_: None, warning=lambda _: None)


@pytest.fixture
def make(url, query):
    """Return a function that builds, and returns the documents in their physical order."""

    def run(**options):
        build(url, QUIET, **options)
        return [row[0] for row in query("select to_jsonb(d) from migration.customer_documents d")]

    return run


# Content


def test_a_document_is_the_customer_with_its_records_newest_first(stage, make):
    stage("customers", {"id": 1, "email": "Ada@example.com", "first_name": "Ada", "num_orders": 2})
    stage(
        "orders",
        {"id": 10, "customer_id": 1, "placed_at": "2026-01-01T00:00:00Z"},
        {"id": 11, "customer_id": 1, "placed_at": "2026-03-01T00:00:00Z"},
        {"id": 12, "customer_id": 1, "placed_at": "2026-03-01T00:00:00Z"},
        {"id": 13, "customer_id": 1},
    )
    stage(
        "subscriptions",
        {"id": 20, "customer_id": 1, "start_date": "2025-01-01T00:00:00Z", "status": "expired"},
        {"id": 21, "customer_id": 1, "start_date": "2026-01-01T00:00:00Z", "status": "active"},
    )
    (document,) = make()
    assert (document["first_name"], document["num_orders"]) == ("Ada", 2)
    assert [order["id"] for order in document["orders"]] == [12, 11, 10, 13]
    assert document["subscriptions"] == [
        {"id": 21, "status": "active", "start_date": "2026-01-01T00:00:00+00:00"},
        {"id": 20, "status": "expired", "start_date": "2025-01-01T00:00:00+00:00"},
    ]


def test_a_stream_without_rows_of_the_customer_is_an_empty_array_and_one_never_staged_is_null(stage, make):
    stage("customers", {"id": 1})
    stage("orders", {"id": 10, "customer_id": 2})
    (document,) = make()
    assert document["orders"] == []
    assert document["subscriptions"] is None
    assert document["addresses"] is None


def test_a_row_without_customer_id_belongs_to_the_customer_embedded_in_it(stage, make):
    stage("customers", {"id": 1}, {"id": 2})
    stage("orders", {"id": 10, "customer": {"id": 1}}, {"id": 11, "customer_id": 2, "customer": {"id": 1}})
    assert [[order["id"] for order in document["orders"]] for document in make()] == [[10], [11]]


def test_only_what_histories_and_orders_are_made_of_is_kept_of_nested_records(stage, make):
    stage("customers", {"id": 1})
    instance = {"id": 3, "sku": "TEA", "images": [1], "product": {"id": 4, "name": "Tea", "description": "<b>"}}
    stage(
        "orders",
        {
            "id": 10,
            "customer_id": 1,
            "total": 4499,
            "note": None,
            "url": "/v1/orders/10/",
            "customer": {"id": 1, "email": "ada@example.com"},
            "products": [{"id": 5, "price": 3999, "type": "cart_product", "instance": instance}, {"id": 6}],
        },
        {"id": 9, "customer_id": 1, "products": [{"id": 7, "instance": "/v1/product_instances/3/"}]},
    )
    assert make()[0]["orders"] == [
        {
            "id": 10,
            "total": 4499,
            "products": [
                {
                    "id": 5,
                    "price": 3999,
                    "instance": {"id": 3, "sku": "TEA", "product": {"id": 4, "name": "Tea"}},
                },
                {"id": 6},
            ],
        },
        {"id": 9, "products": [{"id": 7, "instance": "/v1/product_instances/3/"}]},
    ]


def test_a_value_that_did_not_fit_its_column_comes_back_to_its_key(stage, make):
    stage("customers", {"id": 1})
    stage("orders", {"id": 10, "customer_id": 1, "_extra": {"total": 44.99, "novelty": "x" * 100}})
    assert make()[0]["orders"] == [{"id": 10, "total": 44.99}]


def test_addresses_come_from_the_customer_in_their_order(stage, make):
    stage("customers", {"id": 1, "addresses": [{"id": 5, "street": "b", "icon": "x.png"}, {"id": 4, "street": "a"}]})
    assert make()[0]["addresses"] == [{"id": 5, "street": "b"}, {"id": 4, "street": "a"}]


def test_addresses_come_from_their_own_table_where_it_has_some(stage, make):
    embedded = [{"id": 5, "street": "embedded"}]
    stage("customers", {"id": 1, "addresses": embedded}, {"id": 2, "addresses": embedded}, {"id": 3})
    stage("customer_addresses", {"customer_id": 1, "id": 8, "street": "own", "icon": "x.png"})
    assert [document["addresses"] for document in make()] == [[{"id": 8, "street": "own"}], embedded, []]


def test_text_is_carried_exactly(stage, make):
    text = 'a\tb\nc \\ \\N "é" 🎁 \' {} %s'
    stage("customers", {"id": 1, "first_name": text})
    stage("orders", {"id": 10, "customer_id": 1, "note": text})
    (document,) = make()
    assert document["first_name"] == document["orders"][0]["note"] == text


@pytest.mark.parametrize("staged", ["id bigint", "id bigint, email text", "id bigint, addresses jsonb[]"])
def test_customers_need_nothing_but_an_id(stage, make, staged):
    stage("customers", {"id": 1}, columns=staged)
    stage("orders", {"id": 10}, columns="id bigint, total bigint")
    stage("subscriptions", {"id": 20}, columns="id bigint, customer_id bigint")
    (document,) = make()
    assert (document["id"], document["orders"], document["group_size"]) == (1, [], 1)


# Groups and order


def test_customers_with_one_e_mail_are_a_group_whatever_its_case_and_white_space(stage, make):
    stage(
        "customers",
        {"id": 5, "email": " ADA@example.com\n"},
        {"id": 4, "email": "bea@example.com"},
        {"id": 3, "email": "ada@\u00a0example.com"},
        {"id": 2, "email": " "},
        {"id": 1, "email": None},
    )
    assert [(d["id"], d["email_key"], d["group_first_id"], d["group_size"]) for d in make()] == [
        (1, None, 1, 1),
        (2, None, 2, 1),
        (3, "ada@example.com", 3, 2),
        (5, "ada@example.com", 3, 2),
        (4, "bea@example.com", 4, 1),
    ]


def test_who_shares_an_email_with_somebody_who_has_to_go_goes_along(stage, make, ledger):
    alone = {"id": 3, "email": "c@example.com"}
    stage("customers", {"id": 1, "email": "a@example.com"}, {"id": 2, "email": "a@example.com"}, alone)
    hashes = {document["id"]: document["document_hash"] for document in make()}
    ledger((1, "created", hashes[1]), (3, "created", hashes[3]))
    assert [(d["id"], d["group_first_id"], d["group_size"]) for d in make()] == [(1, 1, 2), (2, 1, 2)]


def test_a_group_that_is_done_stays(stage, make, ledger):
    stage("customers", {"id": 1, "email": "a@example.com"}, {"id": 2, "email": "a@example.com"})
    ledger(*((document["id"], "created", document["document_hash"]) for document in make()))
    assert make() == []


def test_thousands_of_documents_lie_in_order(stage, make):
    stage("customers", *({"id": n * 7919 % 5003 + 1, "email": f"e{n % 2000}@example.com"} for n in range(5000)))
    places = [(document["group_first_id"], document["id"]) for document in make()]
    assert places == sorted(places)
    assert len(places) == 5000


# The hash


def test_the_hash_stays_while_the_content_does(stage, make, query):
    stage("customers", {"id": 1, "email": "a@example.com", "url": "/v1/customers/1/"})
    stage("orders", {"id": 10, "customer_id": 1, "url": "/v1/orders/10/"})
    before = make()[0]["document_hash"]
    assert len(before) == 64
    query("update cratejoy.customers set url = 'x', type = 'y', store_settings = '{}'")
    query("alter table cratejoy.customers add column novelty text")
    assert make()[0]["document_hash"] == before


@pytest.mark.parametrize(
    "change",
    [
        "update cratejoy.customers set email = 'b@example.com'",
        "update cratejoy.orders set total = 5",
        "delete from cratejoy.orders",
        "insert into cratejoy.orders (id, customer_id) values (11, 1)",
        "update cratejoy.customers set addresses = '[]'",
    ],
)
def test_the_hash_changes_with_the_content(stage, make, query, change):
    stage("customers", {"id": 1, "email": "a@example.com"})
    stage("orders", {"id": 10, "customer_id": 1})
    before = make()[0]["document_hash"]
    query(change)
    assert make()[0]["document_hash"] != before


# What still has to go

STATUSES = ("created", "updated", "unchanged", "adopted", "merged", "refused", "unknown")


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, {"new", "unknown"}), ({"refused": True}, {"new", "unknown", "refused"}), ({"everything": True}, None)],
)
def test_documents_are_those_that_still_have_to_go(stage, make, ledger, options, expected):
    names = dict(enumerate(("new", *STATUSES), start=1))
    stage("customers", *({"id": number} for number in names))
    hashes = {document["id"]: document["document_hash"] for document in make()}
    ledger(*((number, name, hashes[number]) for number, name in names.items() if name != "new"))
    assert {names[document["id"]] for document in make(**options)} == (expected or set(names.values()))


@pytest.mark.parametrize("status", STATUSES)
def test_a_changed_document_goes_again_whatever_its_status(stage, make, ledger, status):
    stage("customers", {"id": 1})
    ledger((1, status, "another hash"))
    assert len(make()) == 1


def test_the_summary_counts(stage, ledger, url, make):
    stage("customers", *({"id": n, "email": f"{n % 3}@example.com"} for n in range(1, 5)))
    ledger((1, "created", make()[0]["document_hash"]))
    stage("orders", {"id": 10, "customer_id": 9}, {"id": 11}, {"id": 12, "customer_id": 9})
    stage("subscriptions", {"id": 20, "customer_id": 1})
    summary = dataclasses.asdict(build(url, QUIET))
    assert summary.pop("changes") == {"new": 3, "changed": 1, "unchanged": 0, "unfinished": 0, "gone": 0}
    assert summary == {
        "customers": 4,
        "to_go": 4,
        "done": {},
        "groups": 1,
        "grouped": 2,
        "orphans": [
            {"stream": "orders", "reason": "customer missing", "count": 2, "first_ids": [10, 12]},
            {"stream": "orders", "reason": "no customer named", "count": 1, "first_ids": [11]},
        ],
    }


# Orphans


def test_orphans_are_listed_and_the_list_is_replaced_at_each_build(stage, make, query):
    stage("customers", {"id": 1})
    stage("orders", {"id": 10, "customer_id": 2}, {"id": 11}, {"id": 12, "customer_id": 1})
    stage("customer_addresses", {"customer_id": 2, "id": 30})
    make()
    listed = "select stream, id, customer_id, reason from migration.orphans order by id"
    assert query(listed) == [
        ("orders", 10, 2, "customer missing"),
        ("orders", 11, None, "no customer named"),
        ("customer_addresses", 30, 2, "customer missing"),
    ]
    stage("customers", {"id": 2})
    make()
    assert query(listed) == [("orders", 11, None, "no customer named")]


# The build as a whole


def test_nothing_is_left_behind(stage, make, query):
    stage("customers", {"id": 1})
    stage("orders", {"id": 10, "customer_id": 1})
    for _ in range(2):
        make()
    names = "select relname::text from pg_class where relnamespace = 'migration'::regnamespace and relkind = 'r'"
    assert sorted(query(names)) == [("customer_documents",), ("orphans",)]
    assert query("select proname from pg_proc where pronamespace = 'migration'::regnamespace") == []


def test_a_build_that_fails_leaves_the_previous_documents(stage, make, url, query, monkeypatch):
    stage("customers", {"id": 1})
    make()
    stage("customers", {"id": 2})
    broken = Step("broken", ("select 1 / 0",))
    monkeypatch.setattr(building, "steps", lambda *args, **options: [*steps(*args, **options), broken])
    with pytest.raises(psycopg.errors.DivisionByZero):
        build(url, QUIET)
    assert query("select id from migration.customer_documents") == [(1,)]


def test_one_build_at_a_time(stage, url, monkeypatch):
    monkeypatch.setattr(building, "_LOCK_PATIENCE_SECONDS", 0.3)
    stage("customers", {"id": 1})
    with psycopg.connect(url) as other:
        other.execute("select pg_advisory_xact_lock(%s)", (building._LOCK,))
        with pytest.raises(StagingError, match="another `migration documents` is running"):
            build(url, QUIET)


def test_a_build_waits_for_one_that_was_killed_to_end(stage, url, make):
    stage("customers", {"id": 1})
    with psycopg.connect(url) as killed:
        killed.execute("select pg_advisory_xact_lock(%s)", (building._LOCK,))
        threading.Timer(0.5, killed.rollback).start()
        assert len(make()) == 1


def test_a_build_while_documents_are_read_waits_and_then_says_so(stage, make, url, monkeypatch):
    stage("customers", {"id": 1})
    make()
    monkeypatch.setattr(building, "_SWAP_PATIENCE", "200ms")
    with psycopg.connect(url) as reader:
        reader.execute("select id from migration.customer_documents")
        with pytest.raises(StagingError, match="are being read"):
            build(url, QUIET)


def test_a_build_during_a_collection_warns(stage, url):
    stage("customers", {"id": 1})
    told = []
    with psycopg.connect(url, autocommit=True) as loader:
        WriterLock(loader, "cratejoy").acquire(0, print)
        build(url, Told(step=lambda *_: None, warning=told.append))
    assert len(told) == 1
    assert "a collection is running" in told[0]


@pytest.mark.parametrize(
    "staged", [None, "create schema cratejoy", "create schema cratejoy; create table cratejoy.orders (id bigint)"]
)
def test_without_customers_there_is_one_sentence(url, query, staged):
    if staged:
        query(f"{staged}")
    with pytest.raises(StagingError, match="run first: meltano run collect"):
        build(url, QUIET)


# A few of them


@pytest.fixture
def mixed(stage):
    """Five customers with all that documents are made of; 2 and 4 share an e-mail, 5 has no id in its order."""
    emails = {1: "ada@example.com", 2: "Bo@example.com", 3: None, 4: " bo@EXAMPLE.com", 5: "eve@example.com"}
    stage("customers", *({"id": number, "email": email} for number, email in emails.items()))
    stage("customer_addresses", {"customer_id": 2, "id": 7, "street": "2 Way"})
    stage("subscriptions", {"id": 20, "customer_id": 4, "start_date": "2026-01-01T00:00:00Z", "product": {"id": 1}})
    products = [{"id": 5, "price": 3999}, {"id": 6, "price": 1}]
    stage(
        "orders",
        {"id": 10, "customer_id": 2, "placed_at": "2026-01-01T05:00:00Z", "products": products},
        {"id": 11, "customer": {"id": 2}, "placed_at": "2026-02-01T00:00:00Z"},
        {"id": 12, "customer": {"id": 5}, "_extra": {"total": "x"}},
        {"id": 13, "customer_id": 99},
    )


@pytest.mark.parametrize(("asked", "expected"), [([2], [2, 4]), ([4, 1], [1, 2, 4]), ([3], [3]), ([77], [])])
def test_who_shares_an_email_goes_along(mixed, url, asked, expected):
    with psycopg.connect(url, autocommit=True) as connection:
        assert list(few.mates(connection, staging.read(connection), asked)) == expected


@pytest.mark.parametrize("ids", [[1], [2, 4], [3], [5], [1, 2, 3, 4, 5]])
def test_documents_of_a_few_are_those_of_a_whole_build(mixed, url, make, ids):
    whole = [document for document in make(everything=True) if document["id"] in ids]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set timezone = 'America/Chicago'")
        found = few.documents(connection, staging.read(connection), ids)
        assert few.documents(connection, staging.read(connection), ids) == found
    assert found == whole
    assert [document["id"] for document in found] == [document["id"] for document in whole]


def test_documents_of_a_few_leave_nothing_behind(mixed, url, query):
    with psycopg.connect(url, autocommit=True) as connection:
        few.documents(connection, staging.read(connection), [1])
    assert query("select to_regnamespace('migration')") == [(None,)]
    assert query("select proname from pg_proc where proname like 'kept%'") == []


def test_a_build_of_a_few_takes_those_who_share_their_email_and_leaves_the_orphans(mixed, make, query):
    whole = make(everything=True)
    orphans = query("select id from migration.orphans")
    assert make(scope=Scope(ids=(4,))) == [document for document in whole if document["id"] in (2, 4)]
    assert query("select id from migration.orphans") == orphans == [(13,)]


def test_a_build_of_a_few_of_whom_nobody_is_staged_leaves_the_documents(mixed, make, query):
    make(everything=True)
    with pytest.raises(StagingError, match="none of these customers is staged"):
        make(scope=Scope(ids=(77,)))
    assert query("select count(*) from migration.customer_documents") == [(5,)]
