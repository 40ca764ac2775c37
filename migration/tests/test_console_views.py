"""What the console shows, as data, and its pages as Streamlit would run them: with nothing there, and with rows."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from cratejoy_migration import decisions
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import AuditStore, Hole
from cratejoy_migration.console import map_chart
from cratejoy_migration.console.views import audit

MOMENT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def line(stream, at_cratejoy, staged, missing, **more):
    return Line(stream, at_cratejoy, staged, missing, rows=staged, checked_at=MOMENT, **more)


def put_page(connection, stream, page, rows, missing=(), first=1):
    AuditStore(connection)
    connection.execute(
        "insert into migration.audit_pages (stream, page, page_size, rows, first_id, last_id, missing, run_id)"
        " values (%s, %s, 100, %s, %s, %s, %s, 'run-1')",
        (stream, page, rows, first, first + rows - 1, list(missing)),
    )


# Audit


def test_without_an_audit_there_is_nothing_to_show(connection):
    assert audit.read(connection) is None
    assert audit.cells(connection, "orders") == []
    assert audit.missing_ids(connection, "orders") == []


def test_streams_come_in_the_order_of_collection_each_with_its_state(connection):
    store = AuditStore(connection)
    for one in (line("orders", 30, 28, 2), line("customers", 10, 10, 0), line("products", None, 4, None)):
        store.save(one)
    found = audit.read(connection)
    assert [(one.stream, found.state(one)) for one in found.lines] == [
        ("customers", "complete"),
        ("orders", "missing"),
        ("products", "not known"),
    ]
    assert (found.missing, found.beyond, found.mapped) == (2, {"orders": 2, "products": 1}, ())
    assert found.checked_at == MOMENT


def test_missing_rows_that_a_person_accepted_are_shown_as_such(connection):
    AuditStore(connection).save(line("orders", 30, 28, 2))
    decisions.accept(connection, "missing", "orders", 2, "they are test orders")
    found = audit.read(connection)
    assert (found.state(found.lines[0]), found.beyond, found.accepted) == ("missing, as accepted", {}, {"orders": 2})


def test_a_short_stream_has_a_cell_for_each_page(connection):
    for page in (1, 2, 3):
        put_page(connection, "orders", page, 100, [207, 208] if page == 2 else (), first=page * 100)
    found = audit.cells(connection, "orders")
    assert [(cell.place, cell.named, cell.rows, cell.missing, cell.holey) for cell in found] == [
        (0, "page 1", 100, 0, 0),
        (1, "page 2", 100, 2, 1),
        (2, "page 3", 100, 0, 0),
    ]
    assert (found[1].first_id, found[1].last_id) == (200, 299)


def test_a_long_stream_has_a_cell_for_several_pages(connection):
    for page in range(1, 11):
        put_page(connection, "orders", page, 100, [page * 100] if page in (4, 5) else (), first=page * 100)
    found = audit.cells(connection, "orders", most=4)
    assert [(cell.named, cell.pages, cell.rows, cell.missing, cell.holey) for cell in found] == [
        ("pages 1 to 3", 3, 300, 0, 0),
        ("pages 4 to 6", 3, 300, 2, 2),
        ("pages 7 to 9", 3, 300, 0, 0),
        ("page 10", 1, 100, 0, 0),
    ]


def hole(page, *missing, rows=3, query=0):
    return Hole(query, page, 3, rows, 1, 9, list(missing))


def test_pages_that_are_missing_whole_and_follow_each_other_are_one_range():
    found = audit.ranges([hole(4, 11, 12, 13), hole(5, 21, 22, 23), hole(6, 31)])
    assert [(one.pages, one.ids, one.count) for one in found] == [("4 to 5", "11 to 23", 6), ("6", "31", 1)]


def test_pages_apart_or_of_another_query_are_ranges_of_their_own():
    found = audit.ranges([hole(4, 11, 12, 13), hole(6, 31, 32, 33), hole(7, 41, 42, 43, query=1)])
    assert [(one.pages, one.ids) for one in found] == [("4", "11 to 13"), ("6", "31 to 33"), ("7", "41 to 43")]


def test_missing_ids_are_read_from_the_pages(connection):
    put_page(connection, "orders", 3, 2, [7, 9], first=7)
    assert [(one.pages, one.ids, one.count) for one in audit.missing_ids(connection, "orders")] == [("3", "7 to 9", 2)]


def cell(place, rows, missing):
    return audit.Cell(place, place, place, 1, rows, missing, int(missing > 0), 1, 9, MOMENT)


def test_the_map_stands_in_rows_of_forty_and_marks_holes():
    cells = [cell(place, 100, {0: 0, 40: 12, 41: 90}.get(place, 0)) for place in range(42)]
    found = map_chart.rectangles(cells)
    assert [(one["row"], one["column"], one["state"]) for one in (found[0], found[39], found[40], found[41])] == [
        (0, 0, "complete"),
        (0, 39, "complete"),
        (1, 0, "rows missing"),
        (1, 1, "most rows missing"),
    ]
    drawn = map_chart.chart(cells).to_dict()
    assert drawn["encoding"]["color"]["scale"]["domain"] == ["complete", "rows missing", "most rows missing"]
