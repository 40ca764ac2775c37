"""Filters: `[relation.]property[__comparison]=value`."""

import pytest


def rows(sandbox, path, **parameters):
    return sandbox.page(path, limit=1000, **parameters)["results"]


@pytest.mark.parametrize(
    ("comparison", "keeps"),
    [
        ("ge", lambda at: at >= "2025-01-01T00:00:00Z"),
        ("gt", lambda at: at > "2025-01-01T00:00:00Z"),
        ("le", lambda at: at <= "2025-01-01T00:00:00Z"),
        ("lt", lambda at: at < "2025-01-01T00:00:00Z"),
    ],
)
def test_dates_compare(sandbox, comparison, keeps):
    everything = {row["id"] for row in rows(sandbox, "/v1/subscriptions/") if keeps(row["start_date"])}
    found = {row["id"] for row in rows(sandbox, "/v1/subscriptions/", **{f"start_date__{comparison}": "2025-1-1"})}
    assert found == everything
    assert found


@pytest.mark.parametrize("text", ["2025-01-05T00:00:00Z", "2025-1-5T00:00:00Z", "2025-01-05", "2025-01-05 00:00:00Z"])
def test_dates_are_read_in_every_documented_form(sandbox, text):
    expected = sandbox.page("/v1/orders/", placed_at__ge="2025-01-05T00:00:00Z")["count"]
    assert sandbox.page("/v1/orders/", placed_at__ge=text)["count"] == expected


@pytest.mark.parametrize(
    ("path", "name", "word", "number"),
    [
        ("/v1/subscriptions/", "status", "active", 2),
        ("/v1/orders/", "status", "closed", 2),
        ("/v1/orders/", "fulfillment_status", "fulfilled", 3),
        ("/v1/transactions/", "result", "captured", 2),
        ("/v1/shipments/", "status", "unshipped", 1),
    ],
)
def test_enumerations_are_taken_as_text_and_as_integer(sandbox, path, name, word, number):
    by_word, by_number = sandbox.page(path, **{name: word}), sandbox.page(path, **{name: number})
    assert by_word["results"] == by_number["results"]
    assert {row[name] for row in by_word["results"]} == {word}


def test_like_minds_case_and_ilike_does_not(sandbox):
    name = rows(sandbox, "/v1/customers/")[0]["first_name"]
    assert sandbox.page("/v1/customers/", name__like=f"{name}%")["count"] > 0
    assert sandbox.page("/v1/customers/", name__like=f"{name.swapcase()}%")["count"] == 0
    assert sandbox.page("/v1/customers/", name__ilike=f"{name.swapcase()}%")["count"] > 0


def test_in_and_nin_take_a_list(sandbox):
    first, second, *_ = sandbox.ids("/v1/customers/")
    assert sandbox.ids("/v1/customers/", id__in=f"{first},{second}") == [first, second]
    assert sandbox.page("/v1/customers/", id__nin=f"{first},{second}")["count"] == 298


def test_ne_and_is_null(sandbox):
    shipped = sandbox.page("/v1/shipments/", shipped_at__is_null="false")["count"]
    waiting = sandbox.page("/v1/shipments/", shipped_at__is_null="true")["count"]
    assert shipped + waiting == sandbox.page("/v1/shipments/")["count"]
    assert sandbox.page("/v1/shipments/", status__ne="shipped")["count"] == waiting


def test_ids_filter_for_keyset_reading(sandbox):
    ids = sandbox.ids("/v1/customers/", limit=20)
    assert sandbox.ids("/v1/customers/", limit=10, id__gt=ids[9]) == ids[10:]


def test_a_subscription_is_found_by_its_customer_both_ways(sandbox):
    customer = rows(sandbox, "/v1/subscriptions/")[0]["customer"]["id"]
    assert sandbox.ids("/v1/subscriptions/", customer_id=customer)
    assert sandbox.ids("/v1/subscriptions/", customer_id=customer) == sandbox.ids(
        "/v1/subscriptions/", **{"customer.id": customer}
    )


def test_relation_filters_reach_the_first_level(sandbox):
    city = rows(sandbox, "/v1/customers/", **{"with": "addresses", "addresses.city": "Austin"})
    assert city
    assert all("Austin" in {address["city"] for address in row["addresses"]} for row in city)
    found = rows(sandbox, "/v1/shipments/", **{"customer.email__ilike": "%EXAMPLE.NET"})
    assert found
    assert all(row["customer"]["email"].lower().endswith("example.net") for row in found)
    due = rows(sandbox, "/v1/shipments/", **{"fulfillments.adjusted_fulfillment_date__gt": "2026-10-01T00:00:00Z"})
    assert all(row["adjusted_ordered_at"] > "2026-10-01T00:00:00Z" for row in due)
    assert rows(sandbox, "/v1/shipments/", **{"batch.end__lt": "2025-01-01"})
    assert rows(sandbox, "/v1/subscriptions/", **{"orders.financial_status": "refunded"})


def test_metadata_filters_by_date_and_by_path(sandbox):
    sized = rows(sandbox, "/v1/customers/", **{"with": "_md", "_md.shoe.size__gt": "9"})
    assert sized
    assert all(row["_md"]["data"]["shoe"]["size"] > 9 for row in sized)
    changed = rows(sandbox, "/v1/customers/", **{"with": "_md", "_md.updated_at__gt": "2026-01-01T00:00:00Z"})
    assert changed
    assert all(row["_md"]["updated_at"] > "2026-01-01" for row in changed)


def test_shipments_filter_by_subscription_and_batch(sandbox):
    box = rows(sandbox, "/v1/shipments/", billing_type="standard", **{"with": "batch,fulfillments"})[0]
    subscription = box["fulfillments"][0]["subscription_id"]
    assert box["id"] in sandbox.ids("/v1/shipments/", subscription_id=subscription, limit=100)
    assert box["id"] in sandbox.ids("/v1/shipments/", batch_id=box["batch"]["id"], limit=1000)


def test_survey_results_filter_by_subscription(sandbox):
    result = rows(sandbox, "/v1/product_survey_results/")[0]
    assert sandbox.ids("/v1/product_survey_results/", subscription_id=result["subscription_id"]) == [result["id"]]
    assert result["answers"][0]["field"]["name"] == "Favourite teas"


@pytest.mark.parametrize(
    ("path", "name", "value", "error"),
    [
        ("/v1/orders/", "badprop", "1", "Unknown property 'badprop'"),
        ("/v1/orders/", "placed_at__gte", "2025-01-01", "Unknown comparison 'gte'"),
        ("/v1/orders/", "customer", "7101000001", "Unknown property 'customer'"),
        ("/v1/orders/", "customer.shoe", "1", "Unknown property 'customer.shoe'"),
        ("/v1/subscriptions/", "address.city", "Austin", "Unknown property 'address.city'"),
        ("/v1/products/", "instances.sku", "TEA-GREEN", "Unknown property 'instances.sku'"),
        ("/v1/orders/", "placed_at__ge", "yesterday", "Invalid value 'yesterday' for property 'placed_at'"),
        ("/v1/orders/", "placed_at__ge", "2025-13-01", "Invalid value '2025-13-01' for property 'placed_at'"),
        ("/v1/subscriptions/", "status", "paused", "Invalid value 'paused' for property 'status'"),
        ("/v1/customers/", "id", "abc", "Invalid value 'abc' for property 'id'"),
        ("/v1/customers/", "offset", "10", "Unknown property 'offset'"),
    ],
)
def test_what_is_not_known_is_a_bad_request(sandbox, path, name, value, error):
    response = sandbox.ask(path, **{name: value})
    assert response.status_code == 400
    assert response.json() == {"errors": [error, "Invalid query parameter"]}
