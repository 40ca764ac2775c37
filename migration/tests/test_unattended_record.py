"""The path on record, and one run at a time."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
from cratejoy_migration import decisions
from cratejoy_migration.unattended.child import Children
from cratejoy_migration.unattended.knowledge import Sources, complete_scans
from cratejoy_migration.unattended.planner import Move
from cratejoy_migration.unattended.record import PathRecord, Trouble
from cratejoy_migration.unattended.session import Session, Setting
from cratejoy_migration.unattended.walk import Orders

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as connected:
        yield connected


def test_a_step_that_ends_is_past_and_one_that_was_killed_is_not(connection):
    record = PathRecord(connection)
    first = record.round()
    record.begin(first.number, "collect customers")
    assert record.past(first.number) == {}
    record.end(first.number, "collect customers", held=True)
    record.begin(first.number, "verify")
    record.end(first.number, "verify", held=False)
    record.begin(first.number, "verify")
    record.end(first.number, "verify", held=True)
    past = PathRecord(connection).past(first.number)
    assert [(step, one.held, one.times) for step, one in past.items()] == [
        ("collect customers", True, 1),
        ("verify", True, 2),
    ]


def test_the_first_round_counts_what_was_done_before_it_and_later_ones_do_not(connection):
    record = PathRecord(connection)
    assert (record.round().number, record.round().since) == (1, None)
    second = record.new_round("migrate")
    assert PathRecord(connection).round() == second
    assert (second.number, second.first) == (2, "migrate")
    assert second.since == second.began_at.replace(microsecond=0)
    assert record.past(2) == {}


def test_trouble_stays_on_record_until_the_step_ends_or_the_path_stops(connection):
    record = PathRecord(connection)
    number = record.round().number
    for finish in (
        lambda: record.end(number, "migrate", held=True),
        lambda: record.stop(number, "migrate", "failed", "It is over."),
    ):
        record.begin(number, "migrate")
        record.fail(number, "migrate", Trouble(3, NOON, "17"), timedelta(minutes=4), "Shopify is away.")
        record.begin(number, "migrate")
        assert record.trouble(number, "migrate") == Trouble(3, NOON, "17")
        finish()
        assert record.trouble(number, "migrate") is None


def test_a_step_that_a_killed_run_left_is_done_once_the_goal_is_reached(connection):
    record = PathRecord(connection)
    number = record.round().number
    record.begin(number, "collect orders")
    record.settle(number)
    rows = connection.execute("select step, state, ended_at is not null, times from migration.path order by step")
    assert rows.fetchall() == [("collect orders", "done", True, 0), ("round", "running", False, 0)]
    assert record.past(number) == {}


def test_nothing_is_known_of_an_empty_database(connection, tmp_path):
    sources = Sources(tmp_path, connection, ("customers",))
    record = PathRecord(connection)
    known = sources.known(record, record.round())
    assert (known.scans, known.audits, known.accepted, known.past, known.since) == ({}, {}, {}, {}, None)
    assert sources.counts() == {"missing": 0}
    assert [sources.progress(Move(name)) for name in ("migrate", "verify")] == ["", ""]


def test_what_is_known_comes_from_audit_decisions_and_ledger(connection, tmp_path, stage):
    stage("customers", {"id": 1}, {"id": 2})
    connection.execute("create schema if not exists migration")
    connection.execute("create table migration.audit (stream text, missing bigint, checked_at timestamptz)")
    connection.execute("insert into migration.audit values ('customers', 3, now()), ('orders', null, now())")
    connection.execute("create table migration.ledger (status text, updated_at timestamptz)")
    connection.execute("insert into migration.ledger values ('created', now()), ('refused', now()), ('unknown', now())")
    decisions.accept(connection, "missing", "customers", 3, "closed accounts")
    sources = Sources(tmp_path, connection, ("customers", "orders"))
    record = PathRecord(connection)
    known = sources.known(record, record.round())
    assert {name: audit.missing for name, audit in known.audits.items()} == {"customers": 3, "orders": 1}
    assert known.accepted == {"customers": 3}
    assert sources.counts() == {"customers": 2, "missing": 4, "created": 1, "refused": 1, "unknown": 1}
    before = sources.progress(Move("migrate"))
    connection.execute("insert into migration.ledger values ('unknown', now())")
    assert sources.progress(Move("migrate")) == before
    connection.execute("insert into migration.ledger values ('created', now())")
    assert sources.progress(Move("migrate")) != before


def test_only_complete_scans_count():
    marks = {
        "customers": {"complete": True, "scan_started_at": "2026-11-25T12:00:00Z"},
        "orders": {"complete": False, "scan_started_at": "2026-11-25T12:00:00Z"},
        "products": {"complete": True},
    }
    assert complete_scans(marks) == {"customers": NOON}


def test_a_database_that_dies_again_and_again_without_progress_ends_a_run(tmp_path, monkeypatch):
    said = []
    telling = SimpleNamespace(
        log=SimpleNamespace(event=lambda text, aside=False: said.append(text)), tell=lambda *_: None
    )
    children = Children(tmp_path)
    monkeypatch.setattr(children, "rest", lambda span: None)
    running = Session(
        Setting(tmp_path, tmp_path, ("customers",), None), Orders("audited", patience=timedelta(0)), children, telling
    )
    away = "the staging database cannot be reached; check its server and STAGING_DATABASE_URL."
    assert running._without_database(away) is None
    running._done += 1
    assert running._without_database(away) is None  # a step was done in between
    assert running._without_database(away).event == "failed"
    assert len([text for text in said if "again in" in text]) == 2
    assert (
        Session(running.setting, running.orders, children, telling)
        ._without_database("STAGING_DATABASE_URL is not a PostgreSQL URL; write postgresql://user@host/db.")
        .event
        == "failed"
    )
