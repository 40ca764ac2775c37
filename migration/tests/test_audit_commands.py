"""The commands audit, accept and ready, as an operator types them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from cratejoy_migration import decisions, meltano_runs, plugins
from cratejoy_migration.audit.audit import alone, connect
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import AuditStore
from cratejoy_migration.cli import main
from tap_cratejoy.errors import SettingsError
from tap_cratejoy.tap import TapCratejoy

AWAY = {"client_id": "x", "client_secret": "x", "api_url": "http://127.0.0.1:1/v1", "max_retries": 0}


@pytest.fixture
def operator(url, monkeypatch, tmp_path):
    """Return a function that runs a command in a project whose Cratejoy is away."""
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins, "tap_selection", lambda project: ["customers.*", "orders.*"])
    monkeypatch.setattr(plugins, "tap_settings", lambda project: TapCratejoy(config=AWAY).settings)
    logging.getLogger("migration.audit").handlers.clear()  # they hold the stderr of another test

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return run


@pytest.fixture
def audited(url, stage):
    """Return a function that stages three customers and keeps an audit that misses so many of them."""

    def keep(missing: int, **more) -> None:
        stage("customers", *({"id": n} for n in (1, 2, 3)))
        with connect(url) as connection:
            AuditStore(connection).save(Line("customers", 3 + missing, 3, missing, rows=3, **more))
            AuditStore(connection).save(Line("orders", 0, 0, 0, **more))

    return keep


# Decisions


def test_a_decision_is_kept_with_its_reason_and_listed(operator, url):
    said = operator("accept", "missing", "--stream", "orders", "--count", "12", "--reason", "  deleted\n by us ")
    assert said.exit_code == 0, said.output
    assert "deleted by us" in operator("accept", "--list").output
    with psycopg.connect(url) as connection:
        [found] = decisions.accepted(connection, "missing").values()
    assert (found.kind, found.subject, found.amount, found.reason) == ("missing", "orders", 12, "deleted by us")


def test_a_later_decision_takes_the_place_of_the_earlier_which_stays_on_record(operator, url, query):
    for count in ("12", "7"):
        assert operator("accept", "missing", "--stream", "orders", "--count", count, "--reason", "why").exit_code == 0
    assert operator("accept", "refused", "--count", "3", "--reason", "no e-mail").exit_code == 0
    with psycopg.connect(url) as connection:
        assert {name: one.amount for name, one in decisions.accepted(connection, "missing").items()} == {"orders": 7}
        assert {name: one.amount for name, one in decisions.accepted(connection, "refused").items()} == {"all": 3}
    assert query("select count(*) from migration.decisions") == [(3,)]


def test_a_decision_that_was_taken_back_is_not_listed(operator):
    for count in ("12", "0"):
        assert operator("accept", "missing", "--count", count, "--reason", "why").exit_code == 0
    assert operator("accept", "--list").output == "Nothing has been accepted.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing", "--count", "12"),
        ("missing", "--count", "12", "--reason", "  "),
        ("missing", "--reason", "why"),
        ("--count", "12", "--reason", "why"),
        ("missing", "--count", "-1", "--reason", "why"),
        ("missing", "--stream", "order", "--count", "1", "--reason", "why"),
        ("missing", "--stream", "customer_addresses", "--count", "1", "--reason", "why"),
        ("refused", "--stream", "orders", "--count", "1", "--reason", "why"),
        ("lost", "--count", "1", "--reason", "why"),
    ],
)
def test_a_decision_without_its_kind_number_or_reason_is_refused(operator, url, query, arguments):
    said = operator("accept", *arguments)
    assert said.exit_code != 0
    assert "Error: " in said.output
    assert query("select to_regclass('migration.decisions')") == [(None,)]


def test_nothing_accepted_is_said_so(operator):
    assert operator("accept", "--list").output == "Nothing has been accepted.\n"


# The gate


def test_phase_2_waits_for_customers(operator):
    said = operator("ready")
    assert said.exit_code == 1
    assert said.output == "Error: no customers are staged yet; run first: meltano run collect\n"


def test_an_audit_that_still_holds_opens_the_gate_without_asking_anybody(operator, audited):
    audited(0)
    said = operator("ready")
    assert (said.exit_code, said.output) == (0, "")


def test_missing_rows_close_the_gate_until_they_are_accepted(operator, audited, query):
    audited(2)
    said = operator("ready")
    assert said.exit_code == 1
    assert "2 rows missing beyond what was accepted (2 of customers)" in said.output
    assert operator("accept", "missing", "--count", "2", "--reason", "why").exit_code == 0
    assert operator("ready").exit_code == 0
    query("update migration.audit set missing = 3")
    assert operator("ready").exit_code == 1


def test_a_rehearsal_with_part_of_the_rows_is_let_through_and_called_one(operator, audited, monkeypatch):
    audited(2)
    limited = TapCratejoy(config={**AWAY, "record_limit": 3}).settings
    monkeypatch.setattr(plugins, "tap_settings", lambda project: limited)
    said = operator("ready")
    assert said.exit_code == 0
    assert "Rehearsal: record_limit is 3" in said.output


def test_without_cratejoy_the_last_audit_is_gone_by_and_what_came_or_went_since(operator, audited, stage, query):
    audited(1, checked_at=datetime.now(UTC) - timedelta(hours=3))
    query("delete from cratejoy.customers where id = 3")
    said = operator("ready")
    assert said.exit_code == 1
    assert "going by its counts of 3 hours ago" in said.output
    assert "2 rows missing" in said.output
    stage("customers", {"id": 3}, {"id": 4})
    assert operator("ready").exit_code == 0


def test_without_cratejoy_and_without_any_audit_the_gate_stays_closed(operator, stage):
    stage("customers", {"id": 1})
    said = operator("ready")
    assert said.exit_code == 1
    assert "nothing was ever audited, and Cratejoy cannot be asked now" in said.output


def test_without_credentials_too(operator, stage, monkeypatch):
    def missing(project: Path) -> None:
        raise SettingsError("client_id is missing.")

    monkeypatch.setattr(plugins, "tap_settings", missing)
    stage("customers", {"id": 1})
    said = operator("ready")
    assert said.exit_code == 1
    assert "client_id is missing" in said.output


# Audits


def test_a_cratejoy_that_is_away_is_one_sentence(operator, stage, query):
    stage("customers", {"id": 1})
    for command in (("audit",), ("audit", "--deep"), ("backfill",)):
        said = operator(*command)
        assert said.exit_code == 1
        assert said.output.count("Error: ") == 1
        assert "api_url" in said.output
    assert query("select distinct state from migration.runs") == [("failed",)]


def test_a_stream_that_is_not_there_is_one_sentence(operator, stage):
    stage("customers", {"id": 1})
    said = operator("audit", "--stream", "order")
    assert said.exit_code == 1
    assert "There is no stream order to audit; there are: customers, orders." in said.output


def test_two_walks_at_once_are_refused(operator, url):
    with connect(url) as connection, alone(connection):
        said = operator("audit", "--deep")
    assert said.exit_code == 1
    assert "Another deep audit or backfill is running" in said.output


# Meltano's state of a scan that closed a hole


def test_the_state_of_a_scan_of_its_own_is_dropped_and_no_other(tmp_path):
    database = sa.create_engine(f"sqlite:///{tmp_path / 'meltano.db'}")
    names = ["dev:tap-to-target", "dev:tap-to-target:backfill-orders", "dev:tap-to-target:backfill-orders_2"]
    with database.begin() as connection:
        connection.execute(sa.text("create table state (state_id text, partial_state text, completed_state text)"))
        for name in names:
            connection.execute(sa.text("insert into state (state_id) values (:name)"), {"name": name})
    meltano_runs.forget_state(database, "backfill-orders")
    with database.begin() as connection:
        assert list(connection.execute(sa.text("select state_id from state")).scalars()) == [names[0], names[2]]
    database.dispose()
