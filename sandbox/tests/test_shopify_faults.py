"""Fault switches, control and endurance of the local Shopify."""

import time

import pytest
import requests

CREATE = (
    "mutation Make($i: CustomerInput!) { customerCreate(input: $i) { customer { id } userErrors { field message } } }"
)


def emails(shop):
    return [customer["email"] for customer in shop.customers()]


def make(shop, name="a"):
    return shop.post(CREATE, {"i": {"email": f"{name}@example.com"}})


def test_an_answer_may_be_lost_after_the_mutation_was_executed(shop):
    shop.fault(lost_answer={"operation": "customerCreate", "times": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        make(shop)
    assert emails(shop) == ["a@example.com"]
    assert make(shop).json()["data"]["customerCreate"]["userErrors"][0]["message"] == "Email has already been taken"


def test_a_request_may_be_dropped_before_it_is_executed(shop):
    shop.fault(dropped={"times": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        make(shop)
    assert emails(shop) == []


@pytest.mark.parametrize(("answer", "messages"), [("first", []), ("second", ["Email has already been taken"])])
def test_a_request_may_be_delivered_twice(shop, answer, messages):
    shop.fault(duplicated={"answer": answer})
    errors = make(shop).json()["data"]["customerCreate"]["userErrors"]
    assert [error["message"] for error in errors] == messages
    assert shop.control("GET", "stats")["calls"] == {"customerCreate": 2}


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["a@example.com"])])
def test_a_status_may_come_before_or_after_execution(shop, when, made):
    shop.fault(status={"status": 503, "when": when})
    assert make(shop).status_code == 503
    assert emails(shop) == made


@pytest.mark.parametrize("status", [402, 423, 430, 500, 504])
def test_any_status_may_come(shop, status):
    shop.fault(status=status)
    assert make(shop).status_code == status


def test_429_comes_with_or_without_retry_after(shop):
    shop.fault(rate_limited={"seconds": 2})
    answer = make(shop)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    shop.fault(rate_limited={"retry_after": "missing"})
    assert "Retry-After" not in make(shop).headers


def test_throttled_may_come_with_a_full_bucket(shop):
    shop.fault(throttled={"times": 1})
    answer = make(shop).json()
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] > 1900
    assert make(shop).json()["data"]["customerCreate"]["userErrors"] == []


def test_an_internal_error_may_come_with_200(shop):
    shop.fault(internal_error=True)
    assert make(shop).json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert emails(shop) == []


def test_a_body_may_break_off_or_be_html_though_all_was_executed(shop):
    shop.fault(truncated="whole")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        make(shop).json()
    shop.fault(truncated=None, html=True)
    assert make(shop, "b").headers["Content-Type"].startswith("text/html")
    assert emails(shop) == ["a@example.com", "b@example.com"]


def test_a_token_may_be_revoked_once(shop):
    shop.fault(revoked={"times": 1})
    assert [make(shop).status_code for _ in range(2)] == [401, 200]


def test_a_granted_token_may_end_early(launch_shop):
    with launch_shop("--token", "shpat_mine", "--fault", "token_lifetime=0.2") as shop:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
        token = requests.post(f"{shop.root}/admin/oauth/access_token", data=form, timeout=5).json()["access_token"]
        assert shop.post("{ shop { id } }", token=token).status_code == 200
        time.sleep(0.3)
        assert shop.post("{ shop { id } }", token=token).status_code == 401


def test_the_version_header_may_be_wrong(shop):
    shop.fault(wrong_version="2026-04")
    assert make(shop).headers["X-Shopify-API-Version"] == "2026-04"


def test_a_scope_may_go_missing_for_one_operation(shop):
    shop.fault(missing_scope={"scope": "write_customers", "operation": "customerCreate"})
    assert make(shop).json()["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert "errors" not in shop.gql("{ customersCount { count } }")


def test_a_fault_is_for_the_operations_it_names(shop):
    shop.fault(status={"operation": ["tagsAdd", "tagsRemove"], "status": 500})
    assert make(shop).status_code == 200
    text = 'mutation { tagsAdd(id: "gid://shopify/Customer/1", tags: []) { userErrors { message } } }'
    assert shop.post(text).status_code == 500


def test_latency_and_hanging(shop):
    shop.fault(latency=0.2)
    assert make(shop).elapsed.total_seconds() >= 0.2
    shop.fault(latency=None, hang={"seconds": 0.3})
    with pytest.raises(requests.exceptions.ConnectionError):
        make(shop, "b")
    assert emails(shop) == ["a@example.com"]


def test_a_wrong_fault_is_400_with_a_sentence(shop):
    answer = requests.put(f"{shop.root}/_sandbox/faults", json={"page_base": 1}, timeout=5)
    assert answer.status_code == 400
    assert answer.json() == {"errors": ["There is no fault 'page_base'; `sandbox faults` lists them."]}


def test_stats_count_calls_and_points_and_log_no_values(shop):
    while shop.control("GET", "stats")["in_flight"]:  # what an earlier test left hanging ends, and is counted, first
        time.sleep(0.05)
    shop.control("DELETE", "stats")
    make(shop, "secret")
    stats = shop.control("GET", "stats")
    assert stats["calls"] == {"customerCreate": 1}
    assert stats["points"] == 10
    assert stats["statuses"] == {"200": 1}
    entry = stats["log"][0]
    assert (entry["operation"], entry["roots"], entry["status"]) == ("Make", ["customerCreate"], 200)
    assert "secret" not in str(stats)


def test_a_merchants_own_customers_are_seeded_and_dumped(shop):
    wanted = [{"email": "own@example.com", "tags": ["vip"], "orders": 2, "state": "ENABLED"}]
    number = shop.control("POST", "customers", wanted)["ids"][0]
    customer = shop.customers()[0]
    assert (customer["id"], customer["orders_count"], customer["state"]) == (number, 2, "ENABLED")
    assert shop.control("GET", "health")["entities"] == {"Customer": 1}


def test_what_was_acknowledged_is_there_after_a_kill(launch_shop, tmp_path):
    file = str(tmp_path / "shop.sqlite")
    with launch_shop("--data", file, "--time-scale", "1000") as shop:
        shop.define()
        for number in range(50):
            sent = {"namespace": "migration", "key": "external_id", "type": "id", "value": str(number)}
            shop.create(email=f"a{number}@example.com", metafields=[sent])
        before = shop.customers()
        shop.process.kill()
        shop.process.wait(10)
    with launch_shop("--data", file, "--time-scale", "1000") as shop:
        assert shop.customers() == before
        sent = {"namespace": "migration", "key": "external_id", "type": "id", "value": "7"}
        again = shop.data(CREATE, {"i": {"email": "new@example.com", "metafields": [sent]}})["customerCreate"]
        assert again["userErrors"]
        assert shop.create(email="new@example.com") not in {customer["id"] for customer in before}


def test_a_failed_mutation_of_several_leaves_the_others(shop):
    text = """mutation($a: CustomerInput!, $b: CustomerInput!) {
        one: customerCreate(input: $a) { customer { id } userErrors { message } }
        two: customerCreate(input: $b) { customer { id } userErrors { message } } }"""
    shop.data(text, {"a": {"email": "a@example.com"}, "b": {"email": "A@example.com"}})
    assert emails(shop) == ["a@example.com"]
