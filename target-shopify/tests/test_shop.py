"""Before the first write: what the shop does not allow is one sentence that says what to change."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
from target_shopify.client import ShopifyClient
from target_shopify.errors import ShopRefused
from target_shopify.settings import Settings
from target_shopify.shop import ask, make_ready, needed_scopes

from .harness import TOKEN, LocalShop, Runner, Told, checked, customer, local_shop, singer
from .scripted import Answer, data, errors, scripted

LOGGER = logging.getLogger("test-shop")
DOCUMENTS = [customer(1), customer(2)]


def stops(told: Told, *words: str) -> None:
    """See one sentence with these words, no STATE and a non-zero exit."""
    said = [line for line in told.stderr.splitlines() if line.startswith("target-shopify: ")]
    assert told.status == 1, told.stderr
    assert len(said) == 1
    for word in words:
        assert word in said[0]
    assert told.states == []


def define(shop: LocalShop, key: str, kind: str, namespace: str = "cratejoy") -> None:
    """Let the merchant have a definition of his own."""
    text = (
        "mutation($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition) "
        "{ createdDefinition { id } userErrors { message } } }"
    )
    wanted = {"namespace": namespace, "key": key, "name": key, "type": kind, "ownerType": "CUSTOMER"}
    answer = requests.post(
        f"{shop.url}/admin/api/2026-07/graphql.json", json={"query": text, "variables": {"definition": wanted}},
        headers={"X-Shopify-Access-Token": TOKEN}, timeout=10,
    ).json()  # fmt: skip
    assert answer["data"]["metafieldDefinitionCreate"]["userErrors"] == [], answer


def writes(shop: LocalShop) -> set[str]:
    return {name for name in shop.calls() if name.startswith(("customerC", "customerU", "tags", "metafieldsSet"))}


def test_a_wrong_token_is_told(shop: LocalShop, target: Runner) -> None:
    stops(target.run(DOCUMENTS, access_token="shpat_planted-wrong-1"), "401", "TARGET_SHOPIFY_ACCESS_TOKEN")

    assert shop.calls() == {}


def test_the_wrong_shop_is_told(shop: LocalShop, target: Runner) -> None:
    stops(target.run(DOCUMENTS, shop="other"), "demo.myshopify.com, not other.myshopify.com", "TARGET_SHOPIFY_SHOP")

    assert writes(shop) == set()


def test_a_retired_version_is_told(shop: LocalShop, target: Runner) -> None:
    shop.fault(wrong_version="2027-01")

    stops(target.run(DOCUMENTS), "2027-01 instead of 2026-07", "api_version")

    assert writes(shop) == set()


def test_a_version_that_is_not_out_yet_is_told(shop: LocalShop, target: Runner) -> None:
    stops(target.run(DOCUMENTS, api_version="2031-01"), "2026-07 instead of 2031-01")


def test_a_missing_scope_is_named(shop_with: Callable[..., LocalShop]) -> None:
    shop = shop_with("--scopes", "read_customers")
    stops(Runner(shop).run(DOCUMENTS), "lacks the scope write_customers", "Nothing was written")
    assert shop.customers() == []


def test_the_scopes_of_orders_are_asked_for_only_when_orders_are_made() -> None:
    with local_shop("--scopes", "write_customers") as shop:
        stops(Runner(shop).run(DOCUMENTS, orders="create"), "read_orders", "read_products", "write_orders")
        assert Runner(shop).run(DOCUMENTS).status == 0
        assert len(shop.customers()) == 2


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, {"read_customers", "write_customers"}),
        ({"dry_run": True}, {"read_customers"}),
        ({"dry_run": True, "orders": "create"}, {"read_customers"}),
        ({"orders": "create"}, {"read_customers", "write_customers", "read_orders", "write_orders", "read_products"}),
    ],
)
def test_no_more_scopes_are_asked_for_than_the_run_needs(changes: dict[str, Any], needed: set[str]) -> None:
    settings: Settings = checked(**changes)

    assert needed_scopes(settings) == needed


def connect(settings: Settings) -> None:
    """Do what a run does before the first customer."""
    client = ShopifyClient(settings, LOGGER)
    ask(client, settings)
    make_ready(client, settings, LOGGER)


def definitions(*answers: Answer) -> list[Answer]:
    """Return what a shop without definitions says, and then these answers."""
    scopes = [{"handle": "write_customers"}]
    return [
        data({"shop": {"myshopifyDomain": "demo.myshopify.com", "currencyCode": "USD"}}),
        data({"currentAppInstallation": {"accessScopes": scopes}}),
        data({"metafieldDefinitions": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}),
        *answers,
    ]


def refused(message: str, code: str | None) -> Answer:
    told = [{"field": ["definition"], "message": message, "code": code}]
    return data({"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": told}})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            errors("ACCESS_DENIED", value={"metafieldDefinitionCreate": None}),
            "a right it needs to make metafield definitions",
        ),
        (refused("Not allowed", "INVALID"), "right to manage metafield definitions"),
        (
            refused("You have reached the limit", "RESOURCE_TYPE_LIMIT_EXCEEDED"),
            "no room for another metafield definition",
        ),
        (errors("INVALID_VARIABLE"), "cratejoy.customer_id cannot be made"),
    ],
)
def test_a_right_to_definitions_that_is_missing_is_told(answer: Answer, said: str) -> None:
    with scripted(*definitions(answer)) as server:
        settings = checked(api_url=server.url)
        with pytest.raises(ShopRefused, match=said):
            connect(settings)

    assert len(server.asked) == 4


def test_a_definition_that_finds_no_room_to_be_pinned_is_made_unpinned() -> None:
    made = data({"metafieldDefinitionCreate": {"createdDefinition": {"id": "1"}, "userErrors": []}})
    with scripted(*definitions(refused("Limit of pinned definitions", "PINNED_LIMIT_REACHED"), made)) as server:
        settings = checked(api_url=server.url)
        connect(settings)

    pins = [json.loads(body)["variables"]["definition"]["pin"] for _, _, body in server.asked[3:5]]
    assert pins == [True, False]


def test_a_definition_of_another_type_is_told(shop: LocalShop, target: Runner) -> None:
    define(shop, "customer_id", "single_line_text_field")

    stops(target.run(DOCUMENTS), "cratejoy.customer_id", "single_line_text_field", "metafield_namespace")

    assert writes(shop) == set()


def test_another_namespace_is_a_way_out(shop: LocalShop, target: Runner) -> None:
    define(shop, "customer_id", "single_line_text_field")

    assert target.run(DOCUMENTS, metafield_namespace="cratejoy2").status == 0

    assert len(shop.customers()) == 2


def test_definitions_that_are_there_are_used(shop: LocalShop, target: Runner) -> None:
    assert target.run(DOCUMENTS).status == 0
    made = shop.calls()["metafieldDefinitionCreate"]

    assert target.run(DOCUMENTS).status == 0

    assert made >= 6
    assert shop.calls()["metafieldDefinitionCreate"] == made


@pytest.mark.parametrize(("status", "said"), [(402, "frozen"), (423, "locked"), (403, "403"), (404, "no such shop")])
def test_a_shop_that_is_closed_is_told(status: int, said: str, shop: LocalShop, target: Runner) -> None:
    shop.fault(status={"status": status})

    stops(target.run(DOCUMENTS), said)

    assert shop.customers() == []


def test_a_shop_that_is_locked_in_mid_run_stops_it(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.fault(status={"status": 423, "operation": "customerCreate", "every": 10})
    documents = [customer(number) for number in range(1, 31)]

    told = target.run(documents, ledger_url=ledger_url, concurrency=1)

    assert told.status == 1
    assert "locked" in told.stderr
    assert len(shop.customers()) == 9
    shop.no_faults()
    assert target.run(documents, ledger_url=ledger_url).status == 0
    assert len(shop.customers()) == 30


def test_the_shops_currency_is_that_of_the_amounts_unless_another_is_set() -> None:
    with local_shop("--currency", "CAD") as shop:
        assert Runner(shop).run([customer(1)]).status == 0
        assert Runner(shop).run([customer(2)], currency="CAD").status == 0
        values = [
            field["value"]
            for one in shop.customers()
            for field in one["metafields"]
            if field["key"] == "lifetime_value"
        ]
        assert len(values) == 2
        assert all("CAD" in value and "89.98" in value for value in values)


@pytest.mark.parametrize(
    "text",
    ["", '{"type": "STATE", "value": {"read": 0}}\n', singer([customer(1)], "products"), singer([])],
    ids=["empty", "STATE only", "another stream", "no customers"],
)
def test_without_a_customer_the_shop_is_looked_at_and_left_as_it_is(
    text: str, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    told = target.run_text(text, ledger_url=ledger_url)

    assert told.status == 0, told.stderr
    assert "shop" in shop.calls()
    assert "metafieldDefinitionCreate" not in shop.calls()


def test_what_the_shop_does_not_allow_is_told_without_a_customer_too(shop: LocalShop, target: Runner) -> None:
    stops(target.run_text("", access_token="shpat_planted-wrong-1"), "401")


def test_a_wrong_ledger_leaves_nothing_in_the_shop(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    wrong = ledger_url.replace("/ledger_", "/nowhere_")

    stops(target.run(DOCUMENTS, ledger_url=wrong), "ledger_url")

    assert "metafieldDefinitionCreate" not in shop.calls()
