"""Faults of the exchange: statuses, waiting, broken bodies, broken connections."""

import time
from email.utils import parsedate_to_datetime

import pytest
import requests


def status(sandbox, path="/v1/customers/", **parameters):
    return sandbox.ask(path, **parameters).status_code


def test_429_comes_every_n_requests_with_retry_after_in_seconds(sandbox):
    sandbox.fault(rate_limited={"every": 3, "seconds": 2})
    answers = [sandbox.ask("/v1/customers/", limit=1) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200, 429]
    assert answers[2].headers["Retry-After"] == "2"
    assert answers[2].json()["errors"]


def test_retry_after_may_be_a_date(sandbox):
    sandbox.fault(rate_limited={"seconds": 30, "retry_after": "date"})
    when = parsedate_to_datetime(sandbox.ask("/v1/customers/").headers["Retry-After"])
    assert 25 < when.timestamp() - time.time() <= 30


def test_retry_after_may_be_missing(sandbox):
    sandbox.fault(rate_limited={"retry_after": "missing"})
    assert "Retry-After" not in sandbox.ask("/v1/customers/").headers


@pytest.mark.parametrize("code", [500, 502, 503, 401, 403, 404])
def test_a_chosen_page_answers_a_chosen_status(sandbox, code):
    sandbox.fault(status={"resource": "customers", "pages": [2], "status": code})
    assert [status(sandbox, page=page) for page in (1, 2, 3)] == [200, code, 200]
    assert status(sandbox, "/v1/orders/", page=2) == 200


def test_the_first_page_meets_a_fault_without_naming_its_number(sandbox):
    sandbox.fault(status=[{"resource": "customers", "pages": [0]}, {"resource": "shipments", "pages": [1]}])
    assert status(sandbox) == 500
    assert status(sandbox, "/v1/shipments/") == 500


def test_a_status_may_heal_after_some_times(sandbox):
    sandbox.fault(status={"pages": [1], "times": 2, "status": 503})
    assert [status(sandbox, page=1) for _ in range(3)] == [503, 503, 200]


def test_a_status_may_come_by_chance_and_carry_html(sandbox):
    sandbox.fault(status={"chance": 0.5, "seed": 4, "body": "html"})
    answers = [sandbox.ask("/v1/customers/", limit=1) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200, 500}
    assert next(answer for answer in answers if answer.status_code == 500).text.startswith("<!DOCTYPE html>")


def test_a_page_may_fail_from_a_page_size_up(sandbox):
    sandbox.fault(status={"limit_at_least": 100})
    assert [status(sandbox, limit=limit) for limit in (50, 100, 1000)] == [200, 500, 500]


def test_one_row_may_fail_every_window_that_holds_it(sandbox):
    ids = sandbox.ids("/v1/customers/", limit=8)
    sandbox.fault(status={"row": ids[5]})
    assert [status(sandbox, limit=4, page=page) for page in (0, 1, 2)] == [200, 500, 200]
    assert [status(sandbox, limit=1, page=page) for page in (4, 5, 6)] == [200, 500, 200]
    assert status(sandbox, f"/v1/customers/{ids[5]}/") == 500


def test_latency_grows_with_depth(sandbox):
    sandbox.fault(latency={"seconds": 0.05, "per_page": 0.02})
    assert sandbox.ask("/v1/customers/", page=0).elapsed.total_seconds() >= 0.05
    assert sandbox.ask("/v1/customers/", page=10).elapsed.total_seconds() >= 0.25


def test_a_body_may_end_before_its_length(sandbox):
    sandbox.fault(truncated={"pages": [1], "times": 1})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        sandbox.ask("/v1/customers/", page=1)
    assert status(sandbox, page=1) == 200


def test_a_body_may_be_half_the_json(sandbox):
    sandbox.fault(truncated="whole")
    answer = sandbox.ask("/v1/customers/")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_html_may_come_with_status_200(sandbox):
    sandbox.fault(html={"resource": "customers", "pages": [0]})
    answer = sandbox.ask("/v1/customers/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_connection_may_be_dropped(sandbox):
    sandbox.fault(dropped={"times": 1})
    with pytest.raises(requests.exceptions.ConnectionError):
        sandbox.ask("/v1/customers/")
    assert status(sandbox) == 200


def test_a_request_may_hang(sandbox):
    sandbox.fault(hang={"pages": [0], "seconds": 0.6})
    started = time.monotonic()
    with pytest.raises(requests.exceptions.ConnectionError):
        sandbox.ask("/v1/customers/")
    assert 0.5 < time.monotonic() - started < 3
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{sandbox.root}/v1/customers/", auth=("sandbox", "sandbox-secret"), timeout=0.2)


def test_the_server_may_be_away_for_a_while(sandbox):
    sandbox.fault(away=0.5)
    for path in ("/v1/customers/", "/v1/orders/", "/v1.1/shipments"):
        with pytest.raises(requests.exceptions.ConnectionError):
            sandbox.ask(path)
    time.sleep(0.5)
    assert status(sandbox) == 200


def test_the_statuses_for_credentials_may_change(sandbox):
    sandbox.fault(auth={"missing": 403, "wrong": 401})
    assert requests.get(f"{sandbox.root}/v1/carts/", timeout=5).status_code == 403
    assert requests.get(f"{sandbox.root}/v1/carts/", auth=("a", "b"), timeout=5).status_code == 401
