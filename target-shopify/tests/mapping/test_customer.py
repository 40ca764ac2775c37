"""One Shopify customer from all Cratejoy customers of one e-mail."""

from __future__ import annotations

import json

import pytest
from mapping_samples import OPTIONS, address, customer, document, member, order, subscription, values
from target_shopify.mapping.customer import Metafield, combine
from target_shopify.mapping.member import read_member
from target_shopify.mapping.options import MappingOptions


def ids(made, kind="subscription"):
    """The ids in a history."""
    return [one["id"] for one in json.loads(values(made)[f"{kind}_history"])[f"{kind}s"]]


def test_a_customer_has_the_fields_tags_and_metafields_of_the_contract():
    made = customer(
        note="Likes tea.",
        num_orders=1,
        total_revenue=4499,
        subscriptions=[subscription()],
        orders=[order()],
        addresses=[],
    )
    assert made.cratejoy_id == 7101000017
    assert made.fields == {
        "email": "ada.marsh@example.com",
        "firstName": "Ada",
        "lastName": "Marsh",
        "note": "Likes tea.",
    }
    assert made.tags == ("cj-migrated", "cj-id-7101000017", "cj-status-active", "cj-subscriber")
    assert set(made.metafields) == {
        "customer_id",
        "subscription_history",
        "order_history",
        "subscription_status",
        "order_count",
        "lifetime_value",
        "first_order_at",
        "last_order_at",
    }
    assert made.metafields["customer_id"] == Metafield("id", "7101000017")
    assert made.metafields["subscription_status"] == Metafield("single_line_text_field", "active")
    assert made.metafields["order_count"] == Metafield("number_integer", "1")
    assert made.metafields["lifetime_value"] == Metafield("money", '{"amount":"44.99","currency_code":"USD"}')
    assert made.metafields["first_order_at"] == Metafield("date_time", "2026-10-15T06:01:44Z")
    assert made.metafields["order_history"].type == "json"


def test_a_customer_of_whom_nothing_is_known_has_no_status_and_no_histories():
    made = customer()
    assert made.tags == ("cj-migrated", "cj-id-7101000017")
    assert set(made.metafields) == {"customer_id"}
    assert made.addresses is None


@pytest.mark.parametrize(
    ("statuses", "tag"),
    [
        (["active", "active"], "cj-status-active"),
        (["past_due"], "cj-status-past-due"),
        (["pastdue", "Past Due"], "cj-status-past-due"),
        (["canceled", "cancelled"], "cj-status-cancelled"),
        (["active", "cancelled"], "cj-status-mixed"),
        (["unpaid_order_failed"], "cj-status-unpaid-order-failed"),
        (["On, hold!"], "cj-status-on-hold"),
        ([None], "cj-status-unknown"),
        ([], "cj-status-none"),
    ],
)
def test_the_status_is_what_all_subscriptions_have_in_common(statuses, tag):
    made = customer(subscriptions=[subscription(n, status=status) for n, status in enumerate(statuses, 1)])
    assert [one for one in made.tags if one.startswith("cj-status-")] == [tag]
    assert ("cj-subscriber" in made.tags) == bool(statuses)


@pytest.mark.parametrize(
    ("told", "tags"),
    [
        ({"subscription_status": "Past Due"}, ("cj-status-past-due", "cj-subscriber")),
        ({"subscription_status": "none", "num_subscriptions": 0}, ("cj-status-none",)),
        ({"num_subscriptions": 0}, ("cj-status-none",)),
        ({"num_subscriptions": 2}, ("cj-subscriber",)),
        ({}, ()),
    ],
)
def test_of_unknown_subscriptions_the_record_itself_tells(told, tags):
    assert customer(**told).tags[2:] == tags


@pytest.mark.parametrize(
    ("rows", "is_test"),
    [
        ({"orders": [order(is_test=True)], "subscriptions": [subscription(is_test=True)]}, True),
        ({"orders": [order(is_test=True)], "subscriptions": []}, True),
        ({"orders": [order(is_test=True)], "subscriptions": [subscription()]}, False),
        ({"orders": [], "subscriptions": []}, False),
        ({}, False),
    ],
)
def test_a_test_customer_has_test_rows_only(rows, is_test):
    assert ("cj-test" in customer(**rows).tags) == is_test


def test_a_repair_is_worth_a_look():
    made = customer(email="ada@example.com.")
    assert made.repairs == ("email_cleaned",)
    assert "cj-check" in made.tags


@pytest.mark.parametrize(("mode", "written"), [("history", True), ("none", False), ("create", False)])
def test_the_order_history_is_written_only_as_history(mode, written):
    options = MappingOptions(orders=mode)
    sample = read_member(document(orders=[order()]), options)
    made = combine([sample], options)
    assert ("order_history" in made.metafields) == written
    assert values(made)["last_order_at"] == "2026-10-15T06:01:44Z"
    assert sample.source_orders == ((order(),) if mode == "create" else ())


def test_the_tag_prefix_and_currency_are_settings():
    options = MappingOptions(tag_prefix="old-", currency="JPY")
    made = combine([read_member(document(total_revenue=4499), options)], options)
    assert made.tags[0] == "old-migrated"
    assert values(made)["lifetime_value"] == '{"amount":"4499","currency_code":"JPY"}'


ADA = document(
    id=20,
    note="Likes tea.",
    num_orders=2,
    total_revenue=9000,
    addresses=[address()],
    subscriptions=[subscription(200, status="active", start_date="2026-01-01")],
    orders=[order(2000, placed_at="2026-01-01")],
)
BEA = document(
    id=10,
    email="Ada.Marsh@EXAMPLE.com ",
    first_name="Beatrix",
    last_name="Marsh",
    num_orders=1,
    total_revenue=500,
    addresses=[address(street="1 Other Road", phone_number="(503) 555-0123"), address()],
    subscriptions=[subscription(100, status="cancelled", start_date="2026-02-01")],
    orders=[order(1000, placed_at="2025-01-01")],
)


def united(*documents):
    """One customer of several documents, in this order of arrival."""
    return combine([read_member(one, OPTIONS) for one in documents], OPTIONS)


def test_the_lowest_id_leads_and_the_others_fill_what_it_lacks():
    made = united(ADA, BEA)
    assert made.cratejoy_id == 10
    assert made.member_ids == (10, 20)
    assert made.fields == {
        "email": "Ada.Marsh@EXAMPLE.com",
        "firstName": "Beatrix",
        "lastName": "Marsh",
        "phone": "+15035550123",
        "note": "Likes tea.",
    }
    assert [one["address1"] for one in made.addresses] == ["1 Other Road", "12 Example Street"]


def test_members_bring_all_ids_histories_counts_and_values():
    made = united(ADA, BEA)
    assert made.tags == ("cj-migrated", "cj-id-10", "cj-id-20", "cj-status-mixed", "cj-subscriber")
    assert (ids(made), ids(made, "order")) == ([100, 200], [2000, 1000])
    assert (values(made)["order_count"], values(made)["lifetime_value"]) == (
        "3",
        '{"amount":"95.00","currency_code":"USD"}',
    )
    assert values(made)["first_order_at"] == "2025-01-01T00:00:00Z"
    assert values(made)["last_order_at"] == "2026-01-01T00:00:00Z"


def test_half_a_name_is_not_completed_from_another_person():
    made = united(document(id=1, first_name="Bea", last_name=None), document(id=2))
    assert (made.fields["firstName"], "lastName" in made.fields) == ("Bea", False)


def test_notes_are_joined_and_equal_ones_kept_once():
    made = united(document(id=1, note="Tea"), document(id=2, note="Coffee"), document(id=3, note="Tea"))
    assert made.fields["note"] == "Tea\n\nCoffee"


def test_the_order_of_arrival_does_not_matter():
    assert united(ADA, BEA) == united(BEA, ADA)


def test_of_one_customer_that_arrives_twice_the_newer_counts_and_keeps_what_it_does_not_know():
    newer = document(id=20, first_name="Adelaide", subscriptions=[subscription(201)])
    made = united(ADA, newer)
    assert made.fields["firstName"] == "Adelaide"
    assert (ids(made), ids(made, "order")) == ([201], [2000])
    assert made.tags[1:] == ("cj-id-20", "cj-status-active", "cj-subscriber")


def test_one_subscription_of_two_members_is_told_once_as_it_arrived_last():
    made = united(
        document(id=2, subscriptions=[subscription(7, status="cancelled")]),
        document(id=1, subscriptions=[subscription(7, status="active")]),
    )
    assert ids(made) == [7]
    assert "cj-status-active" in made.tags


def test_a_customer_has_at_most_250_tags():
    made = combine([member(id=number) for number in range(1, 261)], OPTIONS)
    assert len(made.tags) <= 250
    assert made.repairs == ("tags_cut",)


def test_the_hash_is_of_everything():
    same = united(ADA)
    assert united({key: ADA[key] for key in reversed(ADA)}).hash == same.hash
    assert united({**ADA, "note": "Likes coffee."}).hash != same.hash
    assert united({**ADA, "addresses": [address(unit="5C")]}).hash != same.hash
    assert len(same.hash) == 64
