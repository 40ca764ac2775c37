"""Every fault of uploads, bulk operations and result files."""

import time
from typing import Any

import pytest
import requests


def customers(count: int) -> list[Any]:
    return [{"input": {"email": f"ada{number}@example.com"}} for number in range(count)]


def ended(bulk: Any, count: int = 20) -> dict[str, Any]:
    return bulk.ended(bulk.start(customers(count)))


@pytest.fixture(autouse=True)
def _no_faults(shop: Any) -> Any:
    yield
    shop.control("DELETE", "faults")


def test_upload_refused_keeps_nothing(bulk: Any) -> None:
    bulk.shop.fault(upload_refused={"times": 1, "status": 503})
    target = bulk.target()
    assert requests.put(target["url"], data=b"{}", timeout=20).status_code == 503
    assert bulk.run(bulk.path(target))["userErrors"][0]["code"] == "NO_SUCH_FILE"
    assert requests.put(target["url"], data=b"{}", timeout=20).status_code == 200


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
def test_bulk_refused_though_there_is_room(bulk: Any, code: str) -> None:
    path = bulk.upload(b'{"input": {"firstName": "Ada"}}')
    bulk.shop.fault(bulk_refused={"times": 1, "code": code})
    assert bulk.run(path)["userErrors"][0]["code"] == code
    assert bulk.run(path)["userErrors"] == []


def test_bulk_stays_created_until_its_time(bulk: Any) -> None:
    bulk.shop.fault(bulk_stays_created=500)
    number = bulk.start(customers(1))
    time.sleep(0.2)
    assert bulk.read(number)["status"] == "CREATED"
    assert bulk.ended(number)["status"] == "COMPLETED"


def test_bulk_fails_midway_with_what_it_has(bulk: Any) -> None:
    bulk.shop.fault(bulk_fails={"times": 1, "lines": 7, "code": "TIMEOUT"})
    operation = ended(bulk)
    assert (operation["status"], operation["errorCode"], operation["url"]) == ("FAILED", "TIMEOUT", None)
    assert len(bulk.results(operation)) == len(bulk.shop.customers()) == 7


def test_bulk_expires_and_its_result_is_gone(bulk: Any) -> None:
    bulk.shop.fault(bulk_expires={"times": 1, "seconds": 300})
    operation = bulk.reached(bulk.start(customers(3)), "COMPLETED")
    assert bulk.reached(operation["id"], "EXPIRED")["url"] is None
    assert bulk.fetch(operation["url"]).status_code == 400


def test_line_executed_twice_gives_the_result_that_was_asked_for(bulk: Any) -> None:
    bulk.shop.fault(line_executed_twice={"every": 2, "result": "second"})
    taken = [line for line in bulk.results(ended(bulk)) if line["data"]["customerCreate"]["userErrors"]]
    assert len(taken) == 10
    assert bulk.shop.control("GET", "stats")["calls"]["customerCreate"] >= 30


def test_line_without_result_is_executed(bulk: Any) -> None:
    bulk.shop.fault(line_without_result={"every": 4})
    assert len(bulk.results(ended(bulk))) == 15
    assert len(bulk.shop.customers()) == 20


def test_line_result_doubled(bulk: Any) -> None:
    bulk.shop.fault(line_result_doubled={"every": 4})
    numbers = [line["__lineNumber"] for line in bulk.results(ended(bulk))]
    assert (len(numbers), len(set(numbers))) == (25, 20)


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchKey")])
def test_result_refused_at_first(bulk: Any, status: int, code: str) -> None:
    url = ended(bulk)["url"]
    bulk.shop.fault(result_refused={"times": 1, "status": status})
    refused = bulk.fetch(url)
    assert (refused.status_code, code in refused.text) == (status, True)
    assert bulk.fetch(url).status_code == 200


def test_result_truncated_short_of_its_length(bulk: Any) -> None:
    url = ended(bulk)["url"]
    bulk.shop.fault(result_truncated={"times": 1})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        bulk.fetch(url)


def test_result_truncated_as_a_whole_answer(bulk: Any) -> None:
    operation = ended(bulk)
    bulk.shop.fault(result_truncated={"times": 1, "how": "whole"})
    assert len(bulk.fetch(operation["url"]).content) == int(operation["fileSize"]) // 2


def test_result_without_range(bulk: Any) -> None:
    operation = ended(bulk)
    bulk.shop.fault(result_without_range=True)
    response = bulk.fetch(operation["url"], Range="bytes=10-19")
    assert (response.status_code, str(len(response.content))) == (200, operation["fileSize"])


def test_result_slow(bulk: Any) -> None:
    operation = ended(bulk)
    bulk.shop.fault(result_slow=int(operation["fileSize"]) * 2)
    began = time.monotonic()
    bulk.fetch(operation["url"])
    assert 0.4 < time.monotonic() - began < 3


def test_a_fault_of_bulk_operations_does_not_count_requests(bulk: Any) -> None:
    bulk.shop.fault(bulk_fails={"every": 2, "lines": 1}, dropped={"operation": "nothing", "every": 1})
    for _ in range(5):
        bulk.shop.data("{ shop { id } }")
    assert [ended(bulk)["status"], ended(bulk)["status"]] == ["COMPLETED", "FAILED"]
