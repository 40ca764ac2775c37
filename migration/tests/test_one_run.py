"""One run a store: who leads has it alone, who shares it keeps leaders out, who a leader started need not ask."""

import os

import psycopg
import pytest
from cratejoy_migration import one_run
from cratejoy_migration.commands.documents import built
from cratejoy_migration.errors import OperatorError


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(one_run, "PATIENCE_SECONDS", 0.3)
    monkeypatch.delenv(one_run.RIGHT, raising=False)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def other(url):
    return psycopg.connect(url, autocommit=True)


def test_a_second_leader_is_refused_and_told_who_leads(url, connection):
    assert one_run.lead(connection, "migration run") == {"STAGING_RUN_RIGHT": "migration run"}
    with (
        other(url) as second,
        pytest.raises(
            OperatorError, match=rf"Another run is going on \(migration run, process {os.getpid()} on .* UTC\)"
        ),
    ):
        one_run.lead(second, "run 3 of the console")
    connection.close()
    with other(url) as second:
        one_run.lead(second, "run 3 of the console")


def test_programs_started_by_hand_go_side_by_side_but_beside_no_leader(url, connection):
    with one_run.sharing(url, "a collection"), one_run.sharing(url, "a migration"), other(url) as leader:
        assert one_run.holder(connection).startswith("a collection, process ")
        with pytest.raises(OperatorError, match="a collection, process"):
            one_run.lead(leader, "migration run")
    one_run.lead(connection, "migration run")
    with pytest.raises(OperatorError, match="migration run, process"), one_run.sharing(url, "a collection"):
        pytest.fail("it must not begin")


def test_what_a_leader_started_goes_without_asking(url, connection, monkeypatch):
    monkeypatch.setenv(one_run.RIGHT, one_run.lead(connection, "migration run")[one_run.RIGHT])
    with one_run.sharing(url, "a collection"):
        assert one_run.holder(connection) is None  # nobody but the one who asks


def test_nobody_has_a_store_that_nothing_runs_in(connection):
    assert one_run.holder(connection) is None


def test_no_documents_are_built_beside_a_leader(connection, url, stage, monkeypatch):
    stage("customers", {"id": 1})
    one_run.lead(connection, "run 3 of the console")
    with pytest.raises(OperatorError, match=r"Another run is going on \(run 3 of the console"):
        built(url)
    monkeypatch.setenv(one_run.RIGHT, "run 3 of the console")
    built(url)
