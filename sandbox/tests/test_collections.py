"""Collections: envelope, numbering, page size, order and embedding, as the API's documents describe them."""

from urllib.parse import parse_qs

import pytest

PLURALS = ["customers", "subscriptions", "orders", "transactions", "products", "inventory", "shipment_batches", "carts"]


def test_a_collection_is_an_envelope_of_count_next_prev_and_results(sandbox):
    page = sandbox.page("/v1/customers/")
    assert list(page) == ["count", "next", "prev", "results"]
    assert page["count"] == 300
    assert page["next"] == "?page=1"
    assert page["prev"] is None


def test_ten_rows_come_when_no_limit_is_given(sandbox):
    assert len(sandbox.page("/v1/orders/")["results"]) == 10


@pytest.mark.parametrize("plural", PLURALS)
def test_pages_are_numbered_from_zero(sandbox, plural):
    assert sandbox.ids(f"/v1/{plural}/", limit=2) == sandbox.ids(f"/v1/{plural}/", limit=2, page=0)
    assert sandbox.page(f"/v1/{plural}/", limit=2)["next"] == "?page=1&limit=2"


def test_shipments_are_numbered_from_one(sandbox):
    first = sandbox.page("/v1/shipments/", limit=2)
    assert first["next"] == "?page=2&limit=2"
    assert first["prev"] is None
    assert first["results"] == sandbox.page("/v1/shipments/", limit=2, page=1)["results"]
    assert sandbox.ask("/v1/shipments/", page=0).status_code == 400


def test_next_carries_the_other_parameters_encoded(sandbox):
    page = sandbox.page("/v1/orders/", limit=5, placed_at__ge="2024-01-01T00:00:00Z", **{"with": "customer,coupons"})
    assert page["next"] == "?page=1&limit=5&placed_at__ge=2024-01-01T00%3A00%3A00Z&with=customer%2Ccoupons"


def test_following_next_reads_every_row_once_in_ascending_id(sandbox):
    seen, parameters = [], {"limit": "70"}
    while True:
        page = sandbox.page("/v1/customers/", **parameters)
        seen += [row["id"] for row in page["results"]]
        if not page["next"]:
            break
        parameters = {name: values[0] for name, values in parse_qs(page["next"][1:]).items()}
    assert seen == sandbox.stored_ids("customers")
    assert seen == sorted(set(seen))
    assert len(seen) == 300


@pytest.mark.parametrize("plural", [*PLURALS, "product_survey_results", "hooks"])
def test_a_page_beyond_the_end_is_empty(sandbox, plural):
    page = sandbox.page(f"/v1/{plural}/", page=999)
    assert page["results"] == []
    assert page["next"] is None


def test_no_page_is_larger_than_a_thousand(sandbox):
    assert len(sandbox.page("/v1/orders/", limit=5000)["results"]) == 1000


def test_both_slash_forms_answer(sandbox):
    assert sandbox.ids("/v1/orders") == sandbox.ids("/v1/orders/")


@pytest.mark.parametrize("parameters", [{"limit": 0}, {"limit": "x"}, {"page": -1}, {"page": "two"}])
def test_unreadable_paging_is_a_bad_request(sandbox, parameters):
    assert sandbox.ask("/v1/customers/", **parameters).status_code == 400


def test_a_subscription_embeds_its_default_relations(sandbox):
    row = sandbox.page("/v1/subscriptions/", limit=1)["results"][0]
    assert row["customer"]["type"] == "customer"
    assert row["billing"]["type"] == "product_billing"
    assert row["term"]["type"] == "subscription_type_term"
    assert row["address"]["type"] == "address"
    assert isinstance(row["product"]["ship_option"], int)
    assert set(row["product_instance"]) == {"id", "name", "price", "product_id", "sku"}
    assert "customer_id" not in row


def test_with_replaces_the_default_relations(sandbox):
    row = sandbox.page("/v1/orders/", limit=1, **{"with": "transactions"})["results"][0]
    assert row["transactions"][0]["type"] == "transaction"
    assert row["customer"] == f"/v1/customers/{row['customer_id']}/"
    assert row["products"] == f"/v1/orders/{row['id']}/products"


def test_an_empty_with_gives_urls(sandbox):
    row = sandbox.page("/v1/subscriptions/", limit=1, **{"with": ""})["results"][0]
    assert row["customer"].startswith("/v1/customers/71")
    assert row["term"].startswith("/v1/terms/550000")


def test_with_all_embeds_everything(sandbox):
    row = sandbox.page("/v1/customers/", limit=1, **{"with": "all"})["results"][0]
    assert {"_md", "addresses", "carts", "logs", "notes", "orders", "shipments", "subscriptions"} <= set(row)


def test_customers_embed_nothing_unless_asked(sandbox):
    plain = sandbox.page("/v1/customers/", limit=1)["results"][0]
    assert not {"addresses", "_md", "orders"} & set(plain)


def test_an_unknown_relation_is_a_bad_request(sandbox):
    assert sandbox.ask("/v1/orders/", **{"with": "customers"}).json()["errors"][0] == "Unknown relation 'customers'"


def test_a_transaction_names_its_order_by_url(sandbox):
    row = sandbox.page("/v1/transactions/", limit=1)["results"][0]
    assert row["order"].startswith("/v1/orders/71")
    assert sandbox.ask(row["order"]).json()["type"] == "order"


def test_an_embedded_customer_is_a_summary(sandbox):
    customer = sandbox.page("/v1/orders/", limit=1)["results"][0]["customer"]
    assert set(customer) == {
        "country", "email", "first_name", "id", "last_name", "location", "name", "status", "type",
    }  # fmt: skip


def test_a_shipment_nests_order_and_subscriptions(sandbox):
    row = sandbox.page("/v1/shipments/", limit=1, is_ecom="false")["results"][0]
    order = row["fulfillments"][0]["order"]
    assert order["subscriptions"][0]["customer"]["id"] == row["customer_id"]
    assert order["subscriptions"][0]["term"]["num_cycles"] == row["fulfillments"][0]["total_cycles"]


def test_shipment_stats_and_batch_come_on_request(sandbox):
    row = sandbox.page("/v1/shipments/", limit=1, billing_type="standard", **{"with": "stats,batch"})["results"][0]
    assert set(row["stats"]) == {"customer_cycle", "subscription_cycle", "has_addon"}
    assert row["batch"]["type"] == "shipment_batch"


def test_version_1_1_lists_simple_shipments_two_hundred_at_most(sandbox):
    page = sandbox.page("/v1.1/shipments", limit=1000)
    assert len(page["results"]) == 200
    assert set(page["results"][0]) == {
        "adjusted_ordered_at", "batch", "cust_cycle", "fulfillments", "id", "ship_address", "status", "sub_cycle",
        "tracking_number",
    }  # fmt: skip
    assert sandbox.page("/v1.1/shipments", status__in='["unshipped","cancelled"]', limit=200)["count"] > 0


def test_ids_are_beyond_32_bits(sandbox):
    assert sandbox.ids("/v1/orders/")[0] > 7_100_000_000
