"""Holes of any shape are found, named with their page, and closed; what only looks like a hole is none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from cratejoy_migration.audit.backfill import Backfill, Outcome
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.pipeline import Pipeline
from cratejoy_migration.audit.store import Hole
from cratejoy_migration.history import recorded
from cratejoy_migration.standing.facts import gather
from cratejoy_migration.standing.next_step import next_step
from tap_cratejoy.errors import TapError, Unreachable

from .auditing import (
    STREAMS,
    Store,
    TapAndLoader,
    auditing,
    collected,
    delete,
    staged,
    staged_ids,
    start_store,
)


@pytest.fixture(scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory, shared_url: str) -> Iterator[Store]:
    with start_store(tmp_path_factory.mktemp("audited")) as store:
        with psycopg.connect(shared_url) as connection:
            connection.execute("drop schema if exists cratejoy, migration cascade")
        collected(shared_url, store)
        yield store
        with psycopg.connect(shared_url) as connection:
            connection.execute("drop schema if exists collected cascade")


@pytest.fixture
def store(_store: Store) -> Iterator[Store]:
    _store.reset()
    yield _store
    _store.reset()


@pytest.fixture
def changed_store(tmp_path, url, _store) -> Iterator[Store]:
    """Serve a store of its own to a test that changes rows; it begins as the others' does, and all of it is staged."""
    with start_store(tmp_path) as store:
        assert all(store.ids(stream) == _store.ids(stream) for stream in ("customers", "orders"))
        staged(url, STREAMS)
        yield store


@pytest.fixture
def everything(url, store) -> str:
    staged(url, STREAMS)
    return url


def deep(url: str, store: Store, stream: str = "orders", **settings) -> tuple[Line, list[Hole]]:
    with auditing(url, store, **settings) as audit:
        return audit.by_pages(stream, "run"), audit.store.holes(stream)


def shallow(url: str, store: Store, stream: str = "orders", **settings) -> Line:
    with auditing(url, store, **settings) as audit:
        return audit.by_counts(stream)


def backfilled(url: str, store: Store, stream: str = "orders", **settings) -> tuple[Outcome, list[dict]]:
    pipeline = TapAndLoader(store, url, settings)
    with auditing(url, store, **settings) as audit:
        return Backfill(audit, pipeline, "run").close(stream), pipeline.ordered


# Finding


def test_a_whole_staging_is_complete_by_counts_and_by_pages(everything, store):
    with auditing(everything, store) as audit:
        lines = [audit.by_counts(stream) for stream in STREAMS] + [audit.by_pages(stream, "run") for stream in STREAMS]
    assert [(line.missing, line.extra, line.unnamed, line.trouble) for line in lines] == [(0, 0, 0, "")] * 16
    assert [line.foreign for line in lines] == [0] * 16


def test_counts_cost_one_request_a_stream_and_pages_one_a_page(everything, store):
    store.reset()
    shallow(everything, store)
    assert store.requests() == 1
    store.reset()
    line, _ = deep(everything, store, page_size=50)
    assert store.requests() <= line.pages + 1  # the first page once more, to see that nothing moved


def every_row(page: int, size: int = 10) -> range:
    return range(page * size, page * size + size)


SHAPES: dict[str, Callable[[int], list[int]]] = {
    "a page": lambda rows: list(every_row(11)),
    "two pages side by side": lambda rows: [*every_row(11), *every_row(12)],
    "a range across pages": lambda rows: list(range(37, 64)),
    "scattered rows": lambda rows: [3, 58, 59, rows // 2, rows - 2],
    "the first page": lambda rows: list(every_row(0)),
    "the last page": lambda rows: list(range(rows - rows % 10, rows)),
    "every second row": lambda rows: list(range(0, rows, 2)),
    "one row": lambda rows: [77],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hole_is_named_row_by_row_and_page_by_page(everything, store, shape):
    ids = store.ids("orders")
    places = SHAPES[shape](len(ids))
    delete(everything, "orders", [ids[place] for place in places])
    line, holes = deep(everything, store)
    assert line.missing == len(places)
    assert line.extra == line.unnamed == 0
    found: dict[int, list[int]] = {}
    for place in places:
        found.setdefault(place // 10, []).append(ids[place])
    assert {hole.page: hole.missing for hole in holes} == found


def test_a_stream_that_numbers_its_pages_from_1_has_holes_by_its_own_numbers(everything, store):
    ids = store.ids("shipments")
    delete(everything, "shipments", ids[110:120])
    _, holes = deep(everything, store, "shipments")
    assert [(hole.page, hole.missing) for hole in holes] == [(12, ids[110:120])]


def test_the_table_of_pages_tells_what_each_page_held(everything, store):
    ids = store.ids("orders")
    deep(everything, store)
    with psycopg.connect(everything) as connection:
        rows = connection.execute(
            "select page, page_size, rows, first_id, last_id, missing, run_id from migration.audit_pages"
            " where stream = 'orders' order by page"
        ).fetchall()
    assert rows[3] == (3, 10, 10, ids[30], ids[39], [], "run")
    assert sum(row[2] for row in rows) == len(ids)


def test_a_stream_without_a_table_is_missing_whole(url, store):
    staged(url, ["customers"])
    line, holes = deep(url, store)
    assert line.missing == len(store.ids("orders"))
    assert line.rows is None
    assert sum(len(hole.missing) for hole in holes) == line.missing


def test_rows_of_customers_that_are_not_staged_are_foreign(everything, store):
    with psycopg.connect(everything) as connection:
        [(owner, count)] = connection.execute(
            "select customer_id, count(*) from cratejoy.orders group by 1 order by 2 desc limit 1"
        ).fetchall()
    delete(everything, "customers", [owner])
    assert shallow(everything, store).foreign == count
    staged(everything, ["orders"])
    assert shallow(everything, store).foreign == len(store.ids("orders"))


def test_rows_that_are_staged_twice_are_told(url, store):
    staged(url, ["customers"])
    with psycopg.connect(url) as connection:
        connection.execute("create table cratejoy.products as select * from collected.products")
        connection.execute("insert into cratejoy.products select * from collected.products limit 2")
    line = shallow(url, store, "products")
    assert (line.duplicates, line.missing, line.extra) == (2, 0, 0)


# Servers of every kind


FAULTS = {
    "pages from 1": {"page_base": {"resource": "orders", "base": 1}},
    "next leads back": {"next_loop": {"resource": "orders", "pages": [5], "to": 1}},
    "next is null too early": {"next_null": {"resource": "orders", "pages": [5]}},
    "no first next, pages from 1": {
        "page_base": {"resource": "orders", "base": 1},
        "next_null": {"resource": "orders", "pages": [1]},
    },
    "next on the last page": {"next_on_last_page": True},
    "rows twice": {"duplicates": {"resource": "orders", "rows": 3}},
    "another order": {"shuffled": "stable"},
    "smaller pages than asked for": {"limit_ignored": 7},
    "no large pages": {"max_limit": {"limit": 6, "how": "refuse"}},
    "an empty page in the middle": {"empty_page": {"resource": "orders", "pages": [7], "times": 1}},
    "a page that fails": {"status": {"resource": "orders", "pages": [7], "limit_at_least": 10, "status": 500}},
    "no rows without relations": {"with_ignored": True},
    "no count": {"count_null": True},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hole_is_named_whatever_the_server_is_like(everything, store, fault):
    ids = store.ids("orders")
    gone = sorted([*ids[110:120], ids[5], ids[-1]])
    delete(everything, "orders", gone)
    store.fault(**FAULTS[fault])
    line, holes = deep(everything, store, max_retries=1)
    assert sorted(number for hole in holes for number in hole.missing) == gone
    assert line.missing == len(gone)


def test_a_count_that_is_off_is_told_apart_from_named_rows(everything, store):
    store.fault(count_off={"resource": "orders", "by": 3})
    assert shallow(everything, store).missing == 3
    line, holes = deep(everything, store)
    assert (line.missing, line.unnamed, holes) == (3, 3, [])
    assert line.trouble


def test_rows_that_a_page_leaves_out_are_found_in_smaller_windows(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[38:40])
    store.fault(holes={"resource": "orders", "pages": [3], "rows": 2, "limit_at_least": 10})
    line, holes = deep(everything, store)
    assert (line.missing, line.unnamed) == (2, 0)
    assert [(hole.page, hole.missing) for hole in holes] == [(3, ids[38:40])]


def test_rows_that_no_page_shows_are_missing_without_a_name(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[38:40])
    store.fault(holes={"resource": "orders", "pages": [3], "rows": 2})
    line, holes = deep(everything, store, completeness_passes=0)
    assert (line.missing, line.unnamed, holes) == (2, 2, [])


def test_staged_rows_that_no_page_shows_are_asked_for_before_they_count_as_extra(everything, store):
    store.fault(holes={"resource": "orders", "pages": [3], "rows": 2})
    line, holes = deep(everything, store, completeness_passes=0)
    assert (line.missing, line.extra, holes) == (0, 0, [])


def test_an_order_that_changes_with_each_request_gives_no_false_certainty(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[110:120])
    store.fault(shuffled="anew")
    line, _ = deep(everything, store)
    assert line.missing is not None
    assert line.missing >= 10


def test_a_page_that_cannot_be_read_is_named_and_its_rows_stay_missing(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[50:52])
    store.fault(status={"resource": "orders", "row": ids[50], "status": 500})
    line, holes = deep(everything, store, max_retries=0)
    assert line.missing == 2
    assert [number for hole in holes for number in hole.missing] == [ids[51]]
    assert "could not be read" in line.trouble


def test_a_stream_that_is_forbidden_is_not_known_and_the_others_are(everything, store):
    store.fault(status={"resource": "orders", "status": 403})
    with auditing(everything, store) as audit:
        lines = [audit.by_counts("orders"), audit.by_pages("orders", "run"), audit.by_counts("customers")]
    assert [line.missing for line in lines] == [None, None, 0]
    assert "403" in lines[0].trouble


def test_credentials_that_are_good_for_nothing_end_the_audit_and_the_last_one_stands(everything, store):
    assert shallow(everything, store).missing == 0
    for refused in (401, 403):
        store.fault(status={"status": refused})
        with pytest.raises(TapError, match="client_secret"):
            shallow(everything, store)
        with pytest.raises(TapError, match="client_secret"):
            deep(everything, store)
    with auditing(everything, store) as audit:
        [line] = audit.store.lines()
    assert line.missing == 0


def test_a_server_that_is_away_ends_the_audit(everything, store):
    with auditing(everything, store, api_url="http://127.0.0.1:1/v1", max_retries=0) as audit:
        with pytest.raises(Unreachable):
            audit.by_counts("orders")
        with pytest.raises(TapError):
            audit.by_pages("orders", "run")


# What was never wanted


def test_test_rows_that_a_collection_drops_are_not_missing(url, changed_store):
    ids = changed_store.ids("orders")
    changed_store.change("orders", update={str(number): {"is_test": True} for number in ids[:7]})
    staged(url, [])
    assert TapAndLoader(changed_store, url, {"page_size": 500, "include_test": "false"}).run({}) == 0
    assert shallow(url, changed_store).missing == 7
    line = shallow(url, changed_store, include_test=False)
    assert (line.missing, line.tests) == (0, 7)
    delete(url, "orders", [ids[20]])
    line, holes = deep(url, changed_store, include_test=False)
    assert (line.missing, line.extra, line.tests) == (1, 0, 7)
    assert [hole.missing for hole in holes] == [[ids[20]]]
    outcome, _ = backfilled(url, changed_store, include_test=False)
    assert outcome.line.missing == 0
    assert staged_ids(url, "orders") == ids[7:]


def test_a_server_that_does_not_filter_test_rows_is_not_believed(everything, store):
    store.fault(filter_ignored=True)
    line = shallow(everything, store, include_test=False)
    assert line.missing is None
    assert "test rows" in line.trouble


def test_rows_before_the_start_date_are_not_missing(everything, store):
    start = "2026-03-01T00:00:00Z"
    ids = store.ids("orders")
    with psycopg.connect(everything) as connection:
        connection.execute("delete from cratejoy.orders where placed_at < %s", (start,))
        connection.execute("delete from cratejoy.orders where id = %s", (ids[-1],))
    assert shallow(everything, store, start_date=start).missing == 1
    line, holes = deep(everything, store, start_date=start)
    assert line.missing == 1
    assert [hole.missing for hole in holes] == [[ids[-1]]]
    store.fault(filter_ignored=True)
    assert shallow(everything, store, start_date=start).missing is None
    line, _ = deep(everything, store, start_date=start)
    assert line.missing == 1


def test_rows_that_came_after_the_collection_are_new_and_not_missing(url, changed_store):
    marks = {"customers": {"complete": True, "count": 60, "scan_started_at": "2026-11-01T00:00:00Z"}}
    changed_store.change("customers", insert=4)
    delete(url, "customers", staged_ids(url, "customers")[:2])
    for line in (
        shallow(url, changed_store, "customers", marks=marks),
        deep(url, changed_store, "customers", marks=marks)[0],
    ):
        assert (line.missing, line.new) == (2, 4)

    outcome, _ = backfilled(url, changed_store, "customers")
    assert outcome.line.missing == 0
    assert staged_ids(url, "customers") == changed_store.ids("customers")

    # Elements that are gone, and rows that are not staged at Cratejoy any more.
    ids = changed_store.ids("customers")
    changed_store.change("customers", delete=ids[5:8])
    line, _ = deep(url, changed_store, "customers")
    assert (line.missing, line.extra, line.extra_ids) == (0, 3, ids[5:8])
    assert shallow(url, changed_store, "customers").extra == 3


def test_rows_dated_after_an_incremental_collection_are_new_and_not_missing(everything, store):
    began = "2026-05-01T00:00:00Z"
    with psycopg.connect(everything) as connection:
        late = connection.execute("delete from cratejoy.orders where placed_at >= %s", (began,)).rowcount
        connection.execute("delete from cratejoy.orders where id in (select min(id) from cratejoy.orders)")
    marks = {"orders": {"complete": True, "count": 12, "filter": "placed_at", "scan_started_at": began}}
    assert late
    assert shallow(everything, store).missing == late + 1
    line = shallow(everything, store, marks=marks)
    assert (line.missing, line.new) == (1, late)
    store.fault(filter_ignored=True)
    line = shallow(everything, store, marks=marks)
    assert (line.missing, line.new) == (late + 1, 0)


def test_rows_that_are_named_stay_missing_when_the_counts_happen_to_agree(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[5:8])
    assert deep(everything, store)[0].missing == 3
    with psycopg.connect(everything) as connection:
        for number in (1, 2, 3):
            connection.execute("insert into cratejoy.orders (id) values (%s)", (number,))
    assert shallow(everything, store).missing == 3


def test_rows_that_go_during_a_walk_do_not_let_a_hole_slip_through(url, changed_store):
    ids = changed_store.ids("orders")
    hole = [ids[100], ids[110], ids[120]]
    delete(url, "orders", hole)
    changed_store.fault(deleted={"resource": "orders", "from_page": 5, "times": 8, "where": "behind"})
    line, holes = deep(url, changed_store, page_size=10)
    left = set(changed_store.ids("orders"))
    assert line.missing is not None
    assert line.missing >= len(left & set(hole))
    assert {number for one in holes for number in one.missing} >= left & set(hole)


def test_rows_that_only_come_at_the_end_do_not_make_a_walk_start_again(url, changed_store):
    ids = changed_store.ids("orders")
    delete(url, "orders", ids[40:42])
    changed_store.reset()
    changed_store.fault(inserted={"resource": "orders", "every": 4, "rows": 1, "times": 6})
    # One request at a time: of several at once the answers may come out of order, and a count seem to fall.
    line, holes = deep(url, changed_store, page_size=10, concurrency=1)
    assert line.missing == 8
    assert line.trouble == ""
    assert holes[0].missing == ids[40:42]
    assert changed_store.requests() <= line.pages + 4


def test_rows_that_come_and_go_in_equal_numbers_do_not_look_complete(url, changed_store):
    changed_store.fault(
        inserted={"resource": "orders", "every": 2, "rows": 1}, deleted={"resource": "orders", "every": 2, "rows": 1}
    )
    line, _ = deep(url, changed_store, page_size=10)
    assert line.missing


# Going on


def test_an_audit_that_was_killed_goes_on_where_it_stood(everything, store, tmp_path):
    ids = store.ids("orders")
    delete(everything, "orders", [ids[3], ids[-1]])
    store.fault(latency=0.05)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tests.auditing import *;"
        "held = auditing(sys.argv[2], Store(int(sys.argv[3])), concurrency=1);"
        "held.__enter__().by_pages('orders', 'first')"
    )
    folder = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", code, folder, everything, str(store.port)])
    deadline = time.monotonic() + 20
    while _pages(everything) < 8:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    walked = _pages(everything)
    store.reset()
    line, holes = deep(everything, store)
    assert [number for hole in holes for number in hole.missing] == [ids[3], ids[-1]]
    assert line.missing == 2
    assert store.requests() <= line.pages - walked + 4
    with psycopg.connect(everything) as connection:
        runs = connection.execute(
            "select run_id, count(*) from migration.audit_pages where stream = 'orders' group by 1 order by 1"
        ).fetchall()
    assert [name for name, _ in runs] == ["first", "run"]


def _pages(url: str) -> int:
    with psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('migration.audit_pages')").fetchone() == (None,):
            return 0
        row = connection.execute("select count(*) from migration.audit_pages").fetchone()
        return int(row[0]) if row else 0


def test_a_server_that_goes_away_in_mid_walk_loses_nothing(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[30:40])
    store.fault(dropped={"resource": "orders", "from_page": 9})
    with auditing(everything, store, max_retries=0) as audit:
        audit.by_pages("orders", "first")
    store.reset()
    line, holes = deep(everything, store)
    assert line.missing == 10
    assert [hole.page for hole in holes] == [3]
    assert store.requests() < line.pages


def stopped_after_customers(url: str, store: Store) -> None:
    with recorded(url, "audit", "first"), auditing(url, store) as audit:
        audit.by_pages("customers", "first")
        raise RuntimeError("the machine was switched off")


def test_streams_that_a_stopped_audit_had_walked_are_not_walked_again(everything, store):
    with pytest.raises(RuntimeError):
        stopped_after_customers(everything, store)
    with recorded(everything, "audit", "second"), auditing(everything, store) as audit:
        store.reset()
        assert audit.by_pages("customers", "second").missing == 0
        assert store.requests() == 1
    with auditing(everything, store) as audit:  # the second audit came to its end: the third is a new one
        store.reset()
        assert audit.by_pages("customers", "third").missing == 0
        assert store.requests() > 6


def test_streams_in_which_rows_went_since_are_walked_again(everything, store):
    with pytest.raises(RuntimeError):
        stopped_after_customers(everything, store)
    delete(everything, "customers", store.ids("customers")[:2])
    assert deep(everything, store, "customers")[0].missing == 2


def test_another_page_size_starts_over(everything, store):
    store.fault(dropped={"resource": "orders", "from_page": 9})
    with auditing(everything, store, max_retries=0) as audit:
        audit.by_pages("orders", "first")
    store.reset()
    line, _ = deep(everything, store, page_size=20)
    assert line.missing == 0
    with psycopg.connect(everything) as connection:
        sizes = connection.execute("select distinct page_size, run_id from migration.audit_pages").fetchall()
    assert sizes == [(20, "run")]


# Closing


@pytest.mark.parametrize("shape", ["two pages side by side", "scattered rows", "the last page"])
def test_a_hole_is_closed_by_reading_exactly_what_is_missing(everything, store, shape):
    ids = store.ids("orders")
    delete(everything, "orders", [ids[place] for place in SHAPES[shape](len(ids))])
    outcome, ordered = backfilled(everything, store)
    assert outcome.line.missing == 0
    assert staged_ids(everything, "orders") == ids
    assert len(ordered) == 1
    asked = {
        "two pages side by side": {"pages": {"orders": "11-12"}, "page_sizes": {"orders": 10}},
        "scattered rows": {"ids": {"orders": [ids[place] for place in SHAPES[shape](len(ids))]}},
        "the last page": {"ids": {"orders": ids[len(ids) - len(ids) % 10 :]}},
    }[shape]
    assert ordered[0] == {"_select_filter": ["orders"], **asked}


def test_after_a_backfill_of_every_stream_nobody_is_told_to_audit_again(everything, store):
    delete(everything, "orders", store.ids("orders")[110:120])
    with auditing(everything, store) as audit:
        for stream in STREAMS:
            audit.by_counts(stream)
        backfill = Backfill(audit, TapAndLoader(store, everything), "run")
        assert [backfill.close(stream).line.missing for stream in STREAMS] == [0] * len(STREAMS)
        facts = gather(audit.store.connection, {})
    assert facts.stored_at > facts.audit.checked_at  # customers come before orders
    assert next_step(facts)[0] == "not foretold"


def test_what_is_known_to_be_missing_is_not_looked_for_again(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[110:120])
    deep(everything, store)
    store.reset()
    with auditing(everything, store) as audit:
        outcome = Backfill(audit, TapAndLoader(store, everything), "run").close("orders")
    assert outcome.line.missing == 0
    assert store.requests() < 8


def test_rows_that_are_gone_when_they_are_read_are_told_and_not_missing(url, changed_store):
    ids = changed_store.ids("orders")
    delete(url, "orders", [ids[7], ids[60], ids[90]])
    deep(url, changed_store)
    changed_store.change("orders", delete=[ids[60]])
    outcome, _ = backfilled(url, changed_store)
    assert (outcome.line.missing, outcome.gone) == (0, 1)
    assert staged_ids(url, "orders") == changed_store.ids("orders")


def test_elements_that_cannot_be_asked_for_are_read_by_page(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", [ids[5], ids[77]])
    store.fault(status={"resource": "orders", "row": ids[9], "limit_at_least": 10_000, "status": 500})
    with auditing(everything, store) as audit:
        audit.cratejoy.there = lambda *_: {}  # type: ignore[method-assign]
        pipeline = TapAndLoader(store, everything)
        outcome = Backfill(audit, pipeline, "run").close("orders")
    assert outcome.line.missing == 0
    assert pipeline.ordered[0]["pages"] == {"orders": "0,7"}


def test_rows_that_cratejoy_counts_and_never_shows_stay_missing(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", [ids[7]])
    store.fault(count_off={"resource": "orders", "by": 2})
    outcome, _ = backfilled(everything, store)
    assert outcome.line.missing == 2
    assert staged_ids(everything, "orders") == ids


def test_a_pipeline_that_fails_ends_the_backfill_with_the_rows_still_missing(everything, store):
    ids = store.ids("orders")
    delete(everything, "orders", ids[50:60])

    class Broken(Pipeline):
        def _run(self, variables, *options):
            return 7

    with auditing(everything, store) as audit:
        outcome = Backfill(audit, Broken(None), "run").close("orders")
    assert (outcome.status, outcome.line.missing) == (7, 10)
