"""Histories within the size of a metafield."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import customer, order, order_line, subscription, values
from target_shopify.mapping import histories


def item(number, size=0, **changes):
    """A subscription item of about `size` bytes."""
    return {"id": number, "status": "active", "note": "n" * size, **changes}


def frames(texts):
    """The parts as parsed."""
    return [json.loads(text) for text in texts]


def test_a_small_history_is_one_value_in_its_frame():
    assert histories.split("orders", [{"id": 7}], 7101000017, "USD") == [
        '{"version":1,"customer_id":7101000017,"currency":"USD","part":1,"of":1,"orders":[{"id":7}]}'
    ]


def test_an_empty_history_is_one_value_without_items():
    assert frames(histories.split("subscriptions", [], 7, "EUR")) == [
        {"version": 1, "customer_id": 7, "currency": "EUR", "part": 1, "of": 1, "subscriptions": []}
    ]


def test_a_large_history_goes_on_in_counted_parts():
    parts = frames(histories.split("subscriptions", [item(number, 50_000) for number in range(5)], 7, "USD"))
    assert [(part["part"], part["of"]) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert [[one["id"] for one in part["subscriptions"]] for part in parts] == [[0, 1], [2, 3], [4]]


def test_bytes_count_and_not_characters():
    texts = histories.split("subscriptions", [item(number, note="é" * 40_000) for number in range(2)], 7, "USD")
    assert len(texts) == 2
    assert all(len(text) < 41_000 and 80_000 < len(text.encode()) < 81_000 for text in texts)


def test_parts_have_counted_keys():
    assert [histories.part_key("order_history", number) for number in (1, 2, 12)] == [
        "order_history",
        "order_history_002",
        "order_history_012",
    ]


def test_an_item_larger_than_a_part_loses_its_note_first():
    texts = histories.split("subscriptions", [item(1, 130_000), item(2, 10)], 7, "USD")
    assert [one["note"] for part in frames(texts) for one in part["subscriptions"]] == [None, "n" * 10]


def test_an_item_larger_than_a_part_without_its_note_has_its_item_names_cut_then_its_items():
    names = [{"sku": "TEA", "name": "T" * 1_000, "quantity": 1, "price": "1.00"} for _ in range(150)]
    (cut,) = frames(histories.split("orders", [{"id": 1, "items": names}], 7, "USD"))
    assert [len(one["name"]) for one in cut["orders"][0]["items"]] == [80] * 150
    (fewer,) = frames(histories.split("orders", [{"id": 1, "items": names * 20}], 7, "USD"))
    assert len(fewer["orders"][0]["items"]) == 100


def test_a_shortened_history_is_worth_a_look():
    made = customer(orders=[order(products=[order_line(instance={"sku": "s" * 500})] * 400)])
    assert made.repairs == ("history_shortened",)
    assert "cj-check" in made.tags
    assert len(values(made)["order_history"].encode()) <= 120_000


def test_a_customer_carries_all_parts():
    made = customer(subscriptions=[subscription(number, note="n" * 50_000) for number in range(1, 6)])
    keys = [key for key in values(made) if key.startswith("subscription_history")]
    assert keys == ["subscription_history", "subscription_history_002", "subscription_history_003"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
items = st.lists(
    st.builds(
        lambda number, text, times: {"id": number, "note": text * times, "items": [{"name": text}]},
        st.integers(1, 2**62),
        texts,
        st.sampled_from([1, 50, 1_500]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(items, st.sampled_from(["subscriptions", "orders"]))
def test_no_part_is_too_large_and_all_parts_together_are_the_items(made, kind):
    texts = histories.split(kind, made, 7101000017, "USD")
    assert all(len(text.encode()) <= 120_000 for text in texts)
    metafields = {histories.part_key(histories.KEYS[kind], number): text for number, text in enumerate(texts, 1)}
    assert histories.join(kind, metafields) == made
    assert [(part["part"], part["of"]) for part in frames(texts)] == [
        (number, len(texts)) for number in range(1, len(texts) + 1)
    ]


def test_a_history_that_cannot_be_read_is_unknown():
    assert histories.join("orders", {}) is None
    assert histories.join("orders", {"order_history": "not json"}) is None
    assert histories.join("orders", {"order_history": '{"orders": {}}'}) is None
