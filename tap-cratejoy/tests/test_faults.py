"""Every fault of the sandbox: the tap ends with exactly the API's rows, or says by name what it could not read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from harness import Result, Sandbox, run_here, run_tap, select, settings

CUSTOMERS = select("customers")
ORDERS = select("orders")


@pytest.fixture(scope="module", params=["customers"])
def honest(request: pytest.FixtureRequest, _shared: Sandbox) -> dict[int, dict[str, Any]]:
    _shared.reset()
    return {row["id"]: row for row in _shared.rows("customers", **{"with": "addresses,_md"})}


def run(sandbox: Sandbox, folder: Path, catalog: dict[str, Any] = CUSTOMERS, **others: Any) -> Result:
    return run_here(folder, settings(sandbox, **others), catalog=catalog)


def assert_exactly(result: Result, honest: dict[int, dict[str, Any]], *, proven: bool = True) -> None:
    """All rows, none altered, the end of the scan said so."""
    assert result.status == 0, result.stderr
    latest = {record["id"]: record for record in result.records["customers"]}
    assert latest.keys() == honest.keys()
    for number, row in honest.items():
        assert {name: latest[number][name] for name in row} == row
        assert latest[number]["_extra"] is None
    assert result.bookmark("customers")["complete"] is True
    assert result.bookmark("customers")["proven"] is proven


HEALED_ONCE = {
    "a 500": {"status": {"pages": [2], "times": 2, "status": 500}},
    "a 502 with an HTML body": {"status": {"pages": [0, 3], "times": 2, "status": 502, "body": "html"}},
    "a 503 on the first page": {"status": {"times": 1, "status": 503}},
    "a 504": {"status": {"pages": [4], "times": 1, "status": 504}},
    "errors by chance": {"status": {"chance": 0.2, "seed": 5, "status": 500}},
    "a body shorter than its length": {"truncated": {"pages": [2], "times": 1, "how": "short"}},
    "half the JSON": {"truncated": {"pages": [2], "times": 1, "how": "whole"}},
    "an HTML page with status 200": {"html": {"pages": [1], "times": 2}},
    "a connection that closes without an answer": {"dropped": {"pages": [3], "times": 2}},
    "a server that hangs": {"hang": {"pages": [2], "times": 1, "seconds": 6}},
    "a server that is away for a while": {"away": 2},
    "latency that grows with depth": {"latency": {"seconds": 0.01, "per_page": 0.02}},
}


@pytest.mark.parametrize("fault", HEALED_ONCE.values(), ids=HEALED_ONCE.keys())
def test_what_a_retry_heals_leaves_no_trace(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]], fault: dict[str, Any]
) -> None:
    cratejoy.fault(**fault)
    assert_exactly(run(cratejoy, tmp_path), honest)


@pytest.mark.parametrize("retry_after", ["seconds", "date", "missing"])
def test_429_holds_all_requests_and_costs_no_retry(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]], retry_after: str
) -> None:
    cratejoy.fault(rate_limited={"every": 3, "seconds": 1, "retry_after": retry_after, "times": 6})
    result = run(cratejoy, tmp_path, max_retries=0, concurrency=2)
    assert_exactly(result, honest)
    log = cratejoy.stats()["log"]
    refused = [entry for entry in log if entry["status"] == 429]
    assert refused
    if retry_after == "seconds":
        for entry in refused:
            early = [later for later in log if entry["at"] + 0.2 < later["at"] < entry["at"] + 0.95]
            assert not early


HONEST_ENOUGH = {
    "next non-null on the last page": {"next_on_last_page": True},
    "next null too early": {"next_null": {"pages": [2]}},
    "next null on the first page": {"next_null": {"pages": [0]}},
    "next looping": {"next_loop": {"pages": [3], "to": 1}},
    "next without the other parameters": {"next_bare": True},
    "next to another host": {"next_absolute": "https://evil.example.com"},
    "next unparseable": {"next_unparseable": "page two"},
    "a limit that is ignored": {"limit_ignored": 7},
    "rows repeated on the next page": {"duplicates": {"rows": 2, "pages": [2, 3]}},
    "a stable order that is not by id": {"shuffled": "stable"},
    "pages counted from one": {"page_base": {"base": 1}},
    "a limit that is capped in silence": {"max_limit": {"limit": 4, "how": "clamp"}},
    "a limit above the cap refused with 400": {"max_limit": {"limit": 4, "how": "refuse"}},
}


@pytest.mark.parametrize("fault", HONEST_ENOUGH.values(), ids=HONEST_ENOUGH.keys())
@pytest.mark.parametrize("concurrency", [1, 6])
def test_lies_about_pages_hide_nothing(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]], fault: dict[str, Any], concurrency: int
) -> None:
    cratejoy.fault(**fault)
    assert_exactly(run(cratejoy, tmp_path, concurrency=concurrency), honest)


@pytest.mark.parametrize("by", [-7, 3])
def test_a_count_that_is_off_is_reported_and_hides_nothing(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]], by: int
) -> None:
    cratejoy.fault(count_off=by)
    result = run(cratejoy, tmp_path)
    assert_exactly(result, honest, proven=False)
    assert f"missing {max(by, 0)}, NOT proven complete (3 passes" in result.stderr


def test_a_count_of_null_hides_nothing(cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]) -> None:
    cratejoy.fault(count_null=True)
    assert_exactly(run(cratejoy, tmp_path), honest, proven=False)


def test_a_page_that_is_empty_once_is_found_by_a_further_pass(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    cratejoy.fault(empty_page={"pages": [3], "times": 1})
    assert_exactly(run(cratejoy, tmp_path), honest)


def test_rows_left_out_of_a_page_once_are_found_by_a_further_pass(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    cratejoy.fault(holes={"pages": [2], "rows": 3, "times": 1})
    assert_exactly(run(cratejoy, tmp_path), honest)


def test_an_order_that_changes_with_every_request_is_never_called_proven_when_rows_are_missing(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    cratejoy.fault(shuffled="anew")
    result = run(cratejoy, tmp_path)
    assert result.ids("customers") <= honest.keys()
    assert not result.bookmark("customers")["proven"] or result.ids("customers") == honest.keys()


def test_on_incomplete_fail_ends_non_zero_and_not_complete(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(count_off=2)
    result = run(cratejoy, tmp_path, on_incomplete="fail", completeness_passes=1)
    assert result.status == 1
    assert result.bookmark("customers")["complete"] is False
    assert "not proven complete after 2 passes" in result.stderr


def test_a_page_that_fails_at_its_size_is_read_in_smaller_windows(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    cratejoy.fault(status={"resource": "customers", "pages": [1], "limit_at_least": 20, "status": 500})
    result = run(cratejoy, tmp_path, page_size=20, max_retries=0)
    assert_exactly(result, honest)
    assert ". Reading page 1 in smaller windows." in result.stderr


def test_a_row_that_always_fails_is_named_and_the_rest_is_read(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    poison = sorted(honest)[23]
    cratejoy.fault(status={"resource": "customers", "row": poison, "status": 500})
    catalog = select("customers", "products")
    result = run(cratejoy, tmp_path, catalog, page_size=8, max_retries=0)
    assert result.status == 1
    assert result.ids("customers") == honest.keys() - {poison}
    assert "rows 23 to 23" in result.stderr
    assert result.bookmark("customers")["complete"] is False
    assert result.bookmark("products")["complete"] is True

    cratejoy.reset()
    again = run_here(tmp_path, settings(cratejoy), state=result.state, catalog=catalog)
    assert again.status == 0
    assert poison in again.ids("customers")
    assert not again.records["products"]


def test_rows_inserted_during_a_scan_leave_all_others_in_place(own_cratejoy: Sandbox, tmp_path: Path) -> None:
    before = set(own_cratejoy.ids("customers"))
    own_cratejoy.fault(inserted={"resource": "customers", "every": 2, "rows": 3})
    result = run(own_cratejoy, tmp_path)
    assert result.status == 0
    assert before <= result.ids("customers")


@pytest.mark.parametrize("where", ["behind", "anywhere"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_rows_that_exist_throughout_survive_deletions_and_insertions(
    own_cratejoy: Sandbox, tmp_path: Path, where: str, concurrency: int
) -> None:
    own_cratejoy.fault(
        deleted={"resource": "customers", "every": 3, "rows": 1, "where": where},
        inserted={"resource": "customers", "every": 3, "rows": 1},
    )
    before = set(own_cratejoy.ids("customers"))
    result = run(own_cratejoy, tmp_path, page_size=5, concurrency=concurrency)
    assert result.status == 0
    throughout = before & set(own_cratejoy.ids("customers"))
    assert throughout
    assert throughout <= result.ids("customers")


# What records look like


def test_epoch_dates_come_out_as_rfc_3339(cratejoy: Sandbox, tmp_path: Path) -> None:
    honest = {row["id"]: row["placed_at"] for row in cratejoy.rows("orders")}
    cratejoy.fault(epoch_dates=True)
    result = run(cratejoy, tmp_path, ORDERS, page_size=200)
    assert {record["id"]: record["placed_at"] for record in result.records["orders"]} == honest


def test_integer_enumerations_come_out_as_their_names(cratejoy: Sandbox, tmp_path: Path) -> None:
    honest = {row["id"]: (row["status"], row["fulfillment_status"]) for row in cratejoy.rows("orders")}
    cratejoy.fault(integer_enums=True)
    result = run(cratejoy, tmp_path, ORDERS, page_size=200)
    assert {r["id"]: (r["status"], r["fulfillment_status"]) for r in result.records["orders"]} == honest


@pytest.mark.parametrize("fault", ["relations_as_urls", "relations_in_arrays"])
def test_relations_come_out_as_objects_with_their_ids_beside_them(
    cratejoy: Sandbox, tmp_path: Path, fault: str
) -> None:
    honest = {row["id"]: row["customer"]["id"] for row in cratejoy.rows("subscriptions")}
    cratejoy.fault(**{fault: True})
    result = run(cratejoy, tmp_path, select("subscriptions"), page_size=200)
    assert {r["id"]: r["customer_id"] for r in result.records["subscriptions"]} == honest
    assert {r["id"]: r["customer"]["id"] for r in result.records["subscriptions"]} == honest


def test_nulls_in_any_property_pass(cratejoy: Sandbox, tmp_path: Path) -> None:
    honest = set(cratejoy.ids("orders"))
    cratejoy.fault(nulls=0.5)
    result = run(cratejoy, tmp_path, ORDERS, page_size=200)
    assert result.status == 0
    assert result.ids("orders") == honest


def test_unknown_properties_are_kept_in_extra(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(extra_properties=True)
    known = set(select("customers")["streams"][0]["schema"]["properties"])
    raw = {
        row["id"]: {name: value for name, value in row.items() if name not in known}
        for row in cratejoy.rows("customers", **{"with": "addresses,_md"})
    }
    assert all(raw.values())
    result = run(cratejoy, tmp_path)
    assert {record["id"]: record["_extra"] for record in result.records["customers"]} == raw


def test_misspelt_names_fill_the_live_ones(cratejoy: Sandbox, tmp_path: Path) -> None:
    honest = {row["id"]: row["transaction_fee"] for row in cratejoy.rows("orders")}
    cratejoy.fault(misspelt=True)
    result = run(cratejoy, tmp_path, ORDERS, page_size=200)
    assert {record["id"]: record["transaction_fee"] for record in result.records["orders"]} == honest


@pytest.mark.parametrize("kind", ["nul", "surrogate"])
def test_text_that_postgres_cannot_store_is_cleaned_and_counted(cratejoy: Sandbox, tmp_path: Path, kind: str) -> None:
    cratejoy.fault(odd_text=kind)
    result = run(cratejoy, tmp_path)
    assert result.status == 0
    assert "characters that Postgres cannot store" in result.stderr
    text = repr(result.records["customers"])
    assert "\\x00" not in text
    assert "\\ud83d" not in text


def test_dates_that_cannot_be_read_are_null_with_the_original_kept(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(bad_dates={"text": "soon"})
    result = run(cratejoy, tmp_path, ORDERS, page_size=200)
    assert result.status == 0
    assert {record["placed_at"] for record in result.records["orders"]} == {None}
    assert {record["_extra"]["placed_at"] for record in result.records["orders"]} == {"soon"}
    assert "replication_key_value" not in result.bookmark("orders")


def test_relations_that_are_not_embedded_are_said_once_and_read_by_child_streams(
    cratejoy: Sandbox, tmp_path: Path, honest: dict[int, dict[str, Any]]
) -> None:
    cratejoy.fault(with_ignored=True)
    result = run(cratejoy, tmp_path, select("customers", "customer_addresses", "customer_metadata"), page_size=30)
    assert result.status == 0
    assert result.stderr.count("select the stream customer_addresses") == 1
    addresses = {(row["id"], address["id"]) for row in honest.values() for address in row["addresses"]}
    assert {(r["customer_id"], r["id"]) for r in result.records["customer_addresses"]} == addresses
    metadata = {(row["id"], row["_md"]["id"]) for row in honest.values() if row["_md"]}
    assert {(r["customer_id"], r["id"]) for r in result.records["customer_metadata"]} == metadata


# Who may read what


def test_401_stops_the_run_with_one_sentence_that_names_the_settings(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(auth={"missing": 401, "wrong": 401})
    result = run_tap(tmp_path, settings(cratejoy, client_secret="wrong-one"))
    assert result.status == 1
    assert "client_id and client_secret" in result.stderr.splitlines()[-1]
    assert "wrong-one" not in result.stderr
    assert cratejoy.stats()["resources"].keys() == {"customers"}


def test_403_on_one_stream_fails_it_by_name_and_the_others_go_on(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(status={"resource": "orders", "status": 403})
    result = run_tap(tmp_path, settings(cratejoy), catalog=select("customers", "orders", "products"))
    assert result.status == 1
    assert result.ids("customers")
    assert result.ids("products")
    assert "orders" in result.stderr.splitlines()[-1]
    orders = [entry for entry in cratejoy.stats()["log"] if "orders" in entry["path"]]
    assert len(orders) == 1


@pytest.mark.parametrize("status", [400, 404, 405])
def test_what_no_retry_heals_is_asked_once(cratejoy: Sandbox, tmp_path: Path, status: int) -> None:
    cratejoy.fault(status={"resource": "orders", "status": status})
    result = run(cratejoy, tmp_path, select("orders", "products"))
    assert result.status == 1
    assert result.ids("products")
    assert len([entry for entry in cratejoy.stats()["log"] if "orders" in entry["path"]]) == 1


# Incremental


def test_an_ignored_filter_lets_no_older_row_through(cratejoy: Sandbox, tmp_path: Path) -> None:
    since = "2026-03-01T00:00:00Z"
    honest = {row["id"] for row in cratejoy.rows("orders") if row["placed_at"] >= since}
    cratejoy.fault(filter_ignored=True)
    result = run(cratejoy, tmp_path, ORDERS, page_size=100, start_date=since)
    assert result.status == 0
    assert result.ids("orders") == honest
    assert "ignores the filter on placed_at" in result.stderr


# Speed limits


@pytest.mark.parametrize("per_second", [4, 20])
def test_no_second_ever_holds_more_requests_than_the_ceiling(
    cratejoy: Sandbox, tmp_path: Path, per_second: int
) -> None:
    size = 10 if per_second == 4 else 1
    run(cratejoy, tmp_path, requests_per_second=per_second, concurrency=8, page_size=size)
    times = sorted(entry["at"] for entry in cratejoy.stats()["log"])
    assert len(times) > per_second
    gaps = [later - earlier for earlier, later in zip(times, times[per_second:], strict=False)]
    assert min(gaps) >= 1.0
    assert max(later - earlier for earlier, later in pairwise(times)) < 2.5 / per_second + 0.5
