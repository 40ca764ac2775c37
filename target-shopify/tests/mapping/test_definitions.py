"""Definitions fit the metafields that are written, and Shopify's limits."""

from __future__ import annotations

from mapping_samples import address, customer, order, subscription
from target_shopify.mapping.definitions import CUSTOMER_DEFINITIONS, ORDER_DEFINITIONS


def test_every_metafield_of_a_customer_has_a_definition_of_its_type():
    types = {one.key: one.type for one in CUSTOMER_DEFINITIONS}
    made = customer(
        email="nonsense", addresses=[address()], subscriptions=[subscription()], orders=[order()], total_revenue=4499
    )
    assert {key: one.type for key, one in made.metafields.items()} == {
        key: kind for key, kind in types.items() if key != "sync_state"
    }


def test_the_five_figures_and_the_id_are_pinned():
    assert {one.key for one in CUSTOMER_DEFINITIONS if one.pinned} == {
        "customer_id",
        "subscription_status",
        "order_count",
        "lifetime_value",
        "first_order_at",
        "last_order_at",
    }


def test_names_and_descriptions_fit_into_the_admin():
    for one in (*CUSTOMER_DEFINITIONS, *ORDER_DEFINITIONS):
        assert 2 <= len(one.key) <= 64
        assert 0 < len(one.name) <= 40
        assert 0 < len(one.description) <= 100


def test_an_order_has_an_id_of_its_own():
    assert [(one.key, one.type) for one in ORDER_DEFINITIONS] == [("order_id", "id")]
