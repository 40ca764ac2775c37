"""Whatever kind of shop it is, the probe says so: plans, scopes, versions, protected data, what earlier runs left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.probe import access_findings, advice
from cratejoy_migration.probe.findings import Verdict
from target_shopify.client import ShopifyClient
from target_shopify.errors import ShopRefused, TargetError, Unreachable

from .probing import LOGGER, Server, answering, local_shopify, probe_shopify, target_settings

LEAST = "read_customers,write_customers"


@pytest.fixture(scope="module")
def _shop() -> Iterator[Server]:
    with local_shopify("--plan", "dev", "--scopes", LEAST) as server:
        server.add({"email": "planted.person@example.com", "firstName": "Planted", "tags": ["vip"]})
        yield server


@pytest.fixture
def shop(_shop: Server) -> Server:
    _shop.no_faults()
    return _shop


def test_a_shop_as_the_reference_describes_it_agrees_with_it(shop: Server) -> None:
    found = probe_shopify(shop.url)

    assert {topic for topic, one in found.items() if one.verdict is Verdict.DIFFERS} == set()
    assert {topic for topic, one in found.items() if one.verdict is Verdict.UNKNOWN} == {
        "other apps that mail customers"
    }
    assert found["cost limits"].figures == {"restore_rate": 100.0, "maximum_available": 2000.0}
    assert found["plan"].found == "Development, development store"
    assert found["protected customer data"].figures == {"level": 2}
    assert found["customers in the shop"].figures == {"count": 1, "exact": True}
    assert found["room for customer definitions"].found == "256 of 256 free"


def test_nothing_is_written_and_little_is_asked(shop: Server) -> None:
    probe_shopify(shop.url)

    stats = shop.stats()
    assert set(stats["calls"]) == {
        "shop", "currentAppInstallation", "publicApiVersions", "customers", "customersCount", "metafieldDefinitions",
        "customerSegmentMembers", "bulkOperations",
    }  # fmt: skip
    assert sum(stats["calls"].values()) <= 12


def test_nothing_of_a_customer_or_of_the_shop_gets_into_a_finding(shop: Server) -> None:
    text = json.dumps([one.as_json() for one in probe_shopify(shop.url).values()]).lower()

    assert "planted" not in text
    assert "gid:" not in text
    assert "@" not in text


def test_a_missing_scope_is_named_for_what_it_is_needed(shop: Server) -> None:
    found = probe_shopify(shop.url, orders="create")

    assert found["scopes to migrate"].found == "missing: read_orders, read_products, write_orders"
    assert found["scopes to migrate"].prevents
    assert found["scopes to verify"].found == "missing: read_all_orders, read_orders"
    assert not found["scopes to verify"].prevents
    assert found["scopes to rollback"].found == "missing: read_orders, write_orders"


def test_a_shop_that_serves_another_version_prevents_a_migration(shop: Server) -> None:
    shop.fault(wrong_version="2026-10")

    found = probe_shopify(shop.url)

    assert found["API version"].found == "2026-10"
    assert found["API version"].prevents
    assert found["API version"].figures["known_and_served"] == ["2026-07", "2026-10"]


def test_a_version_that_is_known_and_served_is_recommended(shop: Server) -> None:
    settings = target_settings(shop.url, api_version="2027-01")
    found = probe_shopify(shop.url, api_version="2027-01")

    assert found["API version"].prevents
    wanted = advice.for_shopify(list(found.values()), settings)
    assert [(one.variable, one.value) for one in wanted] == [("TARGET_SHOPIFY_API_VERSION", "2026-07")]


@pytest.mark.parametrize(
    ("level", "says"),
    [("1", "hidden: defaultAddress, defaultEmailAddress, defaultPhoneNumber, firstName, lastName"),
     ("0", "customers cannot be read (ACCESS_DENIED)")],
)  # fmt: skip
def test_protected_data_that_is_hidden_prevents_a_migration(level: str, says: str) -> None:
    with local_shopify("--protected-data", level) as shop:
        shop.add({"email": "planted.person@example.com", "firstName": "Planted"})
        found = probe_shopify(shop.url)

    assert found["protected customer data"].found == says
    assert found["protected customer data"].prevents


def test_an_app_without_any_right_is_told_about_each_thing_it_cannot_see() -> None:
    with local_shopify("--scopes", "read_products") as shop:
        found = probe_shopify(shop.url)

    assert found["scopes to migrate"].found == "missing: read_customers, write_customers"
    assert found["scopes nobody needs"].figures == {"spare": ["read_products"]}
    assert found["protected customer data"].prevents
    assert {found[topic].verdict for topic in ("customers in the shop", "migrated customers")} == {Verdict.UNKNOWN}


def test_another_plan_old_accounts_and_other_money_are_told() -> None:
    with local_shopify("--plan", "plus", "--legacy-accounts", "--currency", "CAD", "--country", "CA") as shop:
        found = probe_shopify(shop.url)

    assert found["plan"].found == "Shopify Plus, a live shop"
    assert found["cost limits"].figures == {"restore_rate": 1000.0, "maximum_available": 20000.0}
    assert found["customer accounts"].found == "with passwords (legacy)"
    assert found["currency and country"].found == "CAD, CA"
    assert found["protected customer data"].found == "there is no customer to look at"


def test_what_an_earlier_run_left_is_counted() -> None:
    with local_shopify("--plan", "plus") as shop:
        client = ShopifyClient(target_settings(shop.url), LOGGER)
        for key in ("customer_id", "note"):
            kind = "id" if key == "customer_id" else "single_line_text_field"
            wanted = {"namespace": "cratejoy", "key": key, "type": kind, "name": key, "ownerType": "CUSTOMER"}
            assert client.call("DefinitionCreate", {"definition": wanted}).errors == ()
        for number in range(3):
            one = {"namespace": "cratejoy", "key": "customer_id", "type": "id", "value": str(number)}
            shop.add({"email": f"c{number}@example.com", "tags": ["cj-migrated"], "metafields": [one]})
        found = probe_shopify(shop.url)

    assert found["our metafields"].found == "2 definitions with 3 values"
    assert found["migrated customers"].found == "3"
    assert found["room for customer definitions"].found == "254 of 256 free"


def test_a_shop_that_throttles_is_asked_more_slowly_and_answers_all_the_same(shop: Server) -> None:
    shop.fault(throttled={"every": 3}, rate_limited={"every": 7, "seconds": 0}, internal_error={"every": 5})

    found = probe_shopify(shop.url)

    assert found["customers in the shop"].figures["count"] == 1


SHOP = {"id": "x", "myshopifyDomain": "planted-shop.myshopify.com"}
ODD: list[Any] = [
    {"data": None}, {"data": {}}, {"data": []}, {"data": "planted"}, {"errors": "planted"},
    {"errors": [7, {"message": 9}]},
    {"data": {"shop": SHOP}},
    {"data": {"shop": {**SHOP, "plan": "x", "currencyCode": 7, "customerAccountsV2": [], "shopAddress": "planted"},
              "currentAppInstallation": {"accessScopes": ["x", {"handle": None}]}, "publicApiVersions": [1, {}],
              "customers": {"nodes": "planted"}, "customersCount": {"count": "many"},
              "metafieldDefinitions": {"nodes": [1, {"namespace": None}], "pageInfo": "x"},
              "customerSegmentMembers": {"totalCount": "planted"}, "bulkOperations": {"nodes": None}}},
    {"data": {"shop": {**SHOP, "plan": {"publicDisplayName": "planted@example.com"}}, "publicApiVersions": {},
              "customers": {"nodes": [None]}, "customersCount": [], "metafieldDefinitions": [],
              "customerSegmentMembers": [], "bulkOperations": []},
     "errors": [{"message": "planted@example.com", "path": ["customers", "nodes", 0, "firstName"]}],
     "extensions": {"cost": {"throttleStatus": {"restoreRate": None}}}},
    {"data": {"shop": SHOP}, "extensions": {"cost": {"actualQueryCost": "x", "throttleStatus": "planted"}}},
    {"data": {"shop": SHOP}, "extensions": []},
]  # fmt: skip


@pytest.mark.parametrize("answer", ODD)
def test_nonsense_makes_findings_or_one_sentence(answer: Any) -> None:
    with answering(lambda *_: (200, {"X-Shopify-API-Version": "2026-07"}, json.dumps(answer).encode())) as url:
        try:
            found = probe_shopify(url, max_retries=0)
        except (OperatorError, TargetError) as error:
            told = str(error)
        else:
            told = json.dumps([one.as_json() for one in found.values()])

    assert "planted" not in told.replace("planted-shop", "").lower()


def test_a_token_that_is_refused_ends_the_probe(shop: Server) -> None:
    with pytest.raises(ShopRefused, match="401"):
        probe_shopify(shop.url, access_token="wrong")


def test_a_shop_of_another_name_ends_the_probe_without_naming_it(shop: Server) -> None:
    with pytest.raises(OperatorError, match="another shop") as refused:
        probe_shopify(shop.url, shop="other-shop")
    assert "planted" not in str(refused.value)


def test_a_shop_that_is_away_is_said_to_be() -> None:
    with pytest.raises(Unreachable):
        probe_shopify("http://127.0.0.1:1", max_retries=0)


def test_client_credentials_tell_how_long_their_token_lives(shop: Server) -> None:
    found = probe_shopify(shop.url, access_token=None, client_id="sandbox", client_secret="sandbox-secret")

    assert found["token"].found == "client credentials, fetched, good for 24 h, renewed before"


def test_a_write_scope_includes_the_read_scope() -> None:
    assert access_findings.granted(frozenset({"write_orders"})) == {"write_orders", "read_orders"}
