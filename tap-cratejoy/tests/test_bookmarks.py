"""Which run a start belongs to, where each stream goes on, and when the replication key may move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy.bookmarks import Bookmark, Run, choose_run

NOW = datetime(2026, 3, 14, 16, 16, 6, 250_000, tzinfo=UTC)
FRESH = Run("run-2", resumed=False)
AGAIN = Run("run-1", resumed=True)
BOTH = ["customers", "orders"]


def state(run_id: str = "run-1", *, complete: bool = False, started: str = "2026-03-01T00:00:00Z", **more: Any) -> dict:
    return {"run_id": run_id, "complete": complete, "proven": complete, "scan_started_at": started, **more}


def known(bookmark: dict) -> dict:
    """Return what a bookmark says; null says nothing."""
    return {name: value for name, value in bookmark.items() if value is not None}


# Which run


def test_without_any_bookmark_a_run_begins_and_is_named_after_the_present() -> None:
    run = choose_run({}, BOTH, NOW)
    assert not run.resumed
    assert run.run_id.startswith("20260314T161606Z-")


def test_two_runs_of_the_same_second_have_different_names() -> None:
    assert choose_run({}, BOTH, NOW).run_id != choose_run({}, BOTH, NOW).run_id


def test_after_a_finished_run_a_new_one_begins() -> None:
    done = {"customers": state(complete=True), "orders": state(complete=True)}
    run = choose_run(done, BOTH, NOW)
    assert not run.resumed
    assert run.run_id != "run-1"


def test_an_unfinished_run_is_gone_on_with() -> None:
    assert choose_run({"customers": state(complete=True), "orders": state()}, BOTH, NOW) == AGAIN


def test_a_stream_that_is_not_selected_now_does_not_keep_a_run_open() -> None:
    bookmarks = {"customers": state(complete=True), "orders": state()}
    assert not choose_run(bookmarks, ["customers"], NOW).resumed


def test_an_old_unfinished_run_is_left_alone_when_a_later_one_finished() -> None:
    bookmarks = {
        "customers": state("run-9", complete=True, started="2026-03-02T00:00:00Z"),
        "orders": state("run-1", started="2026-03-01T00:00:00Z"),
    }
    assert not choose_run(bookmarks, BOTH, NOW).resumed


def test_the_later_run_counts_also_within_one_second() -> None:
    bookmarks = {
        "customers": state("run-9", complete=True, started="2026-03-01T00:00:00.5Z"),
        "orders": state("run-1", started="2026-03-01T00:00:00Z"),
    }
    assert not choose_run(bookmarks, BOTH, NOW).resumed


@pytest.mark.parametrize("bookmarks", [{"customers": {}}, {"customers": {"replication_key_value": "2026-01-01"}},
                                       {"customers": {"run_id": None, "page": 3}}, {"carts": state()}])  # fmt: skip
def test_bookmarks_without_a_run_begin_one(bookmarks: dict) -> None:
    assert not choose_run(bookmarks, BOTH, NOW).resumed


def test_a_run_whose_start_is_unknown_can_still_be_gone_on_with() -> None:
    assert choose_run({"customers": {"run_id": "run-1", "page": 3}}, BOTH, NOW) == AGAIN


@pytest.mark.parametrize(("failures", "resumed"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_stream_that_failed_twice_no_longer_keeps_the_others_from_being_scanned_anew(
    failures: int, resumed: bool
) -> None:
    bookmarks = {"customers": state(complete=True), "orders": state(failures=failures)}
    assert choose_run(bookmarks, BOTH, NOW).resumed is resumed


def test_failures_at_the_same_place_are_counted_and_outlive_a_new_scan_of_the_same_run() -> None:
    bookmark = Bookmark(state())
    bookmark.fail()
    bookmark.begin(NOW)
    bookmark.fail()
    assert (bookmark.state["failures"], bookmark.state["failed_at"]) == (2, None)


def test_failures_with_progress_in_between_are_not() -> None:
    bookmark = Bookmark(state(page=3))
    bookmark.fail()
    bookmark.page_done(page=4, page_size=100, first_page=0, count=1000)
    bookmark.fail()
    assert (bookmark.state["failures"], bookmark.state["failed_at"]) == (1, 4)


def test_failures_are_forgotten_in_a_new_run_and_after_success() -> None:
    planned, finished = Bookmark(state(failures=2, failed_at=7)), Bookmark(state(failures=2, failed_at=7))
    planned.plan(FRESH, NOW)
    finished.finish(complete=True, proven=True, replication_key=None)
    assert not {"failures", "failed_at"} & known(planned.state).keys()
    assert not {"failures", "failed_at"} & known(finished.state).keys()


def test_a_scan_that_fails_again_before_its_first_page_keeps_its_place() -> None:
    bookmark = Bookmark(state(page=41, page_size=100))
    bookmark.turn_to(number=1, filter_key=None, since=None, resumed=True)
    assert bookmark.state["page"] == 41
    bookmark.turn_to(number=2, filter_key=None, since=None)
    assert bookmark.state["page"] is None


# Done, under way, begun


@pytest.mark.parametrize(
    ("bookmark", "run", "done"),
    [
        (state(complete=True), AGAIN, True),
        (state(complete=False), AGAIN, False),
        (state("run-0", complete=True), AGAIN, False),
        (state(complete=True), Run("run-1", resumed=False), False),
        ({}, AGAIN, False),
    ],
)
def test_a_stream_complete_in_a_run_gone_on_with_is_not_scanned_again(bookmark: dict, run: Run, done: bool) -> None:
    assert Bookmark(bookmark).done_in(run) is done


PAGE = {"page": 5, "page_size": 100}


@pytest.mark.parametrize(
    ("bookmark", "run", "under_way"),
    [
        (state(**PAGE), AGAIN, True),
        (state(**PAGE, **{"pass": 1}), AGAIN, True),
        (state(page=0, page_size=1), AGAIN, True),
        (state(**PAGE, **{"pass": 2}), AGAIN, False),
        (state(**PAGE), FRESH, False),
        (state("run-0", **PAGE), AGAIN, False),
        (state(**PAGE), Run("run-1", resumed=False), False),
        (state(page=5), AGAIN, False),
        (state(page_size=100), AGAIN, False),
        (state(page="5", page_size=100), AGAIN, False),
        (state(page=-1, page_size=100), AGAIN, False),
        (state(page=5, page_size=0), AGAIN, False),
        (state(page=True, page_size=100), AGAIN, False),
        ({"run_id": "run-1", **PAGE}, AGAIN, False),
        ({}, AGAIN, False),
    ],
)
def test_a_scan_goes_on_only_in_its_own_run_and_first_pass_with_a_bookmark_that_can_be_used(
    bookmark: dict, run: Run, under_way: bool
) -> None:
    assert Bookmark(bookmark).under_way(run) is under_way


def test_planning_enters_a_stream_in_a_run_before_its_turn_and_keeps_what_it_knows() -> None:
    bookmark = Bookmark(state(**PAGE, replication_key_value="2026-02-01T00:00:00Z", records=7, highest_seen="x"))
    bookmark.plan(FRESH, NOW)
    assert bookmark.belongs_to(FRESH)
    assert bookmark.state["complete"] is False
    assert bookmark.state["replication_key_value"] == "2026-02-01T00:00:00Z"
    assert known(bookmark.state).keys() & {"page", "highest_seen"} == set()


def test_planning_leaves_a_stream_of_the_same_run_alone() -> None:
    bookmark = Bookmark(state(**PAGE))
    bookmark.plan(AGAIN, NOW)
    assert bookmark.state == state(**PAGE)


def test_a_scan_that_begins_forgets_the_last_one_but_not_the_replication_key() -> None:
    bookmark = Bookmark(
        state(
            **PAGE, **{"pass": 3}, first_page=1, filter="placed_at", since="2026-01-01T00:00:00Z", records=70,
            highest_seen="2026-02-02T00:00:00Z", proven_so_far=True, replication_key="placed_at",
            replication_key_value="2026-02-01T00:00:00Z",
        )
    )  # fmt: skip
    bookmark.begin(NOW)
    assert known(bookmark.state) == {
        "run_id": "run-1", "scan_started_at": "2026-03-14T16:16:06Z", "records": 0, "complete": False, "proven": False,
        "page_size": 100, "replication_key": "placed_at", "replication_key_value": "2026-02-01T00:00:00Z",
    }  # fmt: skip


def test_a_bookmark_reads_as_a_progress_report() -> None:
    bookmark = Bookmark({})
    bookmark.plan(FRESH, NOW)
    bookmark.begin(NOW)
    bookmark.turn_to(number=1, filter_key="placed_at", since="2026-01-01T00:00:00Z")
    bookmark.add_records(100)
    bookmark.page_done(page=1, page_size=100, first_page=1, count=250)
    bookmark.add_records(100)
    bookmark.page_done(page=2, page_size=100, first_page=1, count=251)
    assert bookmark.state == {
        "run_id": "run-2", "scan_started_at": "2026-03-14T16:16:06Z", "records": 200, "complete": False,
        "proven": False, "pass": 1, "filter": "placed_at", "since": "2026-01-01T00:00:00Z", "page": 2,
        "page_size": 100, "first_page": 1, "count": 251,
    }  # fmt: skip


def test_a_pass_over_another_query_starts_without_page_and_filter_of_the_last() -> None:
    bookmark = Bookmark(state(**PAGE, filter="created_at", since="2026-01-01T00:00:00Z"))
    bookmark.turn_to(number=2, filter_key=None, since=None)
    assert bookmark.state["pass"] == 2
    assert not {"page", "filter", "since"} & known(bookmark.state).keys()


# The replication key


def seen(*values: str | None, started: str = "2026-03-14T16:16:06Z", before: str | None = None) -> Bookmark:
    bookmark = Bookmark(state(started=started))
    if before:
        bookmark.state["replication_key_value"] = before
    for value in values:
        bookmark.saw(value)
    return bookmark


def test_the_replication_key_value_moves_only_when_the_scan_ends() -> None:
    bookmark = seen("2026-02-01T00:00:00Z", before="2026-01-01T00:00:00Z")
    assert bookmark.state["replication_key_value"] == "2026-01-01T00:00:00Z"
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    assert bookmark.state["replication_key"] == "placed_at"
    assert bookmark.state["replication_key_value"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("values", "becomes"),
    [
        (["2026-02-01T00:00:00Z", "2026-01-15T00:00:00Z"], "2026-02-01T00:00:00Z"),
        (["2026-03-14T16:16:06Z"], "2026-03-14T16:16:06Z"),
        (["2026-03-14T16:16:07Z", "2026-02-01T00:00:00Z"], "2026-02-01T00:00:00Z"),
        (["2026-03-14T16:16:06.5Z", "2026-02-01T00:00:00Z"], "2026-02-01T00:00:00Z"),
        (["2031-01-01T00:00:00Z"], None),
        (["2026-02-01T00:00:00Z", "2026-02-01T00:00:00.5Z"], "2026-02-01T00:00:00.5Z"),
        ([None, ""], None),
        ([], None),
    ],
)
def test_it_becomes_the_highest_value_seen_that_is_not_in_the_future(values: list, becomes: str | None) -> None:
    bookmark = seen(*values)
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    assert bookmark.state.get("replication_key_value") == becomes


def test_it_never_moves_back() -> None:
    bookmark = seen("2026-01-01T00:00:00Z", before="2026-02-01T00:00:00Z")
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    assert bookmark.state["replication_key_value"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-02-01T01:00:00+02:00", "2026-02-01T00:00:00Z"),
        ("2026-02-01T12:00:00+02:00", "2026-02-01T10:00:00Z"),
        ("2026-02-02", "2026-02-02T00:00:00Z"),
        (17, "2026-02-01T00:00:00Z"),
        ("soon", "2026-02-01T00:00:00Z"),
    ],
)
def test_a_value_written_by_hand_or_by_another_tap_is_compared_as_the_date_it_is(before: Any, after: str) -> None:
    bookmark = seen("2026-02-01T00:00:00Z", before=before)
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    assert bookmark.state["replication_key_value"] == after


def test_a_scan_that_brought_nothing_leaves_it() -> None:
    bookmark = seen(before="2026-02-01T00:00:00Z")
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    assert bookmark.state["replication_key_value"] == "2026-02-01T00:00:00Z"


def test_a_scan_that_is_not_complete_leaves_it() -> None:
    bookmark = seen("2026-02-20T00:00:00Z", before="2026-02-01T00:00:00Z")
    bookmark.finish(complete=False, proven=False, replication_key="placed_at")
    assert bookmark.state["replication_key_value"] == "2026-02-01T00:00:00Z"
    assert bookmark.state["complete"] is False


def test_full_table_streams_get_none() -> None:
    bookmark = seen("2026-02-20T00:00:00Z")
    bookmark.finish(complete=True, proven=True, replication_key=None)
    assert "replication_key_value" not in bookmark.state
    assert "replication_key" not in bookmark.state


@given(st.lists(st.integers(-2000, 2000), max_size=8))
def test_whatever_is_seen_it_is_never_lower_than_before_nor_later_than_the_start(days: list[int]) -> None:
    texts = [(NOW + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ") for number in days]
    bookmark = seen(*texts, before="2025-01-01T00:00:00Z")
    bookmark.finish(complete=True, proven=True, replication_key="placed_at")
    past = [text for text in texts if text <= "2026-03-14T16:16:06Z"]
    assert bookmark.state["replication_key_value"] == max([*past, "2025-01-01T00:00:00Z"])


# The end of a scan


def test_a_finished_scan_says_what_it_read_and_a_new_run_forgets_it() -> None:
    way = {"pass": 2, "filter": "placed_at", "since": "x", "highest_seen": "2026-01-01T00:00:00Z"}
    bookmark = Bookmark(state(**PAGE, **way, proven_so_far=True, records=3, count=3))
    bookmark.finish(complete=True, proven=True, replication_key=None)
    assert known(bookmark.state) == state(**PAGE, **way, complete=True, records=3, count=3, proven=True)
    bookmark.plan(FRESH, NOW)
    assert not way.keys() & known(bookmark.state).keys()


def test_what_is_forgotten_is_null_because_meltano_would_bring_back_what_is_removed() -> None:
    bookmark = Bookmark(state(**PAGE, filter="placed_at", since="x", failures=1, failed_at=3))
    before = set(bookmark.state)
    bookmark.plan(FRESH, NOW)
    assert before <= bookmark.state.keys()
    assert {name for name, value in bookmark.state.items() if value is None} == {
        "page", "filter", "since", "failures", "failed_at",
    }  # fmt: skip


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_a_scan_that_ended_unproven_where_that_fails_is_scanned_again_from_the_first_page(passes: int) -> None:
    bookmark = Bookmark(state(**PAGE, **{"pass": passes}))
    bookmark.finish(complete=False, proven=False, replication_key=None)
    assert not bookmark.under_way(AGAIN)
    assert not bookmark.done_in(AGAIN)
    assert choose_run({"customers": bookmark.state}, BOTH, NOW) == AGAIN
