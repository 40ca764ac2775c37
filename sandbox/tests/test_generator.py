"""Generated stores: the same from the same seed, and true in themselves."""

import json
import sqlite3
from collections import Counter
from datetime import date

import pytest
from cratejoy_sandbox.generator.build import Recipe, ensure_store
from cratejoy_sandbox.generator.clock import moment, months_between, months_later, start_of

TODAY = date(2026, 11, 1)
NOW = "2026-11-01T12:00:00Z"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = ensure_store(Recipe(1500, 11, TODAY), tmp_path_factory.mktemp("store"))
    with sqlite3.connect(path) as connection:
        yield connection


def values(store, query):
    return [row[0] for row in store.execute(query)]


def count(store, query):
    return store.execute(query).fetchone()[0]


def test_the_same_recipe_gives_the_same_bytes(tmp_path):
    first = ensure_store(Recipe(60, 3, TODAY), tmp_path / "a").read_bytes()
    assert ensure_store(Recipe(60, 3, TODAY), tmp_path / "b").read_bytes() == first
    assert ensure_store(Recipe(60, 4, TODAY), tmp_path / "a").read_bytes() != first


def test_a_store_that_is_there_is_not_built_again(tmp_path):
    path = ensure_store(Recipe(20, 3, TODAY), tmp_path)
    built = path.stat().st_mtime_ns
    assert ensure_store(Recipe(20, 3, TODAY), tmp_path).stat().st_mtime_ns == built


def test_leftovers_of_killed_builds_are_removed(tmp_path):
    leftover = tmp_path / "cratejoy-5-1-2026-11-01-v1.sqlite.999999999.building"
    leftover.write_bytes(b"half")
    ensure_store(Recipe(20, 3, TODAY), tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".sqlite"]


def test_ids_come_from_one_counter_and_grow_with_time(store):
    tables = (
        "customers",
        "addresses",
        "subscriptions",
        "orders",
        "cart_products",
        "transactions",
        "shipments",
        "carts",
    )
    ids = [number for table in tables for number in values(store, f"SELECT id FROM {table}")]
    assert len(ids) == len(set(ids))
    assert min(ids) > 7_100_000_000
    years = values(store, "SELECT substr(placed_at, 1, 4) FROM orders ORDER BY id")
    assert years == sorted(years)


def test_figures_of_customers_agree_with_their_rows(store):
    rows = store.execute("""
        SELECT c.id, c.num_orders, c.num_subscriptions, c.total_revenue,
            (SELECT COUNT(*) FROM orders o WHERE o.customer_id = c.id),
            (SELECT COUNT(*) FROM subscriptions s WHERE s.customer_id = c.id),
            (SELECT COALESCE(SUM(total - refunded_amount), 0) FROM orders o
             WHERE o.customer_id = c.id AND o.financial_status <> 'unpaid')
        FROM customers c""").fetchall()
    assert len(rows) == 1500
    assert [row[1:4] for row in rows] == [row[4:7] for row in rows]


def test_the_roll_up_label_agrees_with_the_subscriptions(store):
    for number, label in store.execute("SELECT id, subscription_status FROM customers"):
        statuses = set(values(store, f"SELECT status FROM subscriptions WHERE customer_id = {number}"))
        expected = "mixed" if len(statuses) > 1 else next(iter(statuses), "none")
        assert label.lower().replace(" ", "_") == expected


def test_money_of_orders_adds_up(store):
    assert not values(store, "SELECT id FROM orders WHERE total <> total_price")
    assert not values(
        store,
        """SELECT o.id FROM orders o JOIN (
            SELECT order_id, SUM(price) AS p, SUM(discount) AS d, SUM(shipping) AS s, SUM(tax) AS t
            FROM cart_products GROUP BY order_id
        ) l ON l.order_id = o.id
        WHERE o.sub_total <> p OR o.total <> p - d + s + t OR o.total_shipping <> s OR o.total_tax <> t""",
    )


def test_refunds_are_transactions_of_their_own(store):
    refunded = dict(store.execute("SELECT order_id, SUM(total) FROM transactions WHERE result = 'refunded' GROUP BY 1"))
    assert refunded == dict(store.execute("SELECT id, refunded_amount FROM orders WHERE refunded_amount > 0"))
    assert {"refunded", "partially_refunded"} <= set(values(store, "SELECT DISTINCT financial_status FROM orders"))


def test_every_paid_order_was_captured_and_no_unpaid_one(store):
    captured = set(values(store, "SELECT order_id FROM transactions WHERE result = 'captured'"))
    assert captured == set(values(store, "SELECT id FROM orders WHERE financial_status <> 'unpaid'"))
    assert count(store, "SELECT COUNT(*) FROM transactions WHERE result = 'failed'") > 5


def test_boxes_of_a_prepaid_term_share_created_at(store):
    boxes = Counter(
        store.execute("""SELECT f.order_id, f.subscription_id, s.created_at, f.total_cycles
            FROM fulfillments f JOIN shipments s ON s.id = f.shipment_id WHERE f.total_cycles > 1""").fetchall()
    )
    assert boxes
    assert all(number == total for (_, _, _, total), number in boxes.items())


def test_unshipped_boxes_lie_ahead_and_shipped_ones_behind(store):
    assert count(store, f"SELECT COUNT(*) FROM shipments WHERE adjusted_ordered_at > '{NOW}'") > 10
    assert not values(store, f"SELECT id FROM shipments WHERE shipped_at > '{NOW}'")
    assert not values(store, "SELECT id FROM shipments WHERE (status = 'shipped') <> (shipped_at IS NOT NULL)")


def test_renewals_follow_a_first_order(store):
    assert count(store, "SELECT COUNT(*) FROM orders WHERE is_renewal") > 1000
    assert not values(
        store,
        """SELECT l.subscription_id FROM cart_products l JOIN orders o ON o.id = l.order_id
        WHERE l.subscription_id IS NOT NULL GROUP BY 1 HAVING SUM(NOT o.is_renewal) <> 1""",
    )


def test_nothing_was_ordered_in_the_future(store):
    assert not values(store, f"SELECT id FROM orders WHERE placed_at > '{NOW}'")
    assert not values(store, f"SELECT id FROM transactions WHERE created_at > '{NOW[:10]}T13'")


def test_subscription_states_fit_their_dates(store):
    assert not values(store, f"SELECT id FROM subscriptions WHERE status = 'expired' AND end_date > '{NOW}'")
    assert not values(store, f"SELECT id FROM subscriptions WHERE status = 'active' AND end_date <= '{NOW}'")
    assert {"active", "cancelled", "expired", "past_due"} == set(
        values(store, "SELECT DISTINCT status FROM subscriptions")
    )
    assert values(store, f"SELECT id FROM subscriptions WHERE status = 'cancelled' AND end_date > '{NOW}'")
    assert values(store, "SELECT id FROM subscriptions WHERE skipped_date IS NOT NULL")


def test_people_come_back_with_another_subscription(store):
    assert count(store, "SELECT COUNT(*) FROM customers WHERE num_subscriptions > 1") > 100


def test_gifts_go_to_another_person_at_another_address(store):
    gifts = store.execute("""SELECT c.name, a."to", g.gift_recipient_name, g.gift_message FROM subscriptions s
        JOIN subscription_gift_infos g ON g.subscription_id = s.id
        JOIN addresses a ON a.id = s.address_id JOIN customers c ON c.id = s.customer_id""").fetchall()
    assert len(gifts) > 50
    assert all(to == recipient and message for _, to, recipient, message in gifts)
    assert sum(name != to for name, to, _, _ in gifts) > len(gifts) * 0.9
    info = json.loads(values(store, "SELECT order_gift_info FROM orders WHERE is_gift LIMIT 1")[0])
    assert set(info) == {"gift_message", "gift_recipient_email", "gift_recipient_name"}


def test_some_buyers_give_to_several_people_at_once(store):
    several = "SELECT order_id FROM cart_products WHERE subscription_id IS NOT NULL GROUP BY 1 HAVING COUNT(*) > 1"
    assert values(store, several)


def test_some_customers_never_bought_and_some_only_once(store):
    assert count(store, "SELECT COUNT(*) FROM customers WHERE num_orders = 0") > 50
    subscribed = "SELECT order_id FROM cart_products WHERE subscription_id IS NOT NULL"
    assert count(store, f"SELECT COUNT(*) FROM orders WHERE id NOT IN ({subscribed})") > 200


def test_addresses_are_none_one_or_several(store):
    numbers = Counter(
        values(store, "SELECT (SELECT COUNT(*) FROM addresses a WHERE a.customer_id = c.id) FROM customers c")
    )
    assert min(numbers[number] for number in (0, 1, 2, 3)) > 5


def test_some_emails_differ_only_in_case(store):
    assert values(store, "SELECT lower(email) FROM customers WHERE email <> '' GROUP BY 1 HAVING COUNT(*) > 1")


def test_all_addresses_and_phones_are_fictional(store):
    for email in values(store, "SELECT email FROM customers WHERE email LIKE '%@%'"):
        assert email.strip().lower().rpartition("@")[2] in {"example.com", "example.org", "example.net"}
    for phone in values(store, "SELECT phone_number FROM addresses WHERE country = 'US' AND phone_number <> ''"):
        assert phone.startswith("555-01")


def test_names_come_in_many_scripts(store):
    names = "".join(values(store, "SELECT name FROM customers"))
    assert all(
        any(low <= letter <= high for letter in names) for low, high in ("Αω", "Ая", "一鿿", "가힣", "את", "ءي", "Àž")
    )
    assert "'" in names
    assert "-" in names


def test_empty_text_and_null_both_occur(store):
    for column in ("note", "gift_message"):
        query = f"SELECT DISTINCT {column} FROM orders WHERE {column} IS NULL OR {column} = ''"
        assert set(values(store, query)) == {None, ""}


def test_test_customers_have_only_test_rows(store):
    testers = values(store, "SELECT DISTINCT customer_id FROM orders WHERE is_test")
    assert testers
    for number in testers:
        assert set(values(store, f"SELECT is_test FROM orders WHERE customer_id = {number}")) == {1}
        assert set(values(store, f"SELECT is_test FROM shipments WHERE customer_id = {number}")) <= {1}


def test_months_are_counted_as_calendars_do():
    january = start_of(date(2026, 1, 31))
    assert moment(months_later(january, 1)) == "2026-02-28T00:00:00Z"
    assert moment(months_later(january, 12, 15)) == "2027-01-15T00:00:00Z"
    assert months_between(start_of(date(2026, 1, 20)), start_of(date(2026, 2, 14)), 15) == 0
    assert months_between(start_of(date(2026, 1, 10)), start_of(date(2026, 2, 15)), 15) == 2


def test_a_bigger_store_is_built_in_seconds_and_its_last_page_is_there(tmp_path):
    path = ensure_store(Recipe(6000, 1, TODAY), tmp_path)
    with sqlite3.connect(path) as connection:
        assert count(connection, "SELECT COUNT(*) FROM customers") == 6000
        assert 4 < count(connection, "SELECT COUNT(*) FROM orders") / 6000 < 6
