"""The hands of the tests: `/_sandbox/`."""

import json
import threading
import time

import pytest
import requests


def test_health_counts_rows_without_credentials(sandbox):
    health = requests.get(f"{sandbox.root}/_sandbox/health", timeout=5).json()
    assert health["ok"] is True
    assert health["rows"]["customers"] == 300


def test_faults_are_merged_shown_and_reset(sandbox):
    sandbox.fault(html={"pages": [1]})
    sandbox.fault(count_off=2)
    assert requests.get(f"{sandbox.root}/_sandbox/faults", timeout=5).json() == {"html": {"pages": [1]}, "count_off": 2}
    assert requests.delete(f"{sandbox.root}/_sandbox/faults", timeout=5).json() == {}
    assert sandbox.page("/v1/customers/", page=1)["count"] == 300


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"nonsense": true}', "There is no fault 'nonsense'; `sandbox faults` lists them."),
        ("[1]", "The body is not a JSON object."),
        ("{", "The body is not JSON."),
    ],
)
def test_a_wrong_fault_is_400_with_a_sentence(sandbox, body, sentence):
    answer = requests.put(f"{sandbox.root}/_sandbox/faults", data=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json() == {"errors": [sentence]}


def test_stats_count_requests_and_rows_and_log_them(sandbox):
    sandbox.page("/v1/customers/", limit=7)
    sandbox.ask("/v1/orders/", badprop=1)
    stats = requests.get(f"{sandbox.root}/_sandbox/stats", timeout=5).json()
    assert stats["requests"] == 2
    assert stats["resources"] == {"customers": {"requests": 1, "rows": 7}, "orders": {"requests": 1, "rows": 0}}
    first, second = stats["log"]
    assert (first["path"], first["query"], first["status"]) == ("/v1/customers/", "limit=7", 200)
    assert (second["path"], second["status"]) == ("/v1/orders/", 400)
    assert first["at"] < second["at"]
    assert first["in_flight"] == 1


def test_stats_are_forgotten_on_request(sandbox):
    sandbox.page("/v1/customers/")
    requests.delete(f"{sandbox.root}/_sandbox/stats", timeout=5)
    assert requests.get(f"{sandbox.root}/_sandbox/stats", timeout=5).json()["log"] == []


def test_stats_tell_how_often_each_fault_was_met(sandbox):
    sandbox.fault(count_off=2, duplicates={"pages": [1]})
    for page in (0, 1, 2):
        sandbox.page("/v1/customers/", page=page)
    assert requests.get(f"{sandbox.root}/_sandbox/stats", timeout=5).json()["faults"] == {
        "count_off": 3, "duplicates": 1,
    }  # fmt: skip
    assert requests.delete(f"{sandbox.root}/_sandbox/stats", timeout=5).json()["faults"] == {}


def test_stats_show_how_many_requests_were_in_flight(sandbox):
    sandbox.fault(latency=0.3)
    threads = [
        threading.Thread(
            target=lambda: requests.get(f"{sandbox.root}/v1/carts/", auth=("sandbox", "sandbox-secret"), timeout=5)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert requests.get(f"{sandbox.root}/_sandbox/stats", timeout=5).json()["most_in_flight"] == 4


def test_a_dropped_request_is_logged_without_status(sandbox):
    sandbox.fault(dropped=True)
    with pytest.raises(requests.exceptions.ConnectionError):
        sandbox.ask("/v1/customers/")
    time.sleep(0.1)
    stats = requests.get(f"{sandbox.root}/_sandbox/stats", timeout=5).json()
    assert stats["log"][-1]["status"] is None
    assert stats["in_flight"] == 0


def test_ids_are_streamed_as_json_lines(sandbox):
    text = requests.get(f"{sandbox.root}/_sandbox/ids/orders", timeout=5).text
    ids = [json.loads(line) for line in text.splitlines()]
    assert len(ids) == sandbox.page("/v1/orders/")["count"] > 1000
    assert ids == sorted(set(ids))


def test_ids_are_there_for_version_1_1_and_for_every_table(sandbox):
    assert sandbox.stored_ids("v1.1/shipments") == sandbox.stored_ids("shipments")
    assert sandbox.stored_ids("cart_products")
    assert requests.get(f"{sandbox.root}/_sandbox/ids/nothing", timeout=5).status_code == 404


def test_a_row_is_shown_as_it_is_stored(sandbox):
    number = sandbox.ids("/v1/orders/")[0]
    row = requests.get(f"{sandbox.root}/_sandbox/rows/orders/{number}", timeout=5).json()
    assert row["id"] == number
    assert row["cart_id"] > 7_100_000_000
    assert requests.get(f"{sandbox.root}/_sandbox/rows/orders/1", timeout=5).status_code == 404


def test_rows_are_inserted_deleted_and_updated_by_hand(changing):
    first, second, *_ = changing.ids("/v1/customers/")
    made = changing.change("customers", insert=2)["insert"]
    assert changing.ids("/v1/customers/", id__in=",".join(map(str, made))) == made
    assert changing.change("customers", delete=[first]) == {"delete": 1}
    assert changing.ask(f"/v1/customers/{first}/").status_code == 404
    assert changing.change("customers", update={str(second): {"email": "", "note": "new"}}) == {"update": 1}
    row = changing.page(f"/v1/customers/{second}/")
    assert (row["email"], row["note"]) == ("", "new")
    assert changing.page("/v1/customers/")["count"] == 301


def test_an_inserted_order_is_placed_now(changing):
    last = changing.page("/v1/orders/", placed_at__gt="2026-11-01T00:00:00Z")["count"]
    number = changing.change("orders", insert=1)["insert"][0]
    assert changing.page("/v1/orders/", placed_at__gt="2026-11-01T00:00:00Z")["count"] == last + 1
    assert changing.page(f"/v1/orders/{number}/")["placed_at"] > "2026-11-01"


@pytest.mark.parametrize(
    "wish",
    [
        {"insert": 0},
        {"insert": "x"},
        {"delete": 1},
        {"update": {"1": {"colour": 1}}},
        {"update": {"x": {"note": 1}}},
        {"drop": 1},
    ],
)
def test_a_wrong_change_is_400(sandbox, wish):
    answer = requests.post(f"{sandbox.root}/_sandbox/rows/customers", json=wish, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_changes_never_reach_the_built_store(changing, stores):
    built = next(stores.glob("cratejoy-300-*.sqlite"))
    before = built.read_bytes()
    changing.change("customers", insert=5)
    assert built.read_bytes() == before
    assert len(list(stores.glob("*.changed"))) == 1
    changing.process.terminate()
    changing.process.wait(10)
    assert not list(stores.glob(f"*.{changing.process.pid}.changed*"))
