"""Subscriptions and orders as items of the histories."""

from __future__ import annotations

import pytest
from mapping_samples import address, member, order, order_line, subscription

FULL_SUBSCRIPTION = subscription(
    autorenew=True,
    billing_name="Monthly",
    billing={"rebill_months": 1},
    term={"id": 55000030, "name": "Month to Month", "num_cycles": 1},
    product={"id": 55000010, "name": "Tea Box", "sku": "TEA"},
    product_instance={"id": 55000020, "name": "Tea Box - Green", "price": 3999, "sku": "TEA-GREEN"},
    credit=250,
    skipped_date="2026-09-01 00:00:00+00",
    address=address(),
    subscription_gift_info={
        "id": 1,
        "gift_message": "Enjoy!",
        "gift_recipient_name": "Bea",
        "gift_recipient_email": "bea@example.com",
    },
    note="Leave at the door",
)


def only(made, name):
    """The one item of a history."""
    (item,) = getattr(made, name)
    return item


def test_a_subscription_has_all_keys_of_its_history_item():
    made = member(subscriptions=[FULL_SUBSCRIPTION])
    assert only(made, "subscriptions") == {
        "id": 7101000140,
        "status": "active",
        "started_at": "2026-08-15T14:02:11Z",
        "ends_at": "2026-11-15T00:00:00Z",
        "skipped_at": "2026-09-01T00:00:00Z",
        "autorenew": True,
        "billing": "Monthly",
        "term": "Month to Month",
        "product": {"id": 55000010, "name": "Tea Box", "sku": "TEA-GREEN"},
        "price": "39.99",
        "credit": "2.50",
        "address": {
            "to": "Ada Marsh",
            "street": "12 Example Street",
            "unit": "4B",
            "city": "Portland",
            "state": "OR",
            "zip_code": "97201",
            "country": "US",
        },
        "gift": {"recipient_name": "Bea", "recipient_email": "bea@example.com", "message": "Enjoy!"},
        "note": "Leave at the door",
        "is_test": False,
    }
    assert made.repairs == ()


def test_what_is_unknown_of_a_subscription_is_null():
    item = only(member(subscriptions=[{"id": "7101000140"}]), "subscriptions")
    assert item.pop("id") == 7101000140
    assert set(item.values()) == {None}
    assert len(item) == 14


@pytest.mark.parametrize(
    ("billing", "text"),
    [
        ({"rebill_months": 1}, "Every month"),
        ({"rebill_months": "3"}, "Every 3 months"),
        ({"rebill_months": None, "rebill_weeks": 2}, "Every 2 weeks"),
        ({"rebill_months": 0}, None),
        ("Monthly", None),
    ],
)
def test_billing_without_a_name_is_told_by_its_period(billing, text):
    assert only(member(subscriptions=[subscription(billing=billing)]), "subscriptions")["billing"] == text


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (2, "active"),
        (6, "past_due"),
        ("past_due", "past_due"),
        ("unpaid_order_failed", "unpaid_order_failed"),
        (99, "99"),
    ],
)
def test_the_status_of_a_subscription_is_as_sent_and_an_integer_by_its_name(given, status):
    assert only(member(subscriptions=[subscription(status=given)]), "subscriptions")["status"] == status


def test_an_order_has_all_keys_of_its_history_item():
    made = member(orders=[order()])
    assert only(made, "orders") == {
        "id": 7101000120,
        "placed_at": "2026-10-15T06:01:44Z",
        "status": "open",
        "financial_status": "paid",
        "fulfillment_status": "unfulfilled",
        "is_renewal": True,
        "is_gift": False,
        "sub_total": "39.99",
        "shipping": "5.00",
        "tax": "0.00",
        "total": "44.99",
        "refunded": "0.00",
        "items": [{"sku": "TEA-GREEN", "name": "Tea Box", "quantity": 1, "price": "39.99"}],
        "is_test": False,
    }


def test_an_item_price_is_that_of_the_whole_line():
    item = only(member(orders=[order(products=[order_line(quantity=3, price=11997)])]), "orders")["items"][0]
    assert (item["quantity"], item["price"]) == (3, "119.97")


def test_what_is_unknown_of_an_order_is_null_and_its_items_are_none():
    item = only(member(orders=[{"id": 7101000120, "products": None, "customer": "?"}]), "orders")
    assert item.pop("items") == []
    assert item.pop("id") == 7101000120
    assert set(item.values()) == {None}


def test_amounts_have_a_second_name():
    item = only(member(orders=[order(total=None, total_price=4499, total_shipping=None, gross_shipping=500)]), "orders")
    assert (item["total"], item["shipping"]) == ("44.99", "5.00")


def test_an_unreadable_amount_or_date_is_null_and_worth_a_look():
    made = member(orders=[order(total="much", placed_at="soon")])
    assert (only(made, "orders")["total"], only(made, "orders")["placed_at"]) == (None, None)
    assert made.repairs == ("date_unreadable", "money_unreadable")


def test_histories_are_newest_first_and_without_a_date_last():
    dated = [(1, "2024-01-01"), (2, None), (3, "2026-01-01"), (4, "2024-01-01")]
    made = member(orders=[order(number, placed_at=date) for number, date in dated])
    assert [row["id"] for row in made.orders] == [3, 4, 1, 2]


def test_what_is_no_record_is_left_off():
    made = member(subscriptions=[subscription(), None, 7])
    assert len(made.subscriptions) == 1
    assert made.repairs == ("row_unreadable",)


@pytest.mark.parametrize(("given", "read_as"), [(None, None), ([], ())])
def test_absent_rows_are_unknown_and_an_empty_array_is_none(given, read_as):
    made = member(subscriptions=given, orders=given)
    assert (made.subscriptions, made.orders) == (read_as, read_as)


def test_counts_and_values_are_cratejoys_own():
    made = member(num_orders=20, total_revenue=25188, orders=[order()])
    assert (made.order_count, made.lifetime_value) == (20, 25188)


def test_counts_and_values_that_are_absent_are_those_of_the_real_orders_less_refunds():
    orders = [order(1, refunded_amount=1000), order(2), order(3, is_test=True)]
    made = member(orders=orders)
    assert (made.order_count, made.lifetime_value) == (2, 7998)


def test_without_figures_and_orders_counts_and_values_are_unknown():
    made = member()
    assert (made.order_count, made.lifetime_value) == (None, None)


def test_of_one_order_that_is_listed_twice_the_last_counts():
    made = member(orders=[order(total=100), order(total=200), order(None), order(None)])
    assert [(row["id"], row["total"]) for row in made.orders] == [
        (7101000120, "2.00"),
        (None, "44.99"),
        (None, "44.99"),
    ]
