"""Bulk exports: the file is whole or there is an error, whatever Shopify and its storage do; objects with children."""

from __future__ import annotations

import json
import logging
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from target_shopify import exports
from target_shopify.client import ShopifyClient
from target_shopify.errors import Interrupted, ShopRefused, Unreachable
from target_shopify.lanes import operation

from .harness import TOKEN, LocalShop, checked, local_shop

LOGGER = logging.getLogger("test")
PEOPLE = 120


@pytest.fixture(scope="module")
def full_shop(shop_server: LocalShop) -> LocalShop:
    shop_server.reset()
    entry = {"namespace": "cratejoy", "key": "order_count", "type": "number_integer", "value": "3"}
    address = {"address1": "1 Example Street", "city": "Portland", "countryCode": "US", "provinceCode": "OR"}
    for number in range(PEOPLE):
        shop_server.add_customer(email=f"c{number}@example.com", addresses=[address], metafields=[entry])
    return shop_server


@pytest.fixture
def client(full_shop: LocalShop) -> Any:
    full_shop.no_faults()
    yield ShopifyClient(checked(shop="demo", access_token=TOKEN, api_url=full_shop.url), LOGGER)
    full_shop.no_faults()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_BUSY_SECONDS", (0.02, 0.05))
    monkeypatch.setattr(operation, "_POLL_SECONDS", (0.05, 1.0))


def brought(client: ShopifyClient, folder: Path) -> list[dict[str, Any]]:
    return list(exports.objects(exports.export(client, "ExportCustomers", folder, LOGGER)))


def test_all_customers_come_with_their_addresses_and_metafields(client: ShopifyClient, tmp_path: Path) -> None:
    found = brought(client, tmp_path)

    assert len(found) == PEOPLE
    assert len({one["id"] for one in found}) == PEOPLE
    [address], [metafield] = found[0]["children"]["MailingAddress"], found[0]["children"]["Metafield"]
    assert (address["city"], metafield["key"], metafield["value"]) == ("Portland", "order_count", "3")
    assert "__parentId" not in metafield


def test_the_file_is_for_its_owner_only(client: ShopifyClient, tmp_path: Path) -> None:
    path = exports.export(client, "ExportCustomers", tmp_path, LOGGER)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["ExportCustomers.jsonl"]


def test_nothing_found_is_an_empty_file(client: ShopifyClient, tmp_path: Path) -> None:
    path = exports.export(client, "ExportOrders", tmp_path, LOGGER)

    assert path.read_bytes() == b""
    assert list(exports.objects(path)) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"bulk_refused": {"times": 3}},
        {"bulk_refused": {"times": 2, "code": "LIMIT_REACHED"}},
        {"bulk_fails": {"times": 2, "lines": 100}},
        {"bulk_expires": {"times": 1, "seconds": 0}},
        {"result_truncated": {"times": 2, "how": "short"}},
        {"result_truncated": {"times": 2, "how": "whole"}},
        {"result_truncated": {"times": 1, "how": "short"}, "result_without_range": {"times": 3}},
        {"result_refused": {"times": 2, "status": 403}},
        {"result_slow": 200_000},
        {"throttled": {"chance": 0.3}},
        {"lost_answer": {"operation": "bulkOperationRunQuery", "times": 1}},
        {"dropped": {"every": 3}},
        {"status": {"status": 503, "chance": 0.3}},
    ],
    ids=json.dumps,
)
def test_it_is_whole_in_spite_of(
    fault: dict[str, Any], client: ShopifyClient, full_shop: LocalShop, tmp_path: Path
) -> None:
    full_shop.fault(**fault)

    found = brought(client, tmp_path)

    assert len(found) == PEOPLE
    assert sum(len(kind) for one in found for kind in one["children"].values()) == 2 * PEOPLE


def test_a_lost_answer_starts_no_second_export(client: ShopifyClient, full_shop: LocalShop, tmp_path: Path) -> None:
    before = full_shop.calls().get("bulkOperationRunQuery", 0)
    full_shop.fault(lost_answer={"operation": "bulkOperationRunQuery", "times": 1})

    brought(client, tmp_path)

    assert full_shop.calls()["bulkOperationRunQuery"] - before == 1


def test_what_breaks_off_goes_on_where_it_was(
    client: ShopifyClient, full_shop: LocalShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []
    fetch = ShopifyClient.fetch
    monkeypatch.setattr(
        ShopifyClient, "fetch", lambda self, url, start=0: (starts.append(start), fetch(self, url, start))[1]
    )
    full_shop.fault(result_truncated={"times": 1, "how": "short"})

    brought(client, tmp_path)

    assert starts[0] == 0
    assert starts[1] > 1000


def test_a_file_that_is_never_whole_is_an_error_and_leaves_nothing(
    client: ShopifyClient, full_shop: LocalShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_DOWNLOADS", 1)
    monkeypatch.setattr(exports, "_TRIES", 2)
    full_shop.fault(result_truncated={"how": "whole"})

    with pytest.raises(Unreachable, match="came to no good end in 2 tries"):
        exports.export(client, "ExportCustomers", tmp_path, LOGGER)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_a_line_too_few_is_not_taken_for_whole(
    client: ShopifyClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = exports.BulkOperations.look

    def one_more(self: Any, gid: str) -> Any:
        state = dict(look(self, gid))
        return {**state, "objectCount": str(int(state["objectCount"]) + 1)}

    monkeypatch.setattr(exports.BulkOperations, "look", one_more)
    monkeypatch.setattr(exports, "_TRIES", 1)

    with pytest.raises(Unreachable):
        exports.export(client, "ExportCustomers", tmp_path, LOGGER)


def test_a_missing_right_is_told(tmp_path: Path) -> None:
    with local_shop("--scopes", "write_products", time_scale=100) as shop:
        client = ShopifyClient(checked(shop="demo", access_token=TOKEN, api_url=shop.url), LOGGER)

        with pytest.raises(ShopRefused, match="lacks a right it needs for the export ExportCustomers"):
            exports.export(client, "ExportCustomers", tmp_path, LOGGER)


def test_it_ends_when_the_run_stops(client: ShopifyClient, full_shop: LocalShop, tmp_path: Path) -> None:
    full_shop.fault(bulk_stays_created=3600)
    timer = threading.Timer(0.3, client.stop)
    timer.start()
    began = time.monotonic()

    with pytest.raises(Interrupted):
        exports.export(client, "ExportCustomers", tmp_path, LOGGER)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("namespace", ['x"){id}}}}', "ab", "a b c", ""])
def test_a_namespace_cannot_change_the_query(namespace: str) -> None:
    with pytest.raises(ValueError, match="a namespace has"):
        exports.query_text("ExportCustomers", namespace)


def test_a_namespace_is_put_in() -> None:
    assert 'metafields(namespace: "box")' in exports.query_text("ExportCustomers", "box")
    assert '"cratejoy"' not in exports.query_text("ExportOrders", "box")


# Objects


def written(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps(line, separators=(",", ":")).replace("/", "\\/") + "\n" for line in lines))
    return path


def parent(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"gid://shopify/Customer/{number}", **more}


def child(number: int, of: int, kind: str = "Metafield") -> dict[str, Any]:
    return {"id": f"gid://shopify/{kind}/{number}", "__parentId": f"gid://shopify/Customer/{of}"}


def numbers(path: Path) -> dict[int, dict[str, list[int]]]:
    def tail(gid: str) -> int:
        return int(gid.rpartition("/")[2])

    return {
        tail(one["id"]): {kind: [tail(each["id"]) for each in found] for kind, found in one["children"].items()}
        for one in exports.objects(path)
    }


def test_children_are_found_wherever_they_stand(tmp_path: Path) -> None:
    path = written(
        tmp_path, child(30, 3), parent(1), child(10, 1), parent(2), child(11, 1, "MailingAddress"), parent(3),
        child(20, 2), child(12, 1), child(31, 3),
    )  # fmt: skip

    assert numbers(path) == {
        1: {"MailingAddress": [11], "Metafield": [12, 10]},
        2: {"Metafield": [20]},
        3: {"Metafield": [30, 31]},
    }


def test_a_value_that_talks_of_parents_is_no_child(tmp_path: Path) -> None:
    path = written(tmp_path, parent(1, note='"__parentId":"gid://shopify/Customer/2"}'), parent(2), child(20, 2))

    assert numbers(path) == {1: {}, 2: {"Metafield": [20]}}


def test_a_parent_that_is_named_first_in_the_line_is_found(tmp_path: Path) -> None:
    late = {"__parentId": "gid://shopify/Customer/1", "id": "gid://shopify/Metafield/5", "value": "x" * 1000}

    assert numbers(written(tmp_path, parent(1), parent(2), late)) == {1: {"Metafield": [5]}, 2: {}}


def test_reading_half_leaves_no_file(tmp_path: Path) -> None:
    path = written(tmp_path, parent(1), parent(2), child(10, 1))
    reading = exports.objects(path)
    next(reading)
    reading.close()  # type: ignore[attr-defined]  # a generator

    assert [one.name for one in tmp_path.iterdir()] == ["export.jsonl"]
