"""Elements, what hangs on them, credentials and error statuses."""

import pytest
import requests

CUSTOMER = {
    "country", "email", "first_name", "id", "last_name", "location", "name", "note", "num_orders",
    "num_subscriptions", "subscription_status", "total_revenue", "type", "url",
}  # fmt: skip
ORDER = {
    "card_refunded_amount", "credit_applied", "customer", "customer_id", "financial_status",
    "fulfillment_status", "gift_card_discount", "gift_message", "gift_renewal_notif",
    "gross_shipping", "id", "is_gift", "is_renewal", "is_test", "note", "order_gift_info",
    "placed_at", "products", "prorated_charge", "refund_applied", "refunded_amount", "status",
    "store_id", "sub_total", "total", "total_app_fees", "total_label_cost", "total_pending_fees",
    "total_price", "total_shipping", "total_tax", "transaction_fee", "transaction_fee_status",
    "type", "url",
}  # fmt: skip
SUBSCRIPTION = {
    "address", "autorenew", "billing", "billing_name", "credit", "customer", "end_date", "id",
    "is_test", "note", "product", "product_billing_id", "product_instance", "skipped_date",
    "source", "start_date", "status", "store_id", "term", "type", "url",
}  # fmt: skip
SHIPMENT = {
    "adjusted_ordered_at", "created_at", "customer", "customer_id", "fulfillments", "id", "is_ecom",
    "is_gift", "is_test", "labels", "ship_address", "shipped_at", "status", "target_at",
    "tracking_number", "type", "url",
}  # fmt: skip
PRODUCT = {
    "deleted", "description", "flat_ship_price", "gift_shipping", "giftable", "has_subscribers",
    "id", "images", "instances", "listed", "name", "product_billing_id", "product_type",
    "reviewable", "ship_option", "ship_weight", "single_purchasable", "sku", "slug", "store_id",
    "type", "url", "visible",
}  # fmt: skip
DOCUMENTED = {
    "customers": CUSTOMER | {"status", "store_settings"},
    "orders": ORDER,
    "subscriptions": SUBSCRIPTION,
    "shipments": SHIPMENT,
    "products": PRODUCT,
    "transactions": {"created_at", "id", "is_test", "order", "result", "total", "type", "url"},
    "carts": {
        "completed", "customer_id", "id", "is_test", "order_id", "ship_price", "store_id",
        "tax_price", "tax_rates", "type", "url",
    },
    "inventory": {
        "confidence", "id", "out_of_stock_purchases", "product_id", "product_instance_id",
        "quantity_on_hand", "track_inventory", "type", "url",
    },
    "shipment_batches": {"end", "id", "product_billing_id", "start", "type", "url"},
    "hooks": {
        "created_at", "enabled", "event", "id", "name", "querystring", "request_type", "store_id",
        "target", "type", "url",
    },
    "product_survey_results": {"id", "subscription_id", "answers"},
}  # fmt: skip


@pytest.mark.parametrize("plural", DOCUMENTED)
def test_a_row_has_exactly_the_documented_properties(sandbox, plural):
    row = sandbox.page(f"/v1/{plural}/", limit=1)["results"][0]
    assert set(row) == DOCUMENTED[plural]


@pytest.mark.parametrize("plural", DOCUMENTED)
def test_an_element_is_its_row_without_an_envelope(sandbox, plural):
    row = sandbox.page(f"/v1/{plural}/", limit=1)["results"][0]
    assert sandbox.page(f"/v1/{plural}/{row['id']}/") == row
    assert sandbox.page(f"/v1/{plural}/{row['id']}") == row


def test_order_lines_look_as_documented(sandbox):
    line = sandbox.page("/v1/orders/", limit=1)["results"][0]["products"][0]
    assert set(line) == {
        "discount", "id", "instance", "order_id", "price", "quantity", "ship_weight", "shipping",
        "subscription_id", "tax", "type",
    }  # fmt: skip
    assert line["instance"]["type"] == "product_instance"
    assert set(line["instance"]["product"]) == {"deleted", "id", "name", "single_purchasable"}


def test_fulfillments_look_as_documented(sandbox):
    fulfillment = sandbox.page("/v1/shipments/", limit=1)["results"][0]["fulfillments"][0]
    assert set(fulfillment) == {
        "adjusted_fulfillment_date", "cycle_number", "fulfillment_date", "id", "instance",
        "is_test", "order", "shipment_id", "shipping", "status", "subscription_id", "tax", "test",
        "total_cycles", "type",
    }  # fmt: skip
    assert {"received_gift", "sent_gift", "subscriptions"} <= set(fulfillment["order"])
    assert not {"sub_total", "gross_shipping", "is_gift", "order_gift_info", "url"} & set(fulfillment["order"])


def test_labels_look_as_documented(sandbox):
    labels = [row["labels"] for row in sandbox.page("/v1/shipments/", limit=1000)["results"] if row["labels"]]
    assert set(labels[0][0]) == {
        "api", "carrier", "cost", "created_at", "ezp_created_at", "ezp_updated_at", "filetype",
        "financial_status", "height", "id", "is_test", "is_void", "length", "overlay_cdn",
        "overlay_s3", "predefined_package", "prepaid", "tracking", "type", "url", "width",
    }  # fmt: skip


def test_addresses_of_a_customer_are_a_collection(sandbox):
    customer = sandbox.page("/v1/customers/", limit=1, **{"with": "addresses"})["results"][0]
    page = sandbox.page(f"/v1/customers/{customer['id']}/addresses/")
    assert page["results"] == customer["addresses"]
    assert page["count"] == len(customer["addresses"])
    assert sandbox.page(f"/v1/addresses/{customer['addresses'][0]['id']}/") == customer["addresses"][0]


def test_metadata_is_an_object_or_404(sandbox):
    rows = sandbox.page("/v1/customers/", limit=300, **{"with": "_md"})["results"]
    some = next(row for row in rows if row["_md"])
    none = next(row for row in rows if not row["_md"])
    assert sandbox.page(f"/v1/customers/{some['id']}/metadata/") == some["_md"]
    assert set(some["_md"]) == {"id", "customer_id", "store_id", "data", "created_at", "updated_at"}
    assert sandbox.ask(f"/v1/customers/{none['id']}/metadata/").status_code == 404


def test_subscriptions_have_coupons_and_metadata(sandbox):
    rows = sandbox.page("/v1/subscriptions/", limit=1000, **{"with": "coupons,_md"})["results"]
    with_coupon = next(row for row in rows if row["coupons"])
    page = sandbox.page(f"/v1/subscriptions/{with_coupon['id']}/coupons/")
    assert page["results"] == with_coupon["coupons"]
    assert set(page["results"][0]) == {"code_used", "coupon_id", "enabled", "id", "num_renewals", "type"}
    with_metadata = next(row for row in rows if row["_md"])
    assert sandbox.page(f"/v1/subscriptions/{with_metadata['id']}/metadata/")["subscription_id"] == with_metadata["id"]


def test_a_relation_url_can_be_followed(sandbox):
    order = sandbox.page("/v1/orders/", limit=1)["results"][0]
    assert sandbox.page(f"/v1/orders/{order['id']}/products")["results"] == order["products"]


def test_page_redirects_are_an_empty_collection(sandbox):
    assert sandbox.page("/v1/page_redirects/") == {"count": 0, "next": None, "prev": None, "results": []}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/1/",
        "/v1/customers/1/addresses/",
        "/v1/nothing/",
        "/v1/addresses/",
        "/v1.1/shipments/7101000001",
        "/v1/orders/abc/",
        "/",
    ],
)
def test_what_is_not_there_is_404(sandbox, path):
    response = sandbox.ask(path)
    assert response.status_code == 404
    assert response.json()["errors"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/orders/", "/v1/customers/7101000001/"])
def test_writing_is_405(sandbox, method, path):
    response = requests.request(method, sandbox.root + path, auth=("sandbox", "sandbox-secret"), timeout=5)
    assert response.status_code == 405
    assert response.json()["errors"]


def test_no_credentials_is_401_and_wrong_ones_are_403(sandbox):
    assert requests.get(f"{sandbox.root}/v1/products/", timeout=5).status_code == 401
    assert requests.get(f"{sandbox.root}/v1/products/", auth=("sandbox", "no"), timeout=5).status_code == 403
    headers = {"Authorization": "Basic %%%"}
    assert requests.get(f"{sandbox.root}/v1/products/", headers=headers, timeout=5).status_code == 403
