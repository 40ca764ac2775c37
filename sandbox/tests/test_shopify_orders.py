"""orderCreate: what it checks, what it adds up to, and what it does to the customer."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

CREATE = """mutation($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
    orderCreate(order: $order, options: $options) {
      order { id name email tags test note processedAt sourceIdentifier displayFinancialStatus displayFulfillmentStatus
        subtotalPriceSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } }
        totalDiscountsSet { shopMoney { amount } } totalShippingPriceSet { shopMoney { amount } }
        totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
        totalOutstandingSet { shopMoney { amount } } totalReceivedSet { shopMoney { amount } }
        discountCodes paymentGatewayNames capturable
        customer { id email firstName lastName numberOfOrders amountSpent { amount }
          defaultAddress { address1 } addresses { address1 } }
        lineItems(first: 5) { nodes { title sku quantity variant { id } customAttributes { key value } } }
        shippingAddress { address1 country province } }
      userErrors { field message code } } }"""
BOSTON = {
    "firstName": "Ada",
    "lastName": "Byron",
    "address1": "1 Main St",
    "city": "Boston",
    "countryCode": "US",
    "provinceCode": "MA",
    "zip": "02110",
}


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(amount: str = "10.00", quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"title": "Box", "quantity": quantity, "priceSet": money(amount), **more}


def tax(amount: str) -> dict[str, Any]:
    return {"title": "Tax", "rate": "0.05", "priceSet": money(amount)}


def payment(amount: str, kind: str = "SALE") -> dict[str, Any]:
    return {"kind": kind, "status": "SUCCESS", "gateway": "cratejoy", "amountSet": money(amount)}


def create(shop: Any, options: Any = None, **order: Any) -> dict[str, Any]:
    wanted = {"lineItems": [line()], **order}
    return shop.data(CREATE, {"order": wanted, "options": options})["orderCreate"]


def made(shop: Any, **order: Any) -> dict[str, Any]:
    answer = create(shop, **order)
    assert answer["userErrors"] == []
    return answer["order"]


def amount(order: dict[str, Any], name: str) -> str:
    return order[name]["shopMoney"]["amount"]


def test_the_smallest_order_is_one_line(shop: Any) -> None:
    order = made(shop)
    assert order["name"] == "#1001"
    assert order["displayFinancialStatus"] is None
    assert order["displayFulfillmentStatus"] == "UNFULFILLED"
    assert order["customer"] is None
    assert amount(order, "totalOutstandingSet") == "10.0"


def test_lines_discount_shipping_and_taxes_add_up(shop: Any) -> None:
    order = made(
        shop,
        lineItems=[line("20.00", 2, taxLines=[tax("2.00")])],
        shippingLines=[{"title": "Standard", "priceSet": money("5.00"), "taxLines": [tax("0.50")]}],
        discountCode={"itemFixedDiscountCode": {"code": "SAVE5", "amountSet": money("5.00")}},
        transactions=[payment("42.50")],
        fulfillmentStatus="FULFILLED",
    )
    assert amount(order, "subtotalPriceSet") == "35.0"
    assert amount(order, "totalTaxSet") == "2.5"
    assert amount(order, "totalDiscountsSet") == "5.0"
    assert amount(order, "totalShippingPriceSet") == "5.0"
    assert amount(order, "totalPriceSet") == "42.5"
    assert amount(order, "totalOutstandingSet") == "0.0"
    assert order["displayFinancialStatus"] == "PAID"
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    assert order["discountCodes"] == ["SAVE5"]
    assert order["paymentGatewayNames"] == ["cratejoy"]


def test_included_taxes_are_not_added(shop: Any) -> None:
    order = made(shop, lineItems=[line("10.00", taxLines=[tax("1.00")])], taxesIncluded=True)
    assert (amount(order, "totalPriceSet"), amount(order, "totalTaxSet")) == ("10.0", "1.0")


@pytest.mark.parametrize(
    ("transactions", "status", "received"),
    [
        ([payment("10.00")], "PAID", "10.0"),
        ([payment("4.00")], "PARTIALLY_PAID", "4.0"),
        ([payment("10.00", "AUTHORIZATION")], "AUTHORIZED", "0.0"),
        ([payment("10.00"), payment("4.00", "REFUND")], "PARTIALLY_REFUNDED", "6.0"),
        ([payment("10.00"), payment("10.00", "REFUND")], "REFUNDED", "0.0"),
    ],
)
def test_payments_say_the_financial_status(shop: Any, transactions: list[Any], status: str, received: str) -> None:
    order = made(shop, transactions=transactions)
    assert (order["displayFinancialStatus"], amount(order, "totalReceivedSet")) == (status, received)


def test_a_stated_financial_status_stands(shop: Any) -> None:
    assert made(shop, financialStatus="PAID")["displayFinancialStatus"] == "PAID"


def test_the_buyers_currency_is_kept(shop: Any) -> None:
    price = {**money("10.00"), "presentmentMoney": {"amount": "9.00", "currencyCode": "EUR"}}
    order = made(shop, lineItems=[{**line(), "priceSet": price}], presentmentCurrency="EUR")
    assert order["totalPriceSet"] == {
        "shopMoney": {"amount": "10.0", "currencyCode": "USD"},
        "presentmentMoney": {"amount": "9.0", "currencyCode": "EUR"},
    }


def test_an_order_keeps_its_past_date_and_a_future_one_becomes_now(shop: Any) -> None:
    assert made(shop, processedAt="2021-03-04T05:06:07+02:00")["processedAt"] == "2021-03-04T03:06:07Z"
    future = made(shop, processedAt="2099-01-01T00:00:00Z")["processedAt"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(future)).total_seconds()) < 60


def test_a_line_takes_price_and_sku_from_its_variant(shop: Any) -> None:
    variant = shop.control("POST", "variants", [{"sku": "BOX-1", "price": "20.00", "product": "Box"}])["ids"][0]
    order = made(shop, lineItems=[{"variantId": variant, "quantity": 2}])
    node = order["lineItems"]["nodes"][0]
    assert (node["sku"], node["variant"]["id"], amount(order, "totalPriceSet")) == ("BOX-1", variant, "40.0")


def test_variants_are_found_by_sku(shop: Any) -> None:
    wanted = [{"sku": "BOX-1", "price": "20.00"}, {"sku": "BOX-2", "price": "30.00"}]
    ids = shop.control("POST", "variants", wanted)["ids"]
    text = """query($q: String) { productVariants(first: 5, query: $q) { nodes { id sku } } }"""
    assert shop.data(text, {"q": "sku:'BOX-2'"})["productVariants"]["nodes"] == [{"id": ids[1], "sku": "BOX-2"}]


def test_properties_of_a_line_are_its_attributes(shop: Any) -> None:
    order = made(shop, lineItems=[line(properties=[{"name": "size", "value": "L"}])])
    assert order["lineItems"]["nodes"][0]["customAttributes"] == [{"key": "size", "value": "L"}]


NOBODY = "gid://shopify/Customer/1"


@pytest.mark.parametrize(
    ("order", "field", "code"),
    [
        ({"lineItems": []}, ["order", "lineItems"], "INVALID"),
        ({"customerId": NOBODY, "customer": {"toAssociate": {"id": NOBODY}}}, ["order"], "REDUNDANT_CUSTOMER_FIELDS"),
        ({"customer": {"toAssociate": {"id": NOBODY}}}, ["order", "customer", "toAssociate", "id"], "INVALID"),
        ({"customerId": NOBODY}, ["order", "customerId"], "INVALID"),
        ({"lineItems": [line(taxLines=[tax("1")])], "taxLines": [tax("1")]}, ["order", "taxLines"], "INVALID"),
        (
            {
                "discountCode": {
                    "freeShippingDiscountCode": {"code": "A"},
                    "itemPercentageDiscountCode": {"code": "B", "percentage": 10},
                }
            },
            ["order", "discountCode"],
            "INVALID",
        ),
        ({"tags": ["x" * 41]}, ["order", "tags", "0"], "INVALID"),
        ({"email": "nobody"}, ["order", "email"], "INVALID"),
        ({"shippingAddress": {**BOSTON, "provinceCode": "ON"}}, ["order", "shippingAddress", "province"], "INVALID"),
        (
            {"lineItems": [{"variantId": "gid://shopify/ProductVariant/1", "quantity": 1}]},
            ["order", "lineItems", "0", "variantId"],
            "INVALID",
        ),
    ],
)
def test_an_order_that_is_wrong_is_refused_and_leaves_nothing(shop: Any, order: Any, field: Any, code: str) -> None:
    answer = create(shop, **order)
    assert answer["order"] is None
    assert [(error["field"], error["code"]) for error in answer["userErrors"]] == [(field, code)]
    assert shop.customers() == []
    assert shop.data("{ ordersCount { count } }")["ordersCount"]["count"] == 0


def test_an_order_without_lines_is_refused_in_shopifys_words(shop: Any) -> None:
    text = "Line items must have at least one line item"
    assert create(shop, lineItems=[])["userErrors"][0]["message"] == text


def test_the_orders_address_becomes_the_customers_default_and_names_the_nameless(shop: Any) -> None:
    home = {**BOSTON, "address1": "9 Elm St"}
    number = shop.create(phone="+16135550142", addresses=[{k: v for k, v in home.items() if "Name" not in k}])
    order = made(shop, customer={"toAssociate": {"id": number}}, email="ada@example.com", shippingAddress=BOSTON)
    buyer = order["customer"]
    assert buyer["defaultAddress"] == {"address1": "1 Main St"}
    assert buyer["addresses"] == [{"address1": "9 Elm St"}, {"address1": "1 Main St"}]
    assert (buyer["firstName"], buyer["lastName"], buyer["email"]) == ("Ada", "Byron", "ada@example.com")
    assert order["shippingAddress"] == {
        "address1": "1 Main St",
        "country": "United States",
        "province": "Massachusetts",
    }


def test_a_name_and_an_address_that_are_there_stay(shop: Any) -> None:
    number = shop.create(firstName="Grace", email="grace@example.com")
    order = made(shop, customer={"toAssociate": {"id": number}}, email="ada@example.com")
    assert (order["customer"]["firstName"], order["customer"]["email"]) == ("Grace", "grace@example.com")
    assert order["customer"]["defaultAddress"] is None
    assert order["email"] == "ada@example.com"


def test_an_order_with_only_an_email_makes_a_customer_once(shop: Any) -> None:
    first = made(shop, email="ada@example.com")["customer"]
    assert made(shop, email="ADA@example.com")["customer"]["id"] == first["id"]
    assert [customer["email"] for customer in shop.customers()] == ["ada@example.com"]


def test_an_upsert_changes_the_customer_with_the_email_or_makes_one(shop: Any) -> None:
    number = shop.create(email="ada@example.com")
    wanted = {"email": "ada@example.com", "firstName": "Ada"}
    assert made(shop, customer={"toUpsert": wanted})["customer"]["id"] == number
    new = made(shop, customer={"toUpsert": {"email": "grace@example.com", "firstName": "Grace"}})["customer"]
    assert new["id"] != number
    assert [customer["firstName"] for customer in shop.customers()] == ["Ada", "Grace"]


def test_orders_raise_the_customers_count_and_sum(shop: Any) -> None:
    number = shop.create(email="ada@example.com")
    for _ in range(2):
        order = made(shop, customerId=number, financialStatus="PAID")
    assert (order["customer"]["numberOfOrders"], order["customer"]["amountSpent"]) == ("2", {"amount": "20.0"})
    text = "query($i: ID!) { customer(id: $i) { orders(first: 5) { nodes { name } } lastOrder { name } } }"
    assert shop.data(text, {"i": number})["customer"] == {
        "orders": {"nodes": [{"name": "#1001"}, {"name": "#1002"}]},
        "lastOrder": {"name": "#1002"},
    }


def test_a_unique_id_metafield_makes_a_repeated_order_fail(shop: Any) -> None:
    shop.define(key="order_id", ownerType="ORDER")
    entry = {"namespace": "migration", "key": "order_id", "type": "id", "value": "77"}
    number = made(shop, metafields=[entry])["id"]
    answer = create(shop, metafields=[entry])
    assert answer["userErrors"][0]["field"] == ["order", "metafields", "0", "value"]
    text = """query($i: OrderIdentifierInput!) { orderByIdentifier(identifier: $i) { id } }"""
    custom = {"namespace": "migration", "key": "order_id", "value": "77"}
    assert shop.data(text, {"i": {"customId": custom}})["orderByIdentifier"] == {"id": number}
    assert shop.data(text, {"i": {"customId": {**custom, "value": "78"}}})["orderByIdentifier"] is None


def test_without_a_unique_metafield_a_repeated_order_is_doubled(shop: Any) -> None:
    for _ in range(2):
        made(shop, sourceIdentifier="cj-1")
    text = '{ orders(first: 5, query: "source_identifier:cj-1") { nodes { name sourceIdentifier } } }'
    assert shop.data(text)["orders"]["nodes"] == [
        {"name": "#1001", "sourceIdentifier": "cj-1"},
        {"name": "#1002", "sourceIdentifier": "cj-1"},
    ]


def test_nothing_is_mailed_unless_it_is_asked_for(shop: Any) -> None:
    create(shop, {"inventoryBehaviour": "BYPASS"})
    assert shop.control("GET", "stats")["mails"]["total"] == 0
    create(shop, {"sendReceipt": True, "sendFulfillmentReceipt": True})
    place = "gid://shopify/Location/1"
    create(shop, fulfillment={"locationId": place, "notifyCustomer": True})
    assert shop.control("GET", "stats")["mails"]["total"] == 3


def test_a_development_store_takes_five_orders_a_minute(launch_shop: Any) -> None:
    with launch_shop("--plan", "dev", "--time-scale", "60") as shop:
        for _ in range(5):
            made(shop)
        assert create(shop)["userErrors"][0]["message"] == "Too many attempts. Please try again later."
        time.sleep(1.1)
        made(shop)


def test_orders_run_in_bulk(bulk: Any) -> None:
    mutation = """mutation($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
                  order { id } userErrors { field message } } }"""
    results = bulk.ran([{"order": {"lineItems": [line()]}}, {"order": {"lineItems": []}}], mutation)
    assert results[0]["data"]["orderCreate"]["order"]
    assert results[1]["data"]["orderCreate"]["userErrors"][0]["field"] == ["order", "lineItems"]
