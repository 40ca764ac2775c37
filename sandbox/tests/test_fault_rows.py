"""Faults in what a row says."""

import re


def first(sandbox, path, **parameters):
    return sandbox.page(path, limit=1, **parameters)["results"][0]


def test_dates_may_be_epoch_milliseconds_at_any_depth(sandbox):
    plain = first(sandbox, "/v1/shipments/")
    sandbox.fault(epoch_dates=True)
    row = first(sandbox, "/v1/shipments/")
    assert plain["created_at"].startswith("20")
    assert row["created_at"] > 1_500_000_000_000
    assert row["created_at"] % 1000 == 0
    assert isinstance(row["fulfillments"][0]["order"]["placed_at"], int)


def test_enumerations_may_be_integers(sandbox):
    sandbox.fault(integer_enums=True)
    assert first(sandbox, "/v1/subscriptions/", status="expired")["status"] == 5
    assert first(sandbox, "/v1/transactions/", result="captured")["result"] == 2
    assert first(sandbox, "/v1/shipments/", status="shipped")["fulfillments"][0]["order"]["status"] in {1, 2}
    assert first(sandbox, "/v1.1/shipments", status="shipped")["status"] == 2


def test_relations_may_be_urls(sandbox):
    plain = first(sandbox, "/v1/orders/")
    sandbox.fault(relations_as_urls=True)
    row = first(sandbox, "/v1/orders/")
    assert row["customer"] == f"/v1/customers/{plain['customer']['id']}"
    assert row["products"] == f"/v1/orders/{plain['id']}/products"


def test_a_relation_may_be_an_array_of_one(sandbox):
    plain = first(sandbox, "/v1/orders/")
    sandbox.fault(relations_in_arrays={"resource": "orders"})
    row = first(sandbox, "/v1/orders/")
    assert row["customer"] == [plain["customer"]]
    assert row["products"] == plain["products"]


def test_any_property_but_the_id_may_be_null_and_stays_so(sandbox):
    sandbox.fault(nulls={"share": 0.5, "seed": 3})
    rows = sandbox.page("/v1/orders/", limit=100)["results"]
    assert all(row["id"] for row in rows)
    assert {name for row in rows for name, value in row.items() if value is None} == set(rows[0]) - {"id"}
    assert rows == sandbox.page("/v1/orders/", limit=100)["results"]


def test_unknown_properties_may_appear(sandbox):
    sandbox.fault(extra_properties=True)
    assert first(sandbox, "/v1/customers/")["loyalty_tier"] == "gold"


def test_names_may_be_misspelt(sandbox):
    sandbox.fault(misspelt=True)
    order, cart, subscription = (first(sandbox, f"/v1/{name}/") for name in ("orders", "carts", "subscriptions"))
    assert "transaction_fes" in order
    assert "transaction_fee" not in order
    assert "tax_prices" in cart
    assert "instance" in subscription
    assert "product_instance" not in subscription


def test_text_may_carry_nul_at_any_depth(sandbox):
    sandbox.fault(odd_text="nul")
    answer = sandbox.ask("/v1/orders/", limit=1)
    assert b"\\u0000" in answer.content
    row = answer.json()["results"][0]
    assert "\0" in row["customer"]["name"]
    sandbox.fault(odd_text="nul")
    assert "\0" in first(sandbox, "/v1/customers/")["name"]


def test_text_may_carry_half_a_surrogate_pair(sandbox):
    sandbox.fault(odd_text="surrogate")
    assert b"\\ud83d" in sandbox.ask("/v1/customers/", limit=1).content
    assert "\ud83d" in first(sandbox, "/v1/customers/")["name"]


def test_dates_may_be_unreadable(sandbox):
    sandbox.fault(bad_dates=True)
    found = {row["placed_at"] for row in sandbox.page("/v1/orders/", limit=50)["results"]}
    assert found == {"", "0000-00-00", "soon"}


def test_some_dates_may_be_one_unreadable_text(sandbox):
    sandbox.fault(bad_dates={"text": "soon", "share": 0.3})
    dates = [row["placed_at"] for row in sandbox.page("/v1/orders/", limit=100)["results"]]
    assert 10 < dates.count("soon") < 60
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date) for date in dates)


def test_faults_leave_nothing_behind_when_switched_off(sandbox):
    honest = first(sandbox, "/v1/shipments/")
    sandbox.fault(nulls=0.9, odd_text="nul", epoch_dates=True, misspelt=True)
    assert first(sandbox, "/v1/shipments/") != honest
    sandbox.reset()
    assert first(sandbox, "/v1/shipments/") == honest
