"""Pages of the console where little is there: nothing collected, a file gone, a step that failed."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime

import psycopg
import pytest
from cratejoy_migration import history
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import AuditStore
from cratejoy_migration.console import place
from cratejoy_migration.console.access import gate

from .paging import shown, texts

MOMENT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def show(url, tmp_path, monkeypatch):
    """Return a function that runs a page as Streamlit would, in an empty project."""
    monkeypatch.setattr(place, "project", lambda: tmp_path)
    monkeypatch.setattr(place, "url", lambda: url)
    monkeypatch.setattr(gate, "who", lambda: "Ana")
    return shown


@pytest.fixture
def links(monkeypatch):
    """Return the pages that the links lead to; the links of pages apart show nothing in a test."""
    found = []
    for name in ("audit", "guided"):
        module = importlib.import_module(f"cratejoy_migration.console.pages.{name}")
        monkeypatch.setattr(module, "onward", lambda address, words: found.append((address, words)))
    return found


def put_pages(connection, *missing):
    """Keep an audit of orders page by page, with so many rows missing of each page."""
    store = AuditStore(connection)
    store.save(Line("orders", 100, 90, sum(missing), rows=90, pages=len(missing), checked_at=MOMENT))
    for page, holes in enumerate(missing):
        connection.execute(
            "insert into migration.audit_pages (stream, page, page_size, rows, first_id, last_id, missing, run_id)"
            " values ('orders', %s, 10, 10, 1, 10, %s, 'run-1')",
            (page, list(range(1, holes + 1))),
        )


# Audit


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ((0, 2, 0), "3 pages were read, 1 has holes."),
        ((1, 2, 0), "3 pages were read, 2 have holes."),
        ((0, 0), "2 pages were read, 0 have holes."),
        ((3,), "1 page was read, 1 has holes."),
    ],
)
def test_the_map_of_pages_is_told_in_proper_words(show, connection, missing, told):
    put_pages(connection, *missing)
    assert told in texts(show("audit"))


def test_with_nothing_collected_the_audit_offers_no_backfill_and_leads_to_collecting(show, connection, links):
    store = AuditStore(connection)
    for stream in ("customers", "orders"):
        store.save(Line(stream, 600, 0, 600, rows=None, checked_at=MOMENT))
    page = show("audit")
    said = texts(page)
    assert any("Nothing was collected yet" in text for text in said)
    assert not any("Backfill" in text for text in said)
    assert [button.label for button in page.button] == ["Audit", "Start"]
    assert [address for address, _ in links] == ["guided"]


def test_with_part_of_it_collected_the_audit_offers_backfill(show, connection):
    store = AuditStore(connection)
    store.save(Line("customers", 600, 600, 0, rows=600, checked_at=MOMENT))
    store.save(Line("orders", 600, 0, 600, rows=None, checked_at=MOMENT))
    page = show("audit")
    texts(page)
    assert "Backfill" in [button.label for button in page.button]


# Forecast


def test_a_forecast_whose_file_is_gone_is_told_so(show, url):
    with history.recorded(url, "forecast") as run:
        run.beat({"documents": 2, "counts": {"created": 2}, "holds": True})
    page = show("forecast")
    said = texts(page)
    assert "The last forecast is not in the folder of reports any more: forecast again." in said
    assert not any("There is no forecast yet" in text for text in said)
    assert [button.label for button in page.button] == ["Forecast", "Forecast everybody"]


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_forecast_that_did_not_come_to_its_end_is_none(show, url, state):
    with history.recorded(url, "forecast") as run:
        run.figures["state"] = state
    page = show("forecast")
    assert any("There is no forecast yet" in text for text in texts(page))
    assert [button.label for button in page.button] == ["Forecast"]


# Guided path


def test_a_verification_that_failed_is_told_as_one_and_a_finished_step_by_its_date(show, url, stage, connection):
    stage("customers", {"id": 1})
    AuditStore(connection).save(Line("customers", 1, 1, 0, rows=1, checked_at=MOMENT))
    with history.recorded(url, "verify") as run:
        run.figures["state"] = "failed"
    connection.execute("update migration.runs set ended_at = started_at")
    [(ended,)] = connection.execute("select ended_at from migration.runs").fetchall()
    said = texts(show("guided"))
    assert f":gray[failed, {ended.astimezone():%d %b %H:%M}]" in said
    assert f":gray[nothing missing · {MOMENT.astimezone():%d %b %H:%M}]" in said


def test_the_guided_path_after_an_audit_of_one_stream_goes_on(show, url, stage, connection):
    """A backfill reads one stream and audits it again: the others were compared before, and nothing came to them."""
    stage("customers", {"id": 1})
    stage("orders", {"id": 1})
    with history.recorded(url, "collect") as run:
        run.beat({"rows": {"orders": 1, "order_notes": 1}, "stored_at": MOMENT.replace(hour=13).isoformat()})
    store = AuditStore(connection)
    store.save(Line("customers", 1, 1, 0, rows=1, checked_at=MOMENT))
    store.save(Line("orders", 1, 1, 0, rows=1, checked_at=MOMENT.replace(hour=14)))
    page = show("guided")
    assert not any("nobody has compared" in text for text in texts(page))
    assert [button.label for button in page.button] == ["Forecast"]
    store.save(Line("orders", 1, 1, 0, rows=1, checked_at=MOMENT.replace(hour=12)))
    assert [button.label for button in show("guided").button] == ["Audit"]
