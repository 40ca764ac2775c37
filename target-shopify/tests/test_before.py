"""What a rollback goes by: customers as they were before the first write, and what was made in the shop."""

from __future__ import annotations

import logging
from typing import Any

import psycopg2
import pytest
from target_shopify import client, past_orders, upsert
from target_shopify.before import BeforeImage, value_mark
from target_shopify.changes import Changes
from target_shopify.ledger import ShopObject
from target_shopify.postgres_ledger import PostgresLedger

from .harness import LocalShop, Runner, customer, order
from .test_shop import define

LOGGER = logging.getLogger("test-before")
STREET = {"address1": "9 Old Lane", "city": "Salem", "countryCode": "US", "provinceCode": "OR", "zip": "97301"}
SHIP_TO = {"to": "Grace Hill", "street": "77 Sample Road", "city": "Salem", "state": "OR", "zip_code": "97301",
           "country": "US"}  # fmt: skip


def query(url: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def images(url: str) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    return {gid: (image, told) for gid, image, told in
            query(url, "select shopify_id, image, writings from migration.before_images")}  # fmt: skip


def objects(url: str, kind: str) -> dict[str, tuple[str | None, str | None]]:
    found = query(url, f"select key, gid, owner from migration.shop_objects where kind = '{kind}'")
    return {key: (gid, owner) for key, gid, owner in found}


def merchants_own(shop: LocalShop, number: int = 1, **changes: Any) -> str:
    return shop.add_customer(**{
        "email": f"C{number}@example.com", "firstName": "Ada", "note": "calls on Mondays", "tags": ["vip"],
        "addresses": [STREET], "metafields": [
            {"namespace": "cratejoy", "key": "source_email", "type": "single_line_text_field", "value": "theirs"},
            {"namespace": "loyalty", "key": "level", "type": "single_line_text_field", "value": "gold"},
        ], **changes,
    })  # fmt: skip


def test_a_customer_that_is_adopted_is_kept_whole_as_it_was(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    gid = merchants_own(shop)
    [before] = shop.customers()

    assert target.run([customer(1)], ledger_url=ledger_url).status == 0

    image, writings = images(ledger_url)[gid]
    assert image["fields"] == {
        "email": "C1@example.com", "phone": None, "firstName": "Ada", "lastName": None, "note": "calls on Mondays",
    }  # fmt: skip
    assert image["tags"] == ["vip"]
    assert [one["id"] for one in image["addresses"]] == [before["default_address"]] == [image["default_address"]]
    assert (image["addresses"][0]["address1"], image["addresses"][0]["countryCodeV2"]) == ("9 Old Lane", "US")
    assert image["metafields"] == [{"key": "source_email", "type": "single_line_text_field", "value": "theirs"}]
    [writing] = writings
    assert list(writing["fields"]) == ["phone"]
    assert writing["tags"] == ["cj-migrated", "cj-id-7101000001", "cj-status-active", "cj-subscriber"]
    assert "customer_id" in writing["metafields"]


def test_the_image_is_there_before_the_first_write(
    shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gid = merchants_own(shop)
    [before] = shop.customers()
    seen: list[Any] = []

    def look(*_: Any) -> list[str]:
        seen.append((images(ledger_url), shop.customers()))
        return []

    monkeypatch.setattr(Changes, "apply", look)
    target.run([customer(1)], ledger_url=ledger_url)

    [(kept, customers)] = seen
    assert list(kept) == [gid]
    assert customers == [before]


@pytest.mark.parametrize("policy", ["merge", "replace"])
def test_the_first_image_lasts_and_every_writing_is_noted(
    policy: str, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    gid = merchants_own(shop, firstName=None)
    target.run([customer(1)], ledger_url=ledger_url, update_policy=policy)
    first, _ = images(ledger_url)[gid]

    target.run([customer(1, last_name="Reed", name="Ada Reed")], ledger_url=ledger_url, update_policy=policy)

    image, writings = images(ledger_url)[gid]
    assert image == first
    assert len(writings) == 2
    assert list(writings[1]["fields"]) == ["lastName"]


def test_an_address_that_replace_removes_is_noted(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    gid = merchants_own(shop)

    target.run([customer(1)], ledger_url=ledger_url, update_policy="replace")

    image, [writing] = images(ledger_url)[gid]
    assert writing["removed_addresses"] == [image["addresses"][0]["id"]]


def test_customers_that_we_made_need_no_image(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1)], ledger_url=ledger_url)
    target.run([customer(1, last_name="Reed", name="Ada Reed")], ledger_url=ledger_url)

    assert images(ledger_url) == {}


def test_files_of_the_bulk_lane_adopt_with_an_image_too(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    gid = merchants_own(shop)

    target.run([customer(1), customer(2)], ledger_url=ledger_url, lane="bulk")

    assert list(images(ledger_url)) == [gid]


def test_orders_leave_addresses_and_names_that_are_noted(
    shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.random, "uniform", lambda *_: 0.03)
    gid = merchants_own(shop)

    target.run([customer(1, orders=[order(1, 1, ship_address=SHIP_TO)])], ledger_url=ledger_url, orders="create")

    _, [writing] = images(ledger_url)[gid]
    assert len(writing["addresses"]) == 4  # the own one and the order's, names and all, each without its province too
    assert sorted(writing["names"]) == ["firstName", "lastName"]


def test_the_same_writing_is_noted_once(ledger_url: str) -> None:
    ledger = PostgresLedger(ledger_url, "demo.myshopify.com", "run-1", LOGGER)
    one = BeforeImage("gid://shopify/Customer/1", {"fields": {}}, {"tags": ["cj-a"]})
    for image in (one, one, BeforeImage(one.shopify_id, {"fields": {"note": "later"}}, {"tags": ["cj-b"]})):
        ledger.keep(image)
    ledger.close()

    assert images(ledger_url) == {one.shopify_id: ({"fields": {}}, [{"tags": ["cj-a"]}, {"tags": ["cj-b"]}])}


@pytest.mark.parametrize(
    ("kind", "value", "as_shopify_writes_it"),
    [
        ("json", '{"b":1,"a":[1, 2]}', '{"a": [1,2], "b": 1}'),
        ("money", '{"amount":"39.90","currency_code":"USD"}', '{"currency_code":"USD","amount":"39.9"}'),
        ("date_time", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00+00:00"),
        ("id", "71", "71"),
    ],
)
def test_a_value_that_shopify_wrote_anew_has_the_same_mark(kind: str, value: str, as_shopify_writes_it: str) -> None:
    assert value_mark(kind, value) == value_mark(kind, as_shopify_writes_it)
    assert value_mark(kind, value) != value_mark(kind, value.replace("1", "8").replace("9", "8"))


# What was made besides customers


def test_definitions_that_were_made_are_noted_and_those_found_there_are_not(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    define(shop, "order_count", "number_integer")

    target.run([customer(1)], ledger_url=ledger_url)

    made = objects(ledger_url, "definition")
    assert len(made) == 9
    assert "CUSTOMER cratejoy.order_count" not in made
    assert (made["CUSTOMER cratejoy.customer_id"][0] or "").startswith("gid://shopify/MetafieldDefinition/")


def test_a_definition_whose_making_nobody_saw_is_noted_by_the_next_run(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    ledger = PostgresLedger(ledger_url, "demo.myshopify.com", "killed", LOGGER)
    ledger.intend_object("definition", "CUSTOMER cratejoy.order_count")
    ledger.close()
    define(shop, "order_count", "number_integer")

    target.run([customer(1)], ledger_url=ledger_url)

    assert objects(ledger_url, "definition")["CUSTOMER cratejoy.order_count"][0] is not None


@pytest.mark.parametrize("lane", ["direct", "bulk"])
def test_orders_that_were_made_are_noted_with_their_customer(
    lane: str, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    target.run([customer(1)], ledger_url=ledger_url, orders="create", lane=lane)

    [made] = shop.customers()
    orders = {one["metafields"][0]["value"]: one["id"] for one in shop.orders()}
    assert objects(ledger_url, "order") == {key: (gid, made["id"]) for key, gid in orders.items()}
    assert len(orders) == 2


def test_an_order_whose_answer_was_lost_is_noted(
    shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_orders, "LOOKS_SECONDS", (0.02, 0.05))
    monkeypatch.setattr(upsert, "LOOKS_SECONDS", (0.02, 0.05))
    shop.fault(lost_answer={"operation": "orderCreate", "every": 2})

    target.run([customer(1)], ledger_url=ledger_url, orders="create")

    shop.no_faults()
    assert sorted(gid or "" for gid, _ in objects(ledger_url, "order").values()) == sorted(
        one["id"] for one in shop.orders()
    )


def test_orders_that_a_killed_run_made_are_noted_by_the_next(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1)], ledger_url=ledger_url, orders="create")
    connection = psycopg2.connect(ledger_url)
    connection.autocommit = True
    connection.cursor().execute("update migration.ledger set status = 'unknown'; delete from migration.shop_objects")
    connection.close()

    target.run([customer(1)], ledger_url=ledger_url, orders="create")

    assert len(objects(ledger_url, "order")) == 2 == len(shop.orders())


def test_what_was_made_is_noted_once(ledger_url: str) -> None:
    ledger = PostgresLedger(ledger_url, "demo.myshopify.com", "run-1", LOGGER)
    ledger.intend_object("definition", "ORDER cratejoy.order_id")
    assert ledger.intended("definition") == {"ORDER cratejoy.order_id"}
    made = ShopObject("definition", "ORDER cratejoy.order_id", "gid://shopify/MetafieldDefinition/4")
    ledger.made([made, made])
    ledger.made([made])
    ledger.intend_object("definition", made.key)
    assert ledger.intended("definition") == frozenset()
    ledger.close()

    assert objects(ledger_url, "definition") == {made.key: (made.gid, None)}
