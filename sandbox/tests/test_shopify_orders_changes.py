"""Orders after their creation: searches, changes, cancelling, deleting, drafts."""

import json
import time
from typing import Any

import pytest

CREATE = """mutation($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
    order { id } userErrors { field message code } } }"""
DELETE = """mutation($i: ID!) { orderDelete(orderId: $i) { deletedId userErrors { field message code } } }"""
DELETE_CUSTOMER = """mutation($i: ID!) { customerDelete(input: {id: $i}) {
    deletedCustomerId userErrors { field message } } }"""
CANCEL = """mutation($i: ID!, $note: String) {
    orderCancel(orderId: $i, reason: OTHER, restock: false, staffNote: $note, notifyCustomer: false) {
    job { id } orderCancelUserErrors { field message code } } }"""
UPDATE = """mutation($i: OrderInput!) { orderUpdate(input: $i) {
    order { note email tags } userErrors { field message } } }"""
FIND = "query($q: String) { orders(first: 10, query: $q) { nodes { id } } }"
LINE = {"title": "Box", "quantity": 1, "priceSet": {"shopMoney": {"amount": "10.00", "currencyCode": "USD"}}}


def order(shop: Any, **more: Any) -> str:
    answer = shop.data(CREATE, {"order": {"lineItems": [LINE], **more}})["orderCreate"]
    assert answer["userErrors"] == []
    return answer["order"]["id"]


def found(shop: Any, query: str) -> list[str]:
    return [node["id"] for node in shop.data(FIND, {"q": query})["orders"]["nodes"]]


@pytest.mark.parametrize(
    "query",
    [
        "name:1001",
        "name:'#1001'",
        "email:ada@example.com",
        "tag:migrated",
        "financial_status:paid status:open",
        "processed_at:<2022-01-01",
        "source_identifier:cj-1 AND test:true",
        "-tag:other",
    ],
)
def test_an_order_is_found_by(shop: Any, query: str) -> None:
    more = {"tags": ["Migrated"], "financialStatus": "PAID", "processedAt": "2021-01-01T00:00:00Z", "test": True}
    number = order(shop, email="ada@example.com", sourceIdentifier="cj-1", **more)
    order(shop, tags=["other"])
    assert found(shop, query) == [number]


def test_a_search_is_behind_where_a_look_up_is_not(shop: Any) -> None:
    shop.fault(index_lag=3600)
    number = order(shop)
    assert found(shop, "name:1001") == []
    assert shop.data("query($i: ID!) { order(id: $i) { id } }", {"i": number})["order"] == {"id": number}
    shop.control("DELETE", "faults")
    assert found(shop, "name:1001") == [number]


def test_an_unknown_field_finds_everything_with_a_warning(shop: Any) -> None:
    number = order(shop)
    answer = shop.gql(FIND, {"q": "made_up:1"})
    assert [node["id"] for node in answer["data"]["orders"]["nodes"]] == [number]
    assert answer["extensions"]["search"][0]["warnings"][0]["code"] == "invalid_field"


def test_orders_are_counted_up_to_a_limit(shop: Any) -> None:
    for _ in range(2):
        order(shop)
    text = "{ all: ordersCount { count precision } one: ordersCount(limit: 1) { count precision } }"
    assert shop.data(text) == {
        "all": {"count": 2, "precision": "EXACT"},
        "one": {"count": 1, "precision": "AT_LEAST"},
    }


def test_old_orders_need_their_own_scope(launch_shop: Any) -> None:
    with launch_shop("--scopes", "write_orders,write_customers") as shop:
        old, new = order(shop, processedAt="2021-01-01T00:00:00Z"), order(shop)
        assert found(shop, "") == [new]
        assert shop.data("query($i: ID!) { order(id: $i) { id } }", {"i": old})["order"] is None


def test_fields_of_an_order_are_changed(shop: Any) -> None:
    number = order(shop, note="before")
    answer = shop.data(UPDATE, {"i": {"id": number, "note": "after", "tags": ["b", "a"]}})["orderUpdate"]
    assert answer == {"order": {"note": "after", "email": None, "tags": ["a", "b"]}, "userErrors": []}


def test_a_wrong_change_returns_the_order_as_it_was(shop: Any) -> None:
    number = order(shop, note="before")
    empty = shop.data(UPDATE, {"i": {"id": number}})["orderUpdate"]
    text = "No valid update parameters have been provided"
    assert empty["userErrors"] == [{"field": None, "message": text}]
    assert empty["order"]["note"] == "before"
    phone = shop.data(UPDATE, {"i": {"id": number, "phone": "not a phone"}})["orderUpdate"]
    assert phone["userErrors"] == [{"field": ["phone"], "message": "Phone is invalid"}]


def test_an_order_is_cancelled_once(shop: Any) -> None:
    number = order(shop)
    assert shop.data(CANCEL, {"i": number})["orderCancel"]["orderCancelUserErrors"] == []
    text = "query($i: ID!) { order(id: $i) { cancelReason closed totalOutstandingSet { shopMoney { amount } } } }"
    assert shop.data(text, {"i": number})["order"] == {
        "cancelReason": "OTHER",
        "closed": True,
        "totalOutstandingSet": {"shopMoney": {"amount": "0.0"}},
    }
    again = shop.data(CANCEL, {"i": number})["orderCancel"]["orderCancelUserErrors"]
    words = "Cannot cancel an order that has already been canceled"
    assert again == [{"field": ["orderId"], "message": words, "code": "INVALID"}]


def test_a_staff_note_has_at_most_255_characters(shop: Any) -> None:
    answer = shop.data(CANCEL, {"i": order(shop), "note": "x" * 256})["orderCancel"]["orderCancelUserErrors"]
    text = "Staff note is too long. Maximum length is 255 characters."
    assert answer == [{"field": ["staffNote"], "message": text, "code": "INVALID"}]


def test_a_deleted_order_is_gone(shop: Any) -> None:
    number = order(shop)
    assert shop.data(DELETE, {"i": number})["orderDelete"] == {"deletedId": number, "userErrors": []}
    error = {"field": ["orderId"], "message": "Order does not exist", "code": "NOT_FOUND"}
    assert shop.data(DELETE, {"i": number})["orderDelete"] == {"deletedId": None, "userErrors": [error]}
    assert found(shop, "") == []


def test_a_customer_with_orders_is_kept_until_a_while_after_they_are_gone(shop_with: Any) -> None:
    shop = shop_with("--time-scale", "10", "--bulk-rate", "1")
    customer = shop.create(email="ada@example.com")
    number = order(shop, customerId=customer)
    assert shop.data(DELETE_CUSTOMER, {"i": customer})["customerDelete"]["userErrors"][0]["field"] == ["id"]
    shop.data(DELETE, {"i": number})
    assert shop.data(DELETE_CUSTOMER, {"i": customer})["customerDelete"]["userErrors"]
    time.sleep(1)
    assert shop.data(DELETE_CUSTOMER, {"i": customer})["customerDelete"]["deletedCustomerId"] == customer


def test_an_order_is_handed_to_another_customer(shop: Any) -> None:
    one, other = shop.create(email="ada@example.com"), shop.create(email="grace@example.com")
    number = order(shop, customerId=one)
    text = """mutation($o: ID!, $c: ID!) { orderCustomerSet(orderId: $o, customerId: $c) {
              order { customer { id numberOfOrders } } userErrors { field code } } }"""
    answer = shop.data(text, {"o": number, "c": other})["orderCustomerSet"]
    assert answer["order"]["customer"] == {"id": other, "numberOfOrders": "1"}
    unknown = shop.data(text, {"o": number, "c": "gid://shopify/Customer/1"})["orderCustomerSet"]
    assert unknown["userErrors"] == [{"field": ["customerId"], "code": "NOT_FOUND"}]
    assert [item["orders_count"] for item in shop.customers()] == [0, 1]


def test_a_draft_becomes_an_order_of_today_and_ignores_the_price_of_a_variant_line(shop: Any) -> None:
    variant = shop.control("POST", "variants", [{"sku": "BOX-1", "price": "20.00"}])["ids"][0]
    customer = shop.create(email="ada@example.com")
    text = """mutation($i: DraftOrderInput!) { draftOrderCreate(input: $i) {
              draftOrder { id status } userErrors { field message } } }"""
    lines = [{"variantId": variant, "quantity": 1, "originalUnitPrice": "1.00", "title": "Mine"}]
    draft = shop.data(text, {"i": {"lineItems": lines, "purchasingEntity": {"customerId": customer}}})
    made = draft["draftOrderCreate"]["draftOrder"]
    assert made["status"] == "OPEN"
    text = """mutation($i: ID!) { draftOrderComplete(id: $i) { draftOrder { status order {
              displayFinancialStatus customer { id } totalPriceSet { shopMoney { amount } } } }
              userErrors { message } } }"""
    done = shop.data(text, {"i": made["id"]})["draftOrderComplete"]["draftOrder"]
    assert done["status"] == "COMPLETED"
    assert done["order"] == {
        "displayFinancialStatus": "PAID",
        "customer": {"id": customer},
        "totalPriceSet": {"shopMoney": {"amount": "20.0"}},
    }


def test_all_orders_are_dumped_as_lines(shop: Any) -> None:
    entry = {"namespace": "migration", "key": "note", "type": "single_line_text_field", "value": "hi"}
    customer = shop.create(email="ada@example.com")
    number = order(shop, customerId=customer, metafields=[entry])
    order(shop)
    text = shop.session.get(f"{shop.root}/_sandbox/orders", timeout=20).text
    first, second = [json.loads(line) for line in text.splitlines()]
    assert (first["id"], first["customer"], first["metafields"]) == (number, customer, [entry])
    assert second["customer"] is None
