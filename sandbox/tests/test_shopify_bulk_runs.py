"""Bulk operations from start to end: states, results, lists, exports."""

import json
import time
from typing import Any

CANCEL = """mutation($i: ID!) { bulkOperationCancel(id: $i) {
    bulkOperation { id status } userErrors { field message } } }"""
EXPORT = """mutation($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: false) {
    bulkOperation { id status } userErrors { message } } }"""
LIST = """query($q: String, $s: BulkOperationsSortKeys) { bulkOperations(first: 10, query: $q, sortKey: $s) {
    nodes { id status type } } }"""


def customer(number: int, **more: Any) -> dict[str, Any]:
    return {"input": {"email": f"ada{number}@example.com", **more}}


def test_an_operation_goes_from_created_over_running_to_completed(launch_shop: Any, bulk_in: Any) -> None:
    with launch_shop("--time-scale", "4") as shop:
        bulk = bulk_in(shop)
        number = bulk.start([customer(1)])
        running = bulk.reached(number, "RUNNING")
        assert (running["url"], running["fileSize"], running["completedAt"]) == (None, None, None)
        done = bulk.ended(number)
        assert (done["status"], done["objectCount"], done["errorCode"]) == ("COMPLETED", "1", None)
        assert done["fileSize"] == str(len(bulk.fetch(done["url"]).content))


def test_every_line_is_run_once_in_another_order_and_numbered_from_zero(bulk: Any) -> None:
    operation = bulk.ended(bulk.start([customer(number) for number in range(50)]))
    numbers = [line["__lineNumber"] for line in bulk.results(operation)]
    assert sorted(numbers) == list(range(50))
    assert numbers != list(range(50))
    made = sorted(bulk.shop.customers(), key=lambda item: item["id"])
    assert [item["email"] for item in made] != [f"ada{number}@example.com" for number in range(50)]
    assert len(made) == 50


def test_a_result_line_has_escaped_slashes_and_no_cost(bulk: Any) -> None:
    text = bulk.fetch(bulk.ended(bulk.start([customer(1)]))["url"]).text
    number = bulk.shop.customers()[0]["id"].rpartition("/")[2]
    assert text == (
        '{"data":{"customerCreate":{"customer":{"id":"gid:\\/\\/shopify\\/Customer\\/'
        + number
        + '","email":"ada1@example.com"},"userErrors":[]}},"__lineNumber":0}\n'
    )


def test_a_line_that_is_refused_does_not_stop_the_others(bulk: Any) -> None:
    lines = [customer(1), "{not json", {"input": {"mail": "x"}}, {"input": {"email": "nobody"}}, customer(2)]
    results = bulk.ran(lines)
    assert [("data" in line, "errors" in line) for line in results] == [
        (True, False),
        (False, True),
        (False, True),
        (True, False),
        (True, False),
    ]
    assert results[2]["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert results[3]["data"]["customerCreate"]["userErrors"] == [{"field": ["email"], "message": "Email is invalid"}]


def test_a_missing_scope_fails_every_line_of_a_completed_operation(shop_with: Any, bulk_in: Any) -> None:
    shop = shop_with("--time-scale", "1000", "--scopes", "read_customers,write_orders")
    results = bulk_in(shop).ran([customer(1), customer(2)])
    assert [line["errors"][0]["extensions"]["code"] for line in results] == ["ACCESS_DENIED"] * 2


def test_lines_cost_no_points(bulk: Any) -> None:
    bulk.shop.control("DELETE", "stats")
    bulk.ended(bulk.start([customer(number) for number in range(300)]))
    stats = bulk.shop.control("GET", "stats")
    assert stats["calls"]["customerCreate"] == 300
    assert stats["points"] < 1000


def test_a_rate_slows_an_operation_down(shop_with: Any, bulk_in: Any) -> None:
    shop = shop_with("--time-scale", "10", "--bulk-rate", "1")
    bulk = bulk_in(shop)
    number, began = bulk.start([customer(number) for number in range(10)]), time.monotonic()
    bulk.ended(number)
    assert 0.8 < time.monotonic() - began < 5


def test_a_canceled_operation_keeps_its_lines_and_has_no_result(shop_with: Any, bulk_in: Any) -> None:
    shop = shop_with("--time-scale", "10", "--bulk-rate", "1")
    bulk = bulk_in(shop)
    number = bulk.start([customer(number) for number in range(500)])
    while bulk.read(number)["objectCount"] == "0":
        time.sleep(0.01)
    canceled = shop.data(CANCEL, {"i": number})["bulkOperationCancel"]
    assert canceled == {"bulkOperation": {"id": number, "status": "CANCELING"}, "userErrors": []}
    ended = bulk.ended(number)
    assert (ended["status"], ended["url"], ended["partialDataUrl"]) == ("CANCELED", None, None)
    assert len(shop.customers()) == int(ended["objectCount"])


def test_an_ended_operation_cannot_be_canceled(bulk: Any) -> None:
    number = bulk.ended(bulk.start([customer(1)]))["id"]
    answer = bulk.shop.data(CANCEL, {"i": number})["bulkOperationCancel"]
    text = "A bulk operation cannot be canceled when it is completed"
    assert answer["userErrors"] == [{"field": None, "message": text}]
    unknown = bulk.shop.data(CANCEL, {"i": "gid://shopify/BulkOperation/1"})["bulkOperationCancel"]
    assert unknown["userErrors"] == [{"field": ["id"], "message": "Bulk operation does not exist"}]


def test_operations_are_listed_by_status_and_type(bulk: Any) -> None:
    number = bulk.ended(bulk.start([customer(1)]))["id"]
    found = bulk.shop.data(LIST, {"q": "status:completed operation_type:mutation"})["bulkOperations"]["nodes"]
    assert found == [{"id": number, "status": "COMPLETED", "type": "MUTATION"}]
    assert bulk.shop.data(LIST, {"q": "operation_type:query"})["bulkOperations"]["nodes"] == []
    assert bulk.shop.data(LIST, {"q": "created_at:<2020-01-01"})["bulkOperations"]["nodes"] == []


def test_the_newest_operation_comes_first_and_with_reverse_the_oldest(bulk: Any) -> None:
    numbers = [bulk.ended(bulk.start([customer(number)]))["id"] for number in range(2)]
    text = """{ plain: bulkOperations(first: 5, sortKey: CREATED_AT) { nodes { id } }
               reversed: bulkOperations(first: 5, sortKey: CREATED_AT, reverse: true) { nodes { id } } }"""
    found = bulk.shop.data(text)
    assert [node["id"] for node in found["plain"]["nodes"]] == numbers[::-1]
    assert [node["id"] for node in found["reversed"]["nodes"]] == numbers


def test_a_value_that_a_filter_does_not_take_finds_nothing_with_a_warning(bulk: Any) -> None:
    bulk.ended(bulk.start([customer(1)]))
    answer = bulk.shop.gql(LIST, {"q": "status:EXPIRED"})
    assert answer["data"]["bulkOperations"]["nodes"] == []
    assert answer["extensions"]["search"][0]["warnings"] == [
        {"field": "status", "message": "Input `EXPIRED` is not an accepted value.", "code": "invalid_value"}
    ]


def test_an_operation_is_found_by_node_and_as_the_current_one(bulk: Any) -> None:
    number = bulk.start([customer(1)])
    text = "query($i: ID!) { node(id: $i) { id } currentBulkOperation(type: MUTATION) { id } }"
    assert bulk.shop.data(text, {"i": number}) == {"node": {"id": number}, "currentBulkOperation": {"id": number}}


def test_an_id_of_another_type_is_not_found(shop: Any) -> None:
    answer = shop.gql('{ bulkOperation(id: "gid://shopify/Product/1") { id } }')
    assert answer["errors"][0]["message"] == "Invalid id: gid://shopify/Product/1"
    assert answer["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"


def test_a_result_is_served_by_range(bulk: Any) -> None:
    url = bulk.ended(bulk.start([customer(number) for number in range(3)]))["url"]
    whole = bulk.fetch(url).content
    part = bulk.fetch(url, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert bulk.fetch(url, Range="bytes=20-").content == whole[20:]
    assert bulk.fetch(url, Range="bytes=-5").content == whole[-5:]
    assert bulk.fetch(url, Range=f"bytes={len(whole)}-").status_code == 416


def test_overwriting_the_file_of_a_running_operation_ends_it(shop_with: Any, bulk_in: Any) -> None:
    shop = shop_with("--time-scale", "10", "--bulk-rate", "1")
    bulk = bulk_in(shop)
    target = bulk.target()
    lines = "\n".join(json.dumps(customer(number)) for number in range(100))
    shop.session.put(target["url"], data=lines, timeout=20)
    number = bulk.run(bulk.path(target))["bulkOperation"]["id"]
    bulk.reached(number, "RUNNING")
    shop.session.put(target["url"], data="{}", timeout=20)
    ended = bulk.ended(number)
    assert (ended["status"], ended["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")


def test_customers_are_exported_with_their_metafields_and_addresses(bulk: Any) -> None:
    entry = {"namespace": "migration", "key": "note", "type": "single_line_text_field", "value": "hi"}
    address = {"address1": "1 Main St", "city": "Boston", "countryCode": "US", "provinceCode": "MA", "zip": "02110"}
    number = bulk.shop.create(email="ada@example.com", tags=["b", "a"], metafields=[entry], addresses=[address])
    text = """{ customers { edges { node { id tags addresses { city }
               metafields(namespace: "migration") { edges { node { key value } } } } } } }"""
    made = bulk.shop.data(EXPORT, {"q": text})["bulkOperationRunQuery"]
    operation = bulk.ended(made["bulkOperation"]["id"])
    assert bulk.results(operation) == [
        {"id": number, "tags": ["a", "b"], "addresses": [{"city": "Boston"}]},
        {"key": "note", "value": "hi", "__parentId": number},
    ]
    assert (operation["objectCount"], operation["rootObjectCount"]) == ("2", "1")


def test_an_export_goes_over_all_pages(bulk: Any) -> None:
    bulk.ended(bulk.start([customer(number) for number in range(250)]))
    made = bulk.shop.data(EXPORT, {"q": "{ customers { edges { node { id } } } }"})["bulkOperationRunQuery"]
    assert len({line["id"] for line in bulk.results(bulk.ended(made["bulkOperation"]["id"]))}) == 250


def test_children_follow_their_parent_only_in_an_export_that_asks_for_it(bulk: Any) -> None:
    entry = {"namespace": "migration", "key": "note", "type": "single_line_text_field", "value": "hi"}
    first, second = (bulk.shop.create(email=f"{name}@example.com", metafields=[entry]) for name in ("ada", "bea"))
    text = '{ customers { edges { node { id metafields(namespace: "migration") { edges { node { key } } } } } } }'
    parents = {}
    for grouped in ("false", "true"):
        started = bulk.shop.data(EXPORT.replace("false", grouped), {"q": text})["bulkOperationRunQuery"]
        results = bulk.results(bulk.ended(started["bulkOperation"]["id"]))
        parents[grouped] = [line.get("__parentId") for line in results]
    assert parents == {"false": [None, None, first, second], "true": [None, first, None, second]}


def test_an_export_reads_more_children_than_a_page_has(bulk: Any) -> None:
    entries = [
        {"namespace": "migration", "key": f"note_{number}", "type": "single_line_text_field", "value": "hi"}
        for number in range(260)
    ]
    owner = bulk.shop.create(email="ada@example.com")
    text = "mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { message } } }"
    for start in range(0, 260, 20):
        bulk.shop.data(text, {"m": [{"ownerId": owner, **entry} for entry in entries[start : start + 20]]})
    query = '{ customers { edges { node { id metafields(namespace: "migration") { edges { node { key } } } } } } }'
    started = bulk.shop.data(EXPORT, {"q": query})["bulkOperationRunQuery"]
    assert bulk.ended(started["bulkOperation"]["id"])["objectCount"] == "261"


def test_an_operation_goes_on_after_a_kill_without_running_a_line_twice(
    launch_shop: Any, bulk_in: Any, tmp_path: Any
) -> None:
    data = ("--data", str(tmp_path / "shop.db"), "--time-scale", "10", "--bulk-rate", "100")
    with launch_shop(*data) as shop:
        number = bulk_in(shop).start([customer(number) for number in range(600)])
        while int(bulk_in(shop).read(number)["objectCount"]) < 200:
            time.sleep(0.01)
        shop.process.kill()
        shop.process.wait(10)
    with launch_shop(*data) as shop:
        bulk = bulk_in(shop)
        done = bulk.ended(number)
        assert (done["status"], done["objectCount"]) == ("COMPLETED", "600")
        results = bulk.results(done)
        assert sorted(line["__lineNumber"] for line in results) == list(range(600))
        assert all(line["data"]["customerCreate"]["userErrors"] == [] for line in results)
        assert len(shop.customers()) == 600
