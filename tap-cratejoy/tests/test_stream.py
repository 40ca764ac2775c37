"""Runs of the tap against an honest store: what it emits, in which order, with which state; what the next run does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import Result, Sandbox, run_here, select, settings

DEFAULTS = (
    "customers", "subscriptions", "orders", "products", "transactions", "shipments", "inventory", "shipment_batches",
)  # fmt: skip


def queries(sandbox: Sandbox, resource: str) -> list[str]:
    return [entry["query"] for entry in sandbox.stats()["log"] if entry["path"].strip("/").endswith(resource)]


def test_a_first_run_brings_every_row_of_every_default_stream_in_the_order_of_the_contract(
    cratejoy: Sandbox, tmp_path: Path
) -> None:
    result = run_here(tmp_path, settings(cratejoy, page_size=100))
    assert result.status == 0
    order = [message["stream"] for message in result.messages if message["type"] == "SCHEMA"]
    assert tuple(order) == DEFAULTS
    for stream in DEFAULTS:
        assert result.ids(stream) == set(cratejoy.ids(stream)), stream
        assert result.bookmark(stream)["complete"] is True
        assert result.bookmark(stream)["proven"] is True


def test_one_state_a_page_and_only_after_its_records(cratejoy: Sandbox, tmp_path: Path) -> None:
    result = run_here(tmp_path, settings(cratejoy), catalog=select("customers"))
    emitted = 0
    pages = []
    for message in result.messages:
        if message["type"] == "RECORD":
            emitted += 1
        if message["type"] == "STATE" and "page" in message["value"]["bookmarks"]["customers"]:
            bookmark = message["value"]["bookmarks"]["customers"]
            pages.append(bookmark["page"])
            assert bookmark["records"] == emitted
    assert sorted(set(pages)) == [0, 1, 2, 3, 4, 5]
    assert len(pages) == 7  # six pages, and one that says complete


def test_state_reads_like_a_progress_report(cratejoy: Sandbox, tmp_path: Path) -> None:
    bookmark = run_here(tmp_path, settings(cratejoy), catalog=select("orders")).bookmark("orders")
    count = len(cratejoy.ids("orders"))
    newest = max(row["placed_at"] for row in cratejoy.rows("orders"))
    started = datetime.fromisoformat(bookmark.pop("scan_started_at"))
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60
    assert bookmark.pop("run_id")
    assert bookmark == {
        "page": (count - 1) // 10, "page_size": 10, "first_page": 0, "records": count, "count": count,
        "complete": True, "proven": True, "replication_key": "placed_at", "replication_key_value": newest, "pass": 1,
        "highest_seen": newest,
    }  # fmt: skip


def test_child_streams_keep_no_state(cratejoy: Sandbox, tmp_path: Path) -> None:
    result = run_here(tmp_path, settings(cratejoy), catalog=select("customers", "customer_metadata"))
    assert result.records["customer_metadata"]
    assert not result.state["bookmarks"].get("customer_metadata")


def test_a_selected_child_is_read_though_its_parent_is_not(cratejoy: Sandbox, tmp_path: Path) -> None:
    result = run_here(tmp_path, settings(cratejoy), catalog=select("subscription_coupons"))
    assert result.status == 0
    assert result.records.keys() == {"subscription_coupons"}


# Both ways of writing give the same bytes


@pytest.mark.parametrize("stream", ["customers", "orders", "shipments"])
def test_the_fast_path_and_the_path_of_the_sdk_write_the_same_bytes(
    cratejoy: Sandbox, tmp_path: Path, stream: str
) -> None:
    catalog = select(stream)
    keep_all = {stream: {"__filter__": "True"}}  # any map sends a stream the SDK's way
    fast = run_here(tmp_path / "fast", settings(cratejoy), catalog=catalog)
    slow = run_here(tmp_path / "slow", settings(cratejoy, stream_maps=keep_all), catalog=catalog)

    def records(result: Result) -> list[bytes]:
        lines = [line for line in result.lines if line.startswith(b'{"type":"RECORD"')]
        return [re.sub(rb',"time_extracted":"[^"]+\+00:00"}$', b"}", line) for line in lines]

    assert len(records(fast)) == len(cratejoy.ids(stream))
    assert records(fast) == records(slow)
    assert all(b"time_extracted" not in line for line in records(fast) + records(slow))


def test_deselected_properties_are_left_out(cratejoy: Sandbox, tmp_path: Path) -> None:
    catalog = select("customers", deselect={"customers": ["email", "addresses"]})
    result = run_here(tmp_path, settings(cratejoy), catalog=catalog)
    assert result.ids("customers") == set(cratejoy.ids("customers"))
    assert not any({"email", "addresses"} & record.keys() for record in result.records["customers"])


def test_stream_maps_are_applied(cratejoy: Sandbox, tmp_path: Path) -> None:
    maps = {
        "customers": {"email": None, "shout": "record['country'].lower()", "__filter__": "record['country'] == 'US'"}
    }
    result = run_here(tmp_path, settings(cratejoy, stream_maps=maps), catalog=select("customers"))
    assert result.status == 0
    honest = {row["id"] for row in cratejoy.rows("customers") if row["country"] == "US"}
    assert result.ids("customers") == honest
    assert {record["shout"] for record in result.records["customers"]} == {"us"}


# Going on and beginning anew


def test_after_a_finished_run_the_next_one_scans_anew(cratejoy: Sandbox, tmp_path: Path) -> None:
    catalog = select("customers", "products")
    first = run_here(tmp_path, settings(cratejoy), catalog=catalog)
    second = run_here(tmp_path, settings(cratejoy), catalog=catalog, state=first.state)
    assert second.ids("customers") == set(cratejoy.ids("customers"))
    assert second.bookmark("customers")["run_id"] != first.bookmark("customers")["run_id"]
    assert second.bookmark("customers")["records"] == len(cratejoy.ids("customers"))


def test_every_state_of_a_run_leads_on_to_all_rows(cratejoy: Sandbox, tmp_path: Path) -> None:
    """Whatever STATE was the last one recorded, it and the next run together have every row."""
    catalog = select("customers", "products", "inventory")
    whole = run_here(tmp_path, settings(cratejoy), catalog=catalog)
    places = [place for place, message in enumerate(whole.messages) if message["type"] == "STATE"]
    for place in places[::2]:
        before = Result(0, "", whole.messages[: place + 1])
        after = run_here(tmp_path, settings(cratejoy), catalog=catalog, state=before.state)
        assert after.status == 0
        for stream in ("customers", "products", "inventory"):
            assert before.ids(stream) | after.ids(stream) == set(cratejoy.ids(stream)), (place, stream)
            assert after.bookmark(stream)["complete"] is True
            assert after.bookmark(stream)["proven"] is True


def test_streams_that_are_complete_in_an_unfinished_run_are_not_scanned_again(
    cratejoy: Sandbox, tmp_path: Path
) -> None:
    catalog = select("customers", "products")
    cratejoy.fault(status={"resource": "products", "status": 404})
    first = run_here(tmp_path, settings(cratejoy), catalog=catalog)
    assert first.status == 1
    cratejoy.reset()
    second = run_here(tmp_path, settings(cratejoy), catalog=catalog, state=first.state)
    assert second.status == 0
    assert second.ids("products") == set(cratejoy.ids("products"))
    assert not queries(cratejoy, "customers")
    assert "already complete in this run" in second.stderr


def test_a_stream_that_stays_forbidden_does_not_keep_the_others_from_being_scanned_anew(
    cratejoy: Sandbox, tmp_path: Path
) -> None:
    catalog = select("customers", "products")
    cratejoy.fault(status={"resource": "products", "status": 403})
    state = None
    customers_read = []
    for _ in range(3):
        result = run_here(tmp_path, settings(cratejoy), catalog=catalog, state=state)
        assert result.status == 1
        state = result.state
        customers_read.append(bool(result.records["customers"]))
    assert customers_read == [True, False, True]


def test_a_bookmark_of_a_scan_under_way_is_taken_up_one_page_before(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = {"bookmarks": {"customers": {
        "page": 4, "page_size": 10, "first_page": 0, "records": 50, "count": 60, "complete": False, "proven": False,
        "scan_started_at": "2026-06-30T00:00:00Z", "run_id": "r1",
    }}}  # fmt: skip
    in_order = settings(cratejoy, completeness_passes=0, concurrency=1)
    result = run_here(tmp_path, in_order, catalog=select("customers"), state=state)
    asked = queries(cratejoy, "customers")
    assert "page=3" in asked[0]
    assert result.ids("customers") == set(cratejoy.ids("customers")[30:])
    assert result.bookmark("customers")["run_id"] == "r1"
    assert result.bookmark("customers")["complete"] is True
    assert result.bookmark("customers")["proven"] is False


def test_a_failure_right_after_going_on_keeps_the_place(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = {"bookmarks": {"customers": {
        "page": 4, "page_size": 10, "first_page": 0, "records": 50, "count": 60, "complete": False, "proven": False,
        "scan_started_at": "2026-06-30T00:00:00Z", "run_id": "r1",
    }}}  # fmt: skip
    cratejoy.fault(status={"resource": "customers", "status": 404})
    result = run_here(tmp_path, settings(cratejoy), catalog=select("customers"), state=state)
    assert result.status == 1
    assert result.bookmark("customers")["page"] == 4


def test_rows_of_a_child_that_do_not_add_up_are_told(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(empty_page={"resource": "customers/addresses"})
    catalog = select("customers", "customer_addresses")
    warned = run_here(tmp_path, settings(cratejoy), catalog=catalog)
    assert warned.status == 0
    assert "/addresses/: 0 rows for a count of 1" in warned.stderr
    failed = run_here(tmp_path, settings(cratejoy, on_incomplete="fail"), catalog=catalog)
    assert failed.status == 1
    assert "customer_addresses" in failed.stderr.splitlines()[-1]


def meltano_merges(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Do what Meltano does with the state of a run that did not end: lay it over the state before, at depth."""
    merged = dict(old)
    for key, value in new.items():
        merged[key] = meltano_merges(merged.get(key) or {}, value) if isinstance(value, dict) else value
    return merged


def test_what_an_older_scan_knew_never_comes_back_through_a_merge_of_states(cratejoy: Sandbox, tmp_path: Path) -> None:
    catalog = select("customers", "subscriptions", "orders")
    config = settings(cratejoy, completeness_passes=0, concurrency=1, page_size=5)
    first = run_here(tmp_path, config, catalog=catalog)
    second = run_here(tmp_path, config, catalog=catalog, state=first.state)
    begun = next(state for state in second.states if not state["bookmarks"]["customers"]["complete"])
    merged = meltano_merges(first.state, begun)
    third = run_here(tmp_path, config, catalog=catalog, state=merged)
    assert third.status == 0
    for stream in ("customers", "subscriptions"):
        assert third.ids(stream) == set(cratejoy.ids(stream))
        assert third.bookmark(stream)["proven"] is True
    orders = cratejoy.rows("orders")
    since = second.states[-1]["bookmarks"]["orders"]["replication_key_value"]
    assert since in {row["placed_at"] for row in orders}
    assert third.ids("orders") == second.ids("orders")


# Incremental streams


def finished(stream: str, key: str, value: str) -> dict[str, Any]:
    return {"bookmarks": {stream: {
        "complete": True, "proven": True, "run_id": "r0", "scan_started_at": "2026-06-01T00:00:00Z",
        "replication_key": key, "replication_key_value": value,
    }}}  # fmt: skip


def test_orders_are_read_from_the_bookmark_less_the_lookback(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = finished("orders", "placed_at", "2026-06-10T00:00:00Z")
    result = run_here(tmp_path, settings(cratejoy, lookback_days=10), catalog=select("orders"), state=state)
    rows = cratejoy.rows("orders")
    assert all("placed_at__ge=2026-05-31T00%3A00%3A00Z" in query for query in queries(cratejoy, "orders")[:-1] if query)
    assert result.ids("orders") == {row["id"] for row in rows if row["placed_at"] >= "2026-05-31T00:00:00Z"}
    assert result.bookmark("orders")["replication_key_value"] == max(row["placed_at"] for row in rows)


def test_a_start_date_is_taken_exactly(cratejoy: Sandbox, tmp_path: Path) -> None:
    result = run_here(tmp_path, settings(cratejoy, start_date="2026-05-01"), catalog=select("transactions"))
    honest = {row["id"] for row in cratejoy.rows("transactions") if row["created_at"] >= "2026-05-01T00:00:00Z"}
    assert honest
    assert result.ids("transactions") == honest


def test_shipments_take_a_second_pass_for_what_has_shipped_since(cratejoy: Sandbox, tmp_path: Path) -> None:
    since = "2026-06-01T00:00:00Z"
    state = finished("shipments", "created_at", since)
    result = run_here(tmp_path, settings(cratejoy, lookback_days=0), catalog=select("shipments"), state=state)
    rows = cratejoy.rows("shipments")
    created = {row["id"] for row in rows if row["created_at"] >= since}
    shipped = {row["id"] for row in rows if row["shipped_at"] and row["shipped_at"] >= since}
    assert shipped - created
    assert result.ids("shipments") == created | shipped
    assert result.bookmark("shipments")["proven"] is True


def test_a_date_in_the_future_never_becomes_the_bookmark(own_cratejoy: Sandbox, tmp_path: Path) -> None:
    newest = max(own_cratejoy.rows("orders"), key=lambda row: row["placed_at"])
    own_cratejoy.change("orders", update={str(newest["id"]): {"placed_at": "2031-01-01T00:00:00Z"}})
    result = run_here(tmp_path, settings(own_cratejoy), catalog=select("orders"))
    assert newest["id"] in result.ids("orders")
    assert result.bookmark("orders")["replication_key_value"] < "2030"


def test_a_row_without_its_date_is_emitted_and_does_not_move_the_bookmark(
    own_cratejoy: Sandbox, tmp_path: Path
) -> None:
    newest = max(own_cratejoy.rows("orders"), key=lambda row: row["placed_at"])
    own_cratejoy.change("orders", update={str(newest["id"]): {"placed_at": None}})
    result = run_here(tmp_path, settings(own_cratejoy), catalog=select("orders"))
    assert newest["id"] in result.ids("orders")
    assert result.bookmark("orders")["replication_key_value"] < newest["placed_at"]


def test_the_bookmark_does_not_move_when_the_scan_fails(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = finished("orders", "placed_at", "2026-01-10T00:00:00Z")
    cratejoy.fault(status={"resource": "orders", "from_page": 2, "status": 500})
    result = run_here(tmp_path, settings(cratejoy, max_retries=0), catalog=select("orders"), state=state)
    assert result.status == 1
    assert result.bookmark("orders")["replication_key_value"] == "2026-01-10T00:00:00Z"


# Backfill and quick tests


def test_chosen_pages_are_read_and_nothing_else(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = finished("orders", "placed_at", "2026-06-10T00:00:00Z")
    result = run_here(tmp_path, settings(cratejoy, pages={"customers": "0,2-3,77"}), state=state)
    ids = cratejoy.ids("customers")
    assert result.status == 0
    assert [record["id"] for record in result.records["customers"]] == ids[:10] + ids[20:40]
    assert result.records.keys() == {"customers"}
    assert all(value == state for value in result.states)
    assert "page 77 is empty" in result.stderr


def test_chosen_pages_count_as_the_server_counts_them(cratejoy: Sandbox, tmp_path: Path) -> None:
    result = run_here(tmp_path, settings(cratejoy, pages={"shipments": "0-1,3"}))
    ids = cratejoy.ids("shipments")
    assert [record["id"] for record in result.records["shipments"]] == ids[:10] + ids[20:30]
    assert "there is no page 0" in result.stderr


def test_chosen_elements_are_read_and_the_gone_ones_named(cratejoy: Sandbox, tmp_path: Path) -> None:
    ids = cratejoy.ids("customers")
    result = run_here(tmp_path, settings(cratejoy, ids={"customers": [ids[5], 12345, ids[7]]}))
    assert result.status == 0
    assert [record["id"] for record in result.records["customers"]] == [ids[5], ids[7]]
    assert result.records["customers"][0]["addresses"] is not None
    assert "12345" in result.stderr
    assert "1 gone" in result.stderr


def test_an_element_that_cannot_be_read_is_named_and_the_others_are_read(cratejoy: Sandbox, tmp_path: Path) -> None:
    ids = cratejoy.ids("customers")
    cratejoy.fault(status={"row": ids[6], "status": 500})
    result = run_here(tmp_path, settings(cratejoy, max_retries=0, ids={"customers": ids[5:8]}))
    assert result.status == 1
    assert [record["id"] for record in result.records["customers"]] == [ids[5], ids[7]]
    assert f"id {ids[6]}" in result.stderr


def test_a_bookmark_at_the_beginning_of_time_reads_everything(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = finished("orders", "placed_at", "0001-01-02T00:00:00Z")
    result = run_here(tmp_path, settings(cratejoy), catalog=select("orders"), state=state)
    assert result.status == 0
    assert result.ids("orders") == set(cratejoy.ids("orders"))


def test_a_record_limit_cuts_each_stream_short_and_leaves_its_bookmark(cratejoy: Sandbox, tmp_path: Path) -> None:
    state = finished("orders", "placed_at", "2020-01-10T00:00:00Z")
    result = run_here(
        tmp_path, settings(cratejoy, record_limit=13), catalog=select("customers", "orders", "products"), state=state
    )
    assert result.status == 0
    assert len(result.records["customers"]) == 13
    assert len(result.records["orders"]) == 13
    assert "complete" not in result.bookmark("customers")
    assert result.bookmark("orders") == state["bookmarks"]["orders"]
    assert result.bookmark("products")["complete"] is True


def test_test_rows_are_dropped_when_asked(own_cratejoy: Sandbox, tmp_path: Path) -> None:
    ids = own_cratejoy.ids("orders")
    own_cratejoy.change("orders", update={str(number): {"is_test": 1} for number in ids[::5]})
    result = run_here(tmp_path, settings(own_cratejoy, include_test=False), catalog=select("orders"))
    assert result.ids("orders") == set(ids) - set(ids[::5])
    assert result.bookmark("orders")["proven"] is True


def test_embeds_can_be_chosen(cratejoy: Sandbox, tmp_path: Path) -> None:
    run_here(tmp_path, settings(cratejoy, embed={"orders": "customer,products,coupons"}), catalog=select("orders"))
    assert all("with=customer%2Cproducts%2Ccoupons" in query for query in queries(cratejoy, "orders"))
