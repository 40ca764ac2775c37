"""Phase 1 as its users run it: Meltano, the tap, the loader, the embedded Postgres, against the sandbox."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import time
from contextlib import closing
from typing import Any

import psutil
import pytest
from pipeline import SECRET, STREAMS, Project, Store

RUN = ("meltano", "run", "tap-cratejoy", "target-postgres")


def ids_are_exactly_those_of_the_api(project: Project, store: Store) -> None:
    for stream in STREAMS:
        staged = [row["id"] for row in project.staged(stream, "id")]
        assert len(staged) == len(set(staged)), stream
        assert set(staged) == store.rows(stream).keys(), stream


def wait_for_rows(project: Project, stream: str, many: int, seconds: float = 120) -> None:
    """Wait until a run that is under way has loaded so many rows of a stream."""
    until = time.monotonic() + seconds
    table = f"cratejoy.{stream}"
    with project.database() as connection:
        connection.autocommit = True
        while True:
            made = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
            found = connection.execute(f"select count(*) from {table}").fetchone() if made and made[0] else None
            if found and found[0] >= many:
                return
            assert time.monotonic() < until, f"{stream} has no {many} rows after {seconds} s"
            time.sleep(0.1)


def test_every_row_of_the_store_is_staged_unaltered_and_a_second_run_doubles_nothing(
    project: Project, store: Store
) -> None:
    status, said = project.run(*RUN, TAP_CRATEJOY_PAGE_SIZE="50")
    assert status == 0, said
    ids_are_exactly_those_of_the_api(project, store)

    def moment(value: str | None) -> str | None:
        return value and value.replace("+00:00", "Z")

    for stream, params, dates in (
        ("customers", {"with": "addresses,_md"}, ()),
        ("orders", {}, ("placed_at",)),
        ("shipments", {}, ("created_at", "shipped_at", "adjusted_ordered_at", "target_at")),
    ):
        staged = {row["id"]: row for row in project.staged(stream)}
        for number, row in store.rows(stream, **params).items():
            mine = {name: moment(value) if name in dates else value for name, value in staged[number].items()}
            assert {name: mine[name] for name in row} == row
            assert mine["_extra"] is None
    _types_are_those_of_the_contract(project)
    _chosen_pages_arrive_and_bookmarks_stay(project, store)

    # A second run doubles nothing, and tells nobody's address of rows that it finds odd.
    store.fault(odd_text="nul", bad_dates={"share": 0.1})
    status, said = project.run(*RUN)
    assert status == 0, said
    ids_are_exactly_those_of_the_api(project, store)
    assert not re.search(r"[^\s@]+@[^\s@]+\.(com|org|net)", said)


def _types_are_those_of_the_contract(project: Project) -> None:
    with project.database() as connection:
        found = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = 'cratejoy'"
        ).fetchall()
    types = {(table, column): kind for table, column, kind in found}
    assert {types[stream, "id"] for stream in STREAMS} == {"bigint"}
    assert types["customers", "addresses"] == types["orders", "products"] == types["orders", "_extra"] == "jsonb"
    assert types["orders", "placed_at"].startswith("timestamp")


def _chosen_pages_arrive_and_bookmarks_stay(project: Project, store: Store) -> None:
    rows = sorted(store.rows("customers"))
    with project.database() as connection:
        connection.execute("delete from cratejoy.customers where id = any(%s)", [rows[118:127]])
    before = _state(project)
    status, said = project.run(*RUN, TAP_CRATEJOY_PAGE_SIZE="50", TAP_CRATEJOY_PAGES='{"customers": "2"}')
    assert status == 0, said
    assert {row["id"] for row in project.staged("customers", "id")} == set(rows)
    assert _state(project) == before
    told = before["singer_state"]["bookmarks"]["customers"]
    assert (told["complete"], told["page"], told["records"], told["count"]) == (True, 5, 300, 300)


def _state(project: Project) -> Any:
    with closing(sqlite3.connect(project.folder / ".meltano" / "meltano.db")) as database:
        [(text,)] = database.execute(
            "select completed_state from state where state_id = 'dev:tap-cratejoy-to-target-postgres'"
        )
    return json.loads(text)


@pytest.mark.slow
def test_kill_9_of_anything_at_any_moment_and_the_same_command_end_with_exactly_the_rows(
    project: Project, store: Store
) -> None:
    """Tap, loader, Meltano or all of them; then `meltano run collect` again, until it succeeds."""
    dice = random.Random(2)
    assert project.run("meltano", "run", "collect")[0] == 0  # its state lies below those of runs that do not end
    store.fault(latency=0.05)
    for victim in dice.sample(["tap-cratejoy", "staging-target-postgres", "meltano", "all"], 4):
        run = project.start(
            "meltano", "run", "collect", TAP_CRATEJOY_PAGE_SIZE="20", TARGET_POSTGRES_STATE_INTERVAL="1"
        )
        time.sleep(dice.uniform(3.0, 7.0))
        family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
        for process in family:
            if victim == "all" or victim in " ".join(_command_line(process)):
                process.kill()
                if victim != "all":
                    break
        said, _ = run.communicate(timeout=120)
        assert run.returncode != 0 or "Run completed" in said
        assert SECRET not in said
    store.reset()
    status, said = project.run("meltano", "run", "collect", TAP_CRATEJOY_PAGE_SIZE="20")
    assert status == 0, said
    ids_are_exactly_those_of_the_api(project, store)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.slow
def test_an_interrupted_run_is_no_success_and_the_same_command_goes_on_at_once(project: Project, store: Store) -> None:
    store.fault(latency=0.3)
    for signum, rows in ((signal.SIGINT, 40), (signal.SIGTERM, 100)):
        run = project.start(
            *RUN, TAP_CRATEJOY_PAGE_SIZE="5", TAP_CRATEJOY_CONCURRENCY="1", TARGET_POSTGRES_STATE_INTERVAL="1"
        )
        wait_for_rows(project, "customers", rows)  # loaded for good, so that there is a bookmark to go on from
        os.killpg(run.pid, signum)
        said, _ = run.communicate(timeout=60)
        assert run.returncode != 0
        assert SECRET not in said
        assert bool(re.search(r"goes on at page [1-9]", said)) == (signum is signal.SIGTERM)
    store.reset()
    status, said = project.run(*RUN)
    assert status == 0, said
    assert re.search(r"goes on at page [1-9]", said)
    ids_are_exactly_those_of_the_api(project, store)


# Mistakes


def test_a_wrong_secret_is_one_clear_sentence(project: Project) -> None:
    status, said = project.run(*RUN, TAP_CRATEJOY_CLIENT_ID="somebody")
    assert status != 0
    assert "check client_id and client_secret" in said


def test_a_dead_database_is_one_clear_sentence(project: Project) -> None:
    url = f"postgresql://somebody:{SECRET}@127.0.0.1:1/staging"
    status, said = project.run(*RUN, STAGING_DATABASE_URL=url)
    assert status != 0
    assert "STAGING_DATABASE_URL" in said


def test_the_hub_is_never_needed_and_every_command_of_the_contract_answers(project: Project) -> None:
    for command in (("invoke", "migration", "--help"), ("invoke", "sandbox", "--help")):
        status, said = project.run("meltano", *command, MELTANO_HUB_URL="http://127.0.0.1:1")
        assert status == 0, said
        assert "Usage" in said
