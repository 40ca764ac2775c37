"""Whatever Cratejoy is like, the probe says so: every switch of the local one, and servers that answer nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.probe import advice, asking
from cratejoy_migration.probe.findings import Finding, Verdict
from tap_cratejoy.errors import Unreachable

from .probing import Server, answering, local_cratejoy, probe_cratejoy, tap_settings, target_settings


@pytest.fixture(scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with local_cratejoy(tmp_path_factory.mktemp("probe"), 1200) as server:
        yield server


@pytest.fixture
def store(_store: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(asking, "_REST_SECONDS", 0.0)
    _store.no_faults()
    return _store


def test_a_store_as_the_reference_describes_it_agrees_with_it(store: Server) -> None:
    answers, found = probe_cratejoy(store.url)

    assert {topic for topic, one in found.items() if one.verdict in (Verdict.DIFFERS, Verdict.UNKNOWN)} == set()
    assert found["number of the first page"].figures == {
        "customers": 0, "subscriptions": 0, "orders": 0, "products": 0, "transactions": 0, "shipments": 1,
        "inventory": 0, "shipment_batches": 0,
    }  # fmt: skip
    assert found["largest limit"].figures["largest"] == 1000
    assert found["count"].figures["customers"] == 1200
    assert (found["what with does"].found, found["offset"].found) == ("replaces the default set", "refused with 400")
    assert answers.requests == store.stats()["requests"] == 38
    assert store.stats()["most_in_flight"] == 1


@cache
def _probed(store: Server, faults: str) -> dict[str, Finding]:
    """Return what the probe finds of a store with these faults; once for all that is asserted of it."""
    store.fault(**json.loads(faults))
    return probe_cratejoy(store.url)[1]


BASE = "number of the first page"
LARGEST = "largest limit"
ABOVE = "a limit above the largest"
READABLE = "streams that can be read"
THROTTLED = "429, too many requests"
NEW, UNKNOWN = "not known before", "could not be told"


@pytest.mark.parametrize(
    ("faults", "topic", "says", "verdict"),
    [
        ({"page_base": {"resource": "customers", "base": 1}}, BASE, "1: customers, shipments", "differs"),
        ({"page_base": {"resource": "shipments", "base": 0}}, BASE, "0 in all 8", "agrees"),
        ({"max_limit": {"limit": 250, "how": "clamp"}}, LARGEST, "250; limit=500 serves 250", "differs"),
        ({"max_limit": {"limit": 250, "how": "clamp"}}, ABOVE, "limit=500 is cut to 250 rows", NEW),
        ({"max_limit": {"limit": 500, "how": "refuse"}}, LARGEST, "500; limit=1000: answer 400", "differs"),
        ({"max_limit": {"limit": 500, "how": "refuse"}}, ABOVE, "limit=1000 is refused with 400", NEW),
        ({"max_limit": {"limit": 1000, "how": "refuse"}}, ABOVE, "limit=1100 is refused with 400", NEW),
        ({"limit_ignored": 25}, "rows a page without limit", "25 in all", "differs"),
        ({"limit_ignored": 25}, LARGEST, "less than 100; limit=100 serves 25", "differs"),
        ({"shuffled": "stable"}, "order of rows", "no order of ids", "differs"),
        ({"shuffled": "stable"}, "the same order when asked again", "the same", "agrees"),
        ({"shuffled": "anew"}, "the same order when asked again", "another one each time", "differs"),
        ({"filter_ignored": True}, "id as a filter", "ignored: all rows come", "differs"),
        ({"filter_ignored": True}, "id__gt as a filter", "ignored: all rows come", "differs"),
        ({"filter_ignored": True}, "created_at__ge of shipments", "ignored: all rows come", "differs"),
        ({"with_ignored": True}, "with=addresses,_md", "not embedded", "differs"),
        ({"relations_as_urls": True}, "with=addresses,_md", "a URL instead", "differs"),
        ({"relations_as_urls": True}, "form of relations", "URL", "differs"),
        ({"relations_in_arrays": True}, "form of relations", "array", "differs"),
        ({"next_on_last_page": True}, "next on the last page", "names a page after the last", "differs"),
        ({"next_bare": True}, "parameters in next", "loses id__gt, limit", "differs"),
        ({"next_absolute": "http://api.example.com"}, "parameters in next", "as a whole URL", "differs"),
        ({"epoch_dates": True}, "form of date-times", "epoch milliseconds", "differs"),
        ({"bad_dates": True}, "form of date-times", "not to be read", "differs"),
        ({"integer_enums": True}, "form of enumerations", "integer", "differs"),
        ({"extra_properties": True}, "properties that no document names", "customers: ", "differs"),
        ({"misspelt": True}, "properties that no document names", "none", "agrees"),
        ({"count_null": True}, "count", "no stream told one", UNKNOWN),
        ({"status": {"resource": "inventory", "status": 403}}, READABLE, "answer 403: inventory", "differs"),
        ({"html": {"resource": "orders"}}, READABLE, "the body is no JSON: orders", "differs"),
        ({"truncated": {"resource": "products"}}, READABLE, "no whole answer: products", "differs"),
        ({"rate_limited": {"every": 20, "seconds": 0}}, THROTTLED, "Retry-After in seconds", "differs"),
        ({"rate_limited": {"every": 20, "seconds": 0, "retry_after": "date"}}, THROTTLED, "as a date", "differs"),
        ({"rate_limited": {"times": 1, "retry_after": "missing"}}, THROTTLED, "without Retry-After", "differs"),
    ],
)  # fmt: skip
def test_a_store_that_is_different_is_found_out(
    store: Server, faults: dict[str, Any], topic: str, says: str, verdict: str
) -> None:
    found = _probed(store, json.dumps(faults))

    assert says in found[topic].found
    assert found[topic].verdict == verdict


@pytest.mark.parametrize(
    "faults",
    [
        {"rate_limited": {"every": 2, "seconds": 0}},
        {"status": {"chance": 0.5, "status": 503}},
        {"dropped": {"every": 3}},
        {"truncated": {"chance": 0.5}},
        {"page_base": 1, "limit_ignored": 3, "shuffled": "anew", "count_null": True, "status": {"every": 4}},
    ],
)  # fmt: skip
def test_fewer_than_40_requests_are_sent_whatever_goes_wrong(store: Server, faults: dict[str, Any]) -> None:
    store.fault(**faults)

    answers, _ = probe_cratejoy(store.url)

    assert answers.requests == store.stats()["requests"]
    assert answers.requests < 40


def test_the_taps_own_ceiling_holds(store: Server) -> None:
    probe_cratejoy(store.url, requests_per_second=30)

    times = [one["at"] for one in store.stats()["log"]]
    assert max(sum(start <= at < start + 1 for at in times) for start in times) <= 30


def test_nobody_waits_for_a_pause_of_minutes() -> None:
    with answering(lambda *_: (429, {"Retry-After": "900"}, b"")) as url:
        answers, found = probe_cratejoy(url)

    assert answers.requests == 1
    assert "not asked: Cratejoy asks for a pause of 900 s" in found["streams that can be read"].found


def test_a_server_that_answers_429_again_and_again_is_left_alone() -> None:
    with answering(lambda *_: (429, {"Retry-After": "0"}, b"")) as url:
        answers, found = probe_cratejoy(url)

    assert answers.requests == 4
    assert found[THROTTLED].figures["times"] == 4


def test_credentials_that_are_refused_end_the_probe_at_once() -> None:
    asked = []

    def refuse(number: int, path: str) -> Any:
        asked.append(path)
        return 401, {}, b"{}"

    with answering(refuse) as url, pytest.raises(OperatorError, match="401"):
        probe_cratejoy(url)
    assert len(asked) == 1


def test_two_streams_that_are_forbidden_are_taken_for_wrong_credentials() -> None:
    with answering(lambda *_: (403, {}, b"{}")) as url, pytest.raises(OperatorError, match="403"):
        probe_cratejoy(url)


def test_a_server_that_is_away_is_said_to_be() -> None:
    with pytest.raises(Unreachable, match="reachable"):
        probe_cratejoy("http://127.0.0.1:1")


NONSENSE: list[bytes] = [
    b"", b"null", b"[]", b"7", b'"text"', b"{}", b"<html>", b"\xff\xfe", b'{"results": null}', b'{"results": [1]}',
    b'{"results": {}}', b'{"count": -1, "next": 7, "results": []}', b'{"count": "many", "next": "[", "results": [{}]}',
    b'{"count": 1e400, "next": "?page=99999999999999999999", "results": [{"id": "x"}, {"id": null}, {"id": 1.5}]}',
    b'{"count": 10, "next": "http://[bad", "results": [{"id": 1}, {"id": 1}]}',
    b'{"count": 0, "next": null, "results": []}',
    b'{"count": 5, "next": "?page=0", "results": [{"id": 9007199254740993, "\\u0000": {"a": [[[[[]]]]]}}]}',
]  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense_makes_findings_not_errors(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_REST_SECONDS", 0.0)
    with answering(lambda *_: (200, {"Date": "soon", "Server": "x" * 500, "X-RateLimit-Limit": "a lot"}, body)) as url:
        answers, found = probe_cratejoy(url)

    assert answers.requests < 40
    assert json.dumps([one.as_json() for one in found.values()])
    assert "xxx" not in found["server"].found
    assert found["rate-limit headers"].found == "x-ratelimit-limit a text"


@pytest.mark.parametrize("status", [204, 301, 302, 400, 404, 418, 500, 503])
def test_any_status_makes_findings(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_REST_SECONDS", 0.0)
    with answering(lambda *_: (status, {"Location": "https://elsewhere.example.com/"}, b"")) as url:
        answers, found = probe_cratejoy(url)

    assert answers.requests < 40
    assert found["streams that can be read"].prevents


def test_nothing_that_a_server_says_of_people_gets_into_a_finding() -> None:
    row = {
        "id": 7101000017, "email": "planted@example.com", "planted@example.com": 1, "Planted Person": {"a": 1},
        "country": "Planted", "name": "Planted Person", "addresses": [{"to": "Planted Person"}], "note": 5,
    }  # fmt: skip
    body = json.dumps({"count": 50, "next": "?page=1&email=planted@example.com", "results": [row]}).encode()
    headers = {"Server": "planted@example.com", "X-RateLimit-User": "planted@example.com"}

    def reply(number: int, path: str) -> Any:
        refused = b'{"errors": ["planted@example.com is no property", "7101000017 planted"]}'
        return (400, headers, refused) if "no_such" in path else (200, headers, body)

    with answering(reply) as url:
        _, found = probe_cratejoy(url)

    text = json.dumps([one.as_json() for one in found.values()]).lower()
    assert "planted" not in text
    assert "7101000017" not in text
    assert "2 more that are no plain names" in text
    assert found["properties of another type than documented"].figures["customers"] == ["note"]


# Advice


def recommended(store: Server, **changes: Any) -> dict[str, str]:
    answers, _ = probe_cratejoy(store.url)
    settings = tap_settings(store.url, **{"requests_per_second": 2, **changes})
    return {one.variable: one.value for one in advice.for_cratejoy(answers, settings)}


def test_the_largest_page_that_came_whole_and_quickly_is_recommended(store: Server) -> None:
    assert recommended(store) == {"TAP_CRATEJOY_PAGE_SIZE": "500"}


def test_a_setting_that_is_right_already_is_not_recommended(store: Server) -> None:
    assert recommended(store, page_size=500) == {}


def test_a_page_size_that_the_server_does_not_serve_is_not_recommended(store: Server) -> None:
    store.fault(max_limit={"limit": 60, "how": "clamp"})

    assert recommended(store) == {"TAP_CRATEJOY_PAGE_SIZE": "60"}


def test_a_pace_that_meets_429_is_halved(store: Server) -> None:
    store.fault(rate_limited={"every": 20, "seconds": 0})

    assert recommended(store)["TAP_CRATEJOY_REQUESTS_PER_SECOND"] == "1"


def test_slow_pages_are_made_smaller(store: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "FAST_SECONDS", 1.0)
    store.fault(latency={"resource": "shipments", "limit_at_least": 400, "seconds": 1.5})

    found = recommended(store)

    assert json.loads(found["TAP_CRATEJOY_PAGE_SIZES"]).keys() == {"shipments"}
    assert 1 < json.loads(found["TAP_CRATEJOY_PAGE_SIZES"])["shipments"] < 334


def test_a_country_is_recommended_only_where_nearly_everybody_lives_there(store: Server) -> None:
    def country(*countries: str) -> list[str]:
        rows = [{"id": number, "country": one} for number, one in enumerate(countries, 1)]
        body = json.dumps({"count": len(rows), "next": None, "results": rows}).encode()
        with answering(lambda *_: (200, {}, body)) as url:
            answers, _ = probe_cratejoy(url)
        return [one.value for one in advice.for_country(answers, target_settings("http://127.0.0.1:1"))]

    assert country(*["US"] * 95, *["CA"] * 5) == ["US"]
    assert country(*["US"] * 80, *["CA"] * 20) == []
    assert country(*["US"] * 20) == []
