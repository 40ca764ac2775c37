"""What holds for every document, however broken: no error but a refusal, and nothing that Shopify cannot read."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from cratejoy_sandbox.shopify.schema import SUPPORTED, load
from graphql import parse
from graphql.execution.values import get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping_samples import OPTIONS, address, customer, document, order, order_line, subscription
from target_shopify.mapping.customer import combine
from target_shopify.mapping.documents import document_hash, document_key
from target_shopify.mapping.member import read_member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.orders import order_input, order_skus
from target_shopify.mapping.values import identifier
from target_shopify.rules import CHECKS, REFUSALS, Refused

CREATE = "mutation ($input: CustomerInput!) { customerCreate(input: $input) { customer { id } } }"
ORDER = "mutation ($order: OrderCreateOrderInput!) { orderCreate(order: $order) { order { id } } }"

broad = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "So", "Lu"]), max_size=10),
    st.sampled_from(
        [
            "",
            "ada@example.com",
            "<ada@@example>",
            "(503) 555-0123",
            "US",
            "Puerto Rico",
            "Atlantis",
            "OR",
            "<b>x</b> https://example.com 🌸",
            "2026-03-14T16:16:06Z",
            "2026-02-30",
            "9" * 400,
            "[]",
            "{",
        ]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def broken(sample: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A record in which any property may be anything, or missing."""
    return st.fixed_dictionaries({}, optional={key: st.just(value) | anything for key, value in sample.items()})


lines = broken(order_line(instance={"sku": "TEA", "name": "Green", "product": {"name": "Tea"}}))
orders = broken({**order(), "ship_address": address(), "coupons": [{"code_used": "TEA"}], "gift_message": "Hi"})
documents = st.fixed_dictionaries(
    {"id": st.integers(1, 50) | anything},
    optional={
        **{key: st.just(value) | anything for key, value in document().items() if key != "id"},
        **dict.fromkeys(("name", "note", "country", "subscription_status", "num_orders", "total_revenue"), anything),
        "num_subscriptions": anything,
        "addresses": anything | st.lists(broken(address()), max_size=3),
        "subscriptions": anything
        | st.lists(broken({**subscription(), "product": {}, "product_instance": {"price": 1}, "term": {}}), max_size=3),
        "orders": anything | st.lists(orders, max_size=3),
    },
)


@cache
def variables_of(version: str, operation: str) -> Any:
    """The schema of a version, and the variables that an operation declares."""
    return load(version).graphql, parse(operation).definitions[0].variable_definitions


def problems(version: str, operation: str, name: str, value: dict[str, Any]) -> list[str]:
    """What Shopify's schema finds wrong with an input, read back from the JSON we would send."""
    schema, declared = variables_of(version, operation)
    found = get_variable_values(schema, declared, {name: json.loads(json.dumps(value))})
    return [error.message for error in found] if isinstance(found, list) else []


def create_input(made: Any) -> dict[str, Any]:
    """The CustomerInput of a new customer."""
    metafields = [
        {"namespace": "cratejoy", "key": key, "type": one.type, "value": one.value}
        for key, one in made.metafields.items()
    ]
    addresses = {} if made.addresses is None else {"addresses": list(made.addresses)}
    return {**made.fields, **addresses, "tags": list(made.tags), "metafields": metafields}


def customer_or_reason(one: dict[str, Any]) -> Any:
    """The customer of a document, or why it is refused."""
    try:
        return combine([read_member(one, OPTIONS)], OPTIONS)
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_schema_finds_what_is_wrong(version):
    assert problems(version, CREATE, "input", {"email": 7, "nickname": "Ada"})


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_full_customer_is_what_the_schema_asks_for(version):
    made = customer(
        note="Tea",
        addresses=[address(phone_number="(503) 555-0123"), address(country="Kosovo", state="")],
        subscriptions=[subscription()],
        orders=[order()],
        total_revenue=4499,
    )
    assert problems(version, CREATE, "input", create_input(made)) == []


@broad
@given(documents, st.sampled_from(SUPPORTED))
def test_any_document_becomes_what_the_schema_asks_for_or_is_refused(given_document, version):
    made = customer_or_reason(given_document)
    if isinstance(made, str):
        assert made in REFUSALS
        return
    assert problems(version, CREATE, "input", create_input(made)) == []
    assert set(made.repairs) <= set(CHECKS)
    assert ("cj-check" in made.tags) == bool(made.repairs)
    assert all(0 < len(tag) <= 255 and "," not in tag for tag in made.tags)
    assert all(len(text) <= 255 for one in made.addresses or () for text in one.values())
    assert all(one.value and len(one.value.encode()) <= 120_000 for one in made.metafields.values())


@broad
@given(orders, lines, st.sampled_from(SUPPORTED))
def test_any_order_becomes_what_the_schema_asks_for_or_is_refused(given_order, line, version):
    given_order = {**given_order, "products": [line]}
    assert all(order_skus([given_order]))
    try:
        made = order_input(given_order, "gid://shopify/Customer/7", OPTIONS, {"TEA": "gid://shopify/ProductVariant/3"})
    except Refused:
        assert identifier(given_order.get("id")) is None
        return
    assert problems(version, ORDER, "order", made) == []


def reversed_keys(value: Any) -> Any:
    """The same value with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(one) for one in value] if isinstance(value, list) else value


@broad
@given(documents)
def test_the_order_of_keys_does_not_matter(given_document):
    turned = reversed_keys(given_document)
    assert document_hash(turned) == document_hash(given_document)
    assert document_key(turned) == document_key(given_document)
    assert customer_or_reason(turned) == customer_or_reason(given_document)


@broad
@given(st.lists(documents, min_size=2, max_size=4), st.randoms(), st.sampled_from(["history", "none", "create"]))
def test_the_order_of_arrival_does_not_matter(given_documents, chance, mode):
    options = MappingOptions(orders=mode)
    members = []
    for number, one in enumerate(given_documents, 1):
        rows = {
            key: [{**row, "id": number * 1000 + place} for place, row in enumerate(found) if isinstance(row, dict)]
            for key in ("subscriptions", "orders")
            if isinstance(found := one.get(key), list)
        }
        members.append(read_member({**one, **rows, "id": number, "first_name": "Ada"}, options))
    made = combine(members, options)
    chance.shuffle(members)
    assert combine(members, options) == made


def test_decimals_are_read_as_numbers():
    made = customer(id=Decimal(7101000017), total_revenue=Decimal("4499.0"), num_orders=Decimal(1))
    assert made.metafields["lifetime_value"].value == '{"amount":"44.99","currency_code":"USD"}'
    assert made.cratejoy_id == 7101000017
