"""One customer: how it is found, what is shown of it, and what differs from a local shop."""

from __future__ import annotations

import psycopg
import pytest
from cratejoy_migration import plugins
from cratejoy_migration.console import place, search_indexes
from cratejoy_migration.console.access import gate
from cratejoy_migration.console.pages import customer as page_of_customer
from cratejoy_migration.console.parts import one_customer
from cratejoy_migration.console.search_indexes import Background
from cratejoy_migration.console.views import customer as view
from cratejoy_migration.console.views import search, side_by_side
from cratejoy_migration.console.views import shop as live_shop
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.purge import running
from cratejoy_migration.verify.differences import Compared, Difference
from streamlit.testing.v1 import AppTest
from target_shopify.mapping.options import MappingOptions
from target_shopify.target import TargetShopify

from .verifying import Migration, customer, local_shop, order, subscription

COLUMNS = (
    "id bigint primary key, name text, first_name text, last_name text, email text, num_orders bigint,"
    " num_subscriptions bigint, addresses jsonb, _extra jsonb"
)
PEOPLE = (
    {"id": 7001, "name": "Ada Marsh", "first_name": "Ada", "last_name": "Marsh", "email": "Ada.Marsh@Shop.example"},
    {"id": 7002, "name": "Ada van Dyke", "first_name": "Ada", "last_name": "van Dyke", "email": "dyke@shop.example"},
    {"id": 7003, "name": "Marshall 100%_Sure", "email": " ada.marsh@SHOP.example"},
    {"id": 7004, "first_name": "Eve", "email": None},
)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def people(stage):
    stage("customers", *PEOPLE, columns=COLUMNS)
    stage("orders", {"id": 9001, "customer_id": 7002}, {"id": 9002, "customer": {"id": 7004}}, {"id": 9003})
    stage("subscriptions", {"id": 8001, "customer_id": 7001})


class CountingQueries:
    """Counts what a connection is asked while it is open."""

    def __init__(self, connection):
        self.count = 0
        self._connection, self._execute = connection, connection.execute

    def __enter__(self):
        self._connection.execute = self._counted
        return self

    def __exit__(self, *_):
        self._connection.execute = self._execute

    def _counted(self, *arguments, **options):
        self.count += 1
        return self._execute(*arguments, **options)


# Search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7002", [7002]),
        ("  7002 ", [7002]),
        ("9001", [7002]),
        ("9002", [7004]),
        ("9003", []),
        ("8001", [7001]),
        ("70", []),
        ("99999999999999999999999", []),
        ("ada.marsh@shop.example", [7001, 7003]),
        ("ADA.MARSH@", [7001, 7003]),
        ("ada.marsh@shop.exampl_", []),
        ("ada", [7001, 7002]),
        ("MARSH", [7001, 7003]),
        ("ada marsh", [7001]),
        ("marsh ada", [7001]),
        ("Marsh, Ada", [7001]),
        ("van dyke", [7002]),
        ("ada van", [7002]),
        ("marshall 100%_", [7003]),
        ("marshall 100_", []),
        ("%", []),
        ("eve", [7004]),
        ("dyke", []),
        ("   ", []),
    ],
)
def test_customers_are_found_by_how_id_email_or_name_begins(people, connection, text, expected):
    assert [one.id for one in search.search(connection, view.staged(connection), text)] == expected


def test_a_customer_that_was_found_is_told_with_its_line_of_the_ledger(people, ledger, connection):
    ledger((7001, "created", "a"))
    [found] = search.search(connection, view.staged(connection), "7001")
    assert (found.name, found.email, found.status) == ("Ada Marsh", "Ada.Marsh@Shop.example", "created")
    [other] = search.search(connection, view.staged(connection), "eve")
    assert search.search(connection, view.staged(connection), "\0eve\0") == [other]
    assert (other.name, other.email, other.status) == ("Eve", "", None)


def test_a_search_tells_that_there_are_more(stage, connection):
    stage("customers", *({"id": number, "first_name": "Ada"} for number in range(60)), columns=COLUMNS)
    assert len(search.search(connection, view.staged(connection), "ada")) == search.MOST + 1


def test_a_search_of_thousands_of_words_is_one_of_its_first_ones(stage, connection):
    stage("customers", {"id": 1, "first_name": "Ana Bo Cy Di Ed Flo Gus", "last_name": "Hill"}, columns=COLUMNS)
    there = view.staged(connection)
    with CountingQueries(connection) as queries:
        assert search.search(connection, there, "a " * 5000) == []
        assert search.search(connection, there, "@" + "a" * 5_000_000) == []
    assert queries.count < 30
    for text in ("Ana Bo Cy Di Ed Flo Gus Hill", "Hill, Ana Bo Cy Di Ed Flo Gus"):
        assert [one.id for one in search.search(connection, there, text)] == [1]


def test_customers_without_any_name_or_email_column_are_found_by_id(stage, connection):
    stage("customers", {"id": 1}, columns="id bigint primary key")
    there = view.staged(connection)
    assert [[one.id for one in search.search(connection, there, text)] for text in ("1", "ada", "a@b.example")] == [
        [1], [], []]  # fmt: skip


# Indexes


def names(connection):
    query = "select indexrelid::regclass::text from pg_index where indexrelid::regclass::text like '%console_%'"
    return sorted(row[0].removeprefix("cratejoy.") for row in connection.execute(query))


ALL = [
    "console_customers_email", "console_customers_first_name", "console_customers_last_name", "console_customers_name",
    "console_orders_customer", "console_subscriptions_customer",
]  # fmt: skip


def test_the_indexes_are_made_once(people, connection):
    there = view.staged(connection)
    assert len(search_indexes.missing(connection, there)) == 6
    assert search_indexes.make(connection, there)
    assert (names(connection), search_indexes.missing(connection, there)) == (ALL, [])
    assert search_indexes.make(connection, there)


def test_a_search_goes_by_the_indexes(people, connection):
    there = view.staged(connection)
    search_indexes.make(connection, there)
    connection.execute("set enable_seqscan = off")
    asked = {
        f"{search.email_key(there)} like 'ada.marsh@%'": "console_customers_email",
        "lower(last_name) like 'marsh%'": "console_customers_last_name",
    }
    for condition, index in asked.items():
        plan = connection.execute(f"explain select id from cratejoy.customers where {condition}").fetchall()
        assert index in str(plan)


def test_an_index_whose_making_was_killed_is_made_again(people, connection, url):
    there = view.staged(connection)
    search_indexes.make(connection, there)
    connection.execute(
        "update pg_index set indisvalid = false where indexrelid = 'cratejoy.console_orders_customer'::regclass"
    )
    assert [index.name for index in search_indexes.missing(connection, there)] == ["console_orders_customer"]
    search_indexes.make(connection, there)
    assert (names(connection), search_indexes.missing(connection, there)) == (ALL, [])


def test_a_collection_goes_on_while_indexes_are_made(people, url, eventually):
    with psycopg.connect(url) as collecting, psycopg.connect(url, autocommit=True) as connection:
        collecting.execute("insert into cratejoy.customers (id) values (8000)")
        background = Background(lambda: psycopg.connect(url, autocommit=True))
        background.begin(view.staged(connection))
        waits = "select count(*) from pg_stat_activity where state = 'active' and query like 'create index concurr%'"
        eventually(lambda: connection.execute(waits).fetchone() == (1,))
        collecting.execute("set lock_timeout = '2s'")
        collecting.execute("insert into cratejoy.customers (id) values (8001)")
        collecting.commit()
        eventually(lambda: search_indexes.missing(connection, view.staged(connection)) == [])
        background.wait(10, lambda: False)


def test_only_one_makes_the_indexes(people, connection, url):
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext(%s))", (search_indexes.LOCK,))
        assert not search_indexes.make(connection, view.staged(connection))
    assert names(connection) == []


def test_a_purge_waits_for_the_end_of_their_making(people, connection, url, monkeypatch):
    monkeypatch.setattr(running, "_PATIENCE_SECONDS", 0.1)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext(%s))", (search_indexes.LOCK,))
        with pytest.raises(OperatorError, match="The preparation of the console's search is going on"):
            running.keep_others_out(connection)


def test_a_large_table_without_its_index_is_slow(people, connection, monkeypatch):
    there = view.staged(connection)
    connection.execute("analyze")
    assert search_indexes.slow(connection, there) == frozenset()
    monkeypatch.setattr(search_indexes, "_SMALL_PAGES", 0)
    assert search_indexes.slow(connection, there) == {"customers", "orders", "subscriptions"}
    search_indexes.make(connection, there)
    assert search_indexes.slow(connection, there) == frozenset()


# One of them


def test_a_customer_comes_with_those_who_share_its_email(people, ledger, connection):
    ledger((7001, "created", "a", "phone_invalid"))
    found = view.look(connection, view.staged(connection), 7003)
    assert [one["id"] for one in found.documents] == [7001, 7003]
    assert (found.document["name"], found.line, found.shopify_id) == ("Marshall 100%_Sure", {}, None)
    assert found.ledger[7001]["status"] == "created"
    assert (found.verdict, found.changed) == (None, False)


def test_what_was_verified_before_a_rollback_does_not_hold_after_it(people, ledger, connection):
    ledger((7001, "created", "a"))
    connection.execute(
        "create table migration.verdicts (document_key text, verdict text, reason text, differences jsonb,"
        " explained jsonb, checked_at timestamptz);"
        " insert into migration.verdicts values ('7001', 'loaded', null, '[]', '[]', '2026-07-01 12:00Z');"
        " create table migration.rollbacks (id int, began_at timestamptz);"
        " insert into migration.rollbacks values (1, null), (2, '2026-06-30 12:00Z')"
    )
    there = view.staged(connection)
    assert view.look(connection, there, 7001).verdict.verdict == "loaded"
    connection.execute("insert into migration.rollbacks values (3, '2026-07-02 12:00Z')")
    assert view.look(connection, there, 7001).verdict is None


def test_a_customer_that_has_changed_since_it_was_sent_says_so(people, ledger, connection):
    there = view.staged(connection)
    mark = view.look(connection, there, 7001).document["document_hash"]
    ledger((7001, "created", mark), (7004, "created", "old"))
    assert (view.look(connection, there, 7001).changed, view.look(connection, there, 7004).changed) == (False, True)


def test_a_shopify_id_finds_all_whom_it_unites(people, connection):
    connection.execute(
        "create schema migration; create table migration.ledger (document_key text primary key, status text,"
        " shopify_id text); insert into migration.ledger values ('7001', 'created', 'gid://shopify/Customer/55'),"
        " ('7003', 'merged', 'gid://shopify/Customer/55'), ('7002', 'created', 'gid://shopify/Customer/551')"
    )
    assert [one.id for one in search.search(connection, view.staged(connection), "55")] == [7001, 7003]


def test_a_crowd_of_one_email_is_told_not_shown(people, connection, monkeypatch):
    monkeypatch.setattr(view, "MOST_TOGETHER", 1)
    found = view.look(connection, view.staged(connection), 7003)
    assert ([one["id"] for one in found.documents], found.crowd, found.whole) == ([7003], 2, False)


def test_streams_that_cannot_be_looked_up_yet_are_left_out(people, ledger, connection):
    ledger((7002, "created", "x"))
    found = view.look(connection, view.staged(connection), 7002, frozenset({"orders", "customers"}))
    assert (found.document["orders"], found.left_out, found.changed) == (None, ("orders",), False)


def test_a_customer_that_is_not_staged_is_none(people, connection):
    assert view.look(connection, view.staged(connection), 1) is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, []),
        ("name_cut, note_cut", ["A name was cut at 255 characters.", "The note was cut at 5,000 characters."]),
        ("refused by Shopify: a sentence, with a comma", ["refused by Shopify: a sentence, with a comma"]),
    ],
)
def test_the_ledgers_reason_is_told_in_words(reason, expected):
    assert view.reasons(reason) == expected


# Side by side

DOCUMENT = {
    "id": 7001, "email": "Ada@Shop.example", "first_name": "Ada", "last_name": "Marsh", "num_orders": 1,
    "total_revenue": 4499, "note": None, "document_hash": "x",
    "addresses": [{"street": "1 Way", "city": "Portland", "state": "OR", "country": "US", "zip_code": "97201",
                   "phone_number": "503-555-0100"}],
    "subscriptions": [{"id": 8001, "status": "active", "start_date": "2025-08-15T14:02:11Z"}],
    "orders": [{"id": 9001, "placed_at": "2026-02-15T06:01:44Z", "total": 4499}],
}  # fmt: skip


def told(rows):
    return {row.field: (row.cratejoy, row.sent, row.shopify, row.difference) for row in rows}


def test_what_is_sent_stands_beside_what_is_staged():
    made = side_by_side.sent([DOCUMENT], MappingOptions())
    rows = told(side_by_side.rows([DOCUMENT], made))
    assert (
        rows["E-mail"] == ("Ada@Shop.example", "Ada@shop.example", None, "") or rows["E-mail"][0] == "Ada@Shop.example"
    )
    assert rows["Phone"] == ("503-555-0100", "+15035550100", None, "")
    assert rows["Address 1"][0] == "1 Way, Portland, OR, 97201, US, 503-555-0100"
    assert rows["Subscriptions"] == ("1 subscription", "1 subscription, the newest of 2025-08-15", None, "")
    assert rows["Orders"] == ("1 order", "1 order, the newest of 2026-02-15", None, "")
    assert rows["Lifetime value"] == ("4499 cents", "44.99 USD", None, "")
    assert "Note" not in rows


def test_a_customer_that_is_refused_has_its_reason():
    made = side_by_side.sent([{"id": 7001, "addresses": []}], MappingOptions())
    assert made.customer is None
    assert made.refusal == "The record has no usable e-mail, name or phone number; Shopify needs one of them."


def test_differences_stand_at_their_rows_and_none_is_lost():
    made = side_by_side.sent([DOCUMENT], MappingOptions())
    differences = (
        Difference("email", "changed_in_shop"),
        Difference("address", "missing", "1"),
        Difference("tag", "removed_in_shop", "cj-migrated"),
        Difference("metafield", "wrong", "order_history"),
        Difference("customer", "doubled", "77"),
    )
    rows = side_by_side.rows([DOCUMENT], made, compared=Compared(differences), asked=True)
    assert {row.field: row.difference for row in rows if row.difference} == {
        "E-mail": "changed in the shop",
        "Address 1": "never arrived",
        "Tags": "cj-migrated removed in the shop",
        "Orders": "not as it should be",
        "Customer 77": "in the shop more than once",
    }
    assert {row.shopify for row in rows[:-1]} == {""}


# Against a local shop


@pytest.fixture(scope="module")
def server():
    with local_shop() as shop:
        yield shop


@pytest.fixture
def migration(url, server, tmp_path, stage):
    server.control("POST", "reset")
    stage("customers", customer(1), customer(2), customer(3, email="C2@example.com"))
    stage("subscriptions", subscription(1))
    stage("orders", order(1), order(2))
    found = Migration(url, server, tmp_path / "reports")
    found.load()
    return found


@pytest.fixture
def configured(migration, monkeypatch):
    """Let the target's settings be those of the migration, as Meltano would tell them."""

    def settings(_project, **changes):
        return TargetShopify(config=migration.config(**changes)).settings

    monkeypatch.setattr(plugins, "target_settings", settings)
    return migration


def compared(configured, connection, tmp_path, number):
    found = view.look(connection, view.staged(connection), number)
    chosen = live_shop.settings(tmp_path)
    live = live_shop.read(chosen, number, found.shopify_id)
    made = side_by_side.sent(found.documents, live.rules.options)
    told_of = live_shop.compared(live, made.members, found.line.get("origin"), sent=found.shopify_id is not None)
    return told_of, side_by_side.rows(found.documents, made, live.found, told_of, asked=True)


def test_a_customer_that_is_as_it_should_be_differs_in_nothing(configured, connection, tmp_path):
    for number in (1, 2, 3):
        found, rows = compared(configured, connection, tmp_path, number)
        assert (found.differences, [row.field for row in rows if row.difference]) == ((), [])
        assert {row.field for row in rows if row.sent and not row.shopify} == set()


def test_what_somebody_changed_in_the_shop_is_marked(configured, connection, tmp_path):
    there = configured.shop.customer(1)
    configured.shop.does("tagsRemove", id=there["id"], tags=["cj-migrated"])
    configured.shop.does("customerUpdate", input={"id": there["id"], "firstName": "Somebody"})
    address = there["addresses"][1]["id"]
    configured.shop.does("addressDelete", id=there["id"], address=address)
    _, rows = compared(configured, connection, tmp_path, 1)
    assert {row.field: (row.shopify, row.difference) for row in rows if row.difference} == {
        "First name": ("Somebody", "changed in the shop"),
        "Address 2": ("", "removed in the shop"),
        "Tags": ("cj-id-1, cj-status-active, cj-subscriber", "cj-migrated removed in the shop"),
    }


def test_a_customer_whom_somebody_deleted_is_not_there(configured, connection, tmp_path):
    configured.shop.does("customerDelete", input={"id": configured.shop.customer(1)["id"]})
    found, rows = compared(configured, connection, tmp_path, 1)
    assert found.differences == (Difference("customer", "removed_in_shop"),)
    assert {row.shopify for row in rows[:-1]} == {""}


def test_a_shop_that_cannot_be_reached_is_told_in_a_sentence(configured, connection, tmp_path):
    configured.settings = {"api_url": "http://127.0.0.1:9"}
    answer = live_shop.read(live_shop.settings(tmp_path), 1, "gid://shopify/Customer/1")
    assert answer.startswith("Shopify could not be reached")
    assert "same command" not in answer  # here nothing is written that could go on


# The page


@pytest.fixture
def show(url, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "project", lambda: tmp_path)
    monkeypatch.setattr(place, "url", lambda: url)
    monkeypatch.setattr(gate, "who", lambda: "Ana")
    one_customer._settings.clear()
    page_of_customer._background.clear()

    def script():
        from cratejoy_migration.console.pages import customer

        customer.page()

    yield lambda: AppTest.from_function(script, default_timeout=30).run()
    page_of_customer._background().wait(10, lambda: False)


def said(page):
    assert not page.exception, page.exception[0].stack_trace
    kinds = ("subheader", "markdown", "caption", "success", "warning", "error", "info")
    return [element.value for kind in kinds for element in getattr(page, kind)]


def click(page, label):
    [button] = [one for one in page.button if one.label == label]
    return button.click().run()


def test_the_page_without_customers_says_so(show):
    assert any("No customers are staged yet" in text for text in said(show()))


def test_the_page_finds_hides_reads_and_sends_again(show, configured, monkeypatch):
    plans = []
    monkeypatch.setattr(one_customer, "start", plans.append)
    configured.shop.does("tagsRemove", id=configured.shop.customer(1)["id"], tags=["cj-migrated"])
    page = show()
    page.text_input[0].input("c1@example.com").run()
    assert ":gray[Ledger] **created**" in said(page)
    rows = page.dataframe[0].value.set_index("What")
    assert rows.loc["E-mail", "Cratejoy"] == "c•••@•••.com"
    assert rows.loc["Address 1", "Cratejoy"] == "•••"
    click(page, "Read from Shopify")
    assert "1 thing differs in the shop.\n\n- Tags: cj-migrated removed in the shop" in said(page)
    assert "cj-migrated" not in page.dataframe[0].value.set_index("What").loc["Tags", "Shopify"]
    page.toggle[0].set_value(True).run()
    assert page.dataframe[0].value.set_index("What").loc["E-mail", "Shopify"] == "c1@example.com"
    click(page, "Send again")
    assert [step.words for plan in plans for step in plan.steps] == [("migration", "retry", "1")]


def test_the_page_shows_what_is_staged_when_the_shop_is_away(show, configured):
    configured.settings = {"api_url": "http://127.0.0.1:9"}
    page = show()
    page.text_input[0].input("1").run()
    click(page, "Read from Shopify")
    assert any(text.startswith("The shop could not be read. Shopify could not be reached") for text in said(page))
    assert page.dataframe[0].value.set_index("What").loc["Tags", "Sent"].startswith("cj-migrated")


def test_the_page_lists_whom_it_found_when_there_are_several(show, people):
    page = show()
    page.text_input[0].input("ada").run()
    assert "Choose one by its row." in said(page)
    assert list(page.dataframe[0].value["Name"]) == ["A••• M•••", "A••• v••• D•••"]


def test_the_page_says_when_nobody_was_found(show, people):
    page = show()
    page.text_input[0].input("nobody").run()
    assert any(text.startswith("Nobody is staged by this") for text in said(page))


def test_a_collection_loads_into_tables_with_the_indexes(load, singer, connection):
    status, _, said = load(singer.schema(), singer.record(id=1, email="ada@example.com"))
    assert status == 0, said
    search_indexes.make(connection, view.staged(connection))
    wider = {"type": "object", "properties": {
        "id": {"type": "integer"}, "email": {"type": ["string", "null"]}, "fresh": {"type": ["string", "null"]},
    }}  # fmt: skip
    status, _, said = load(singer.schema(schema=wider), singer.record(id=1, email="eve@example.com", fresh="x"))
    assert status == 0, said
    [found] = search.search(connection, view.staged(connection), "eve@example.com")
    assert (found.id, search_indexes.missing(connection, view.staged(connection))) == (1, [])
