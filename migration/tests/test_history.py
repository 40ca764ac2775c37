"""The history of runs: every program's own line, also when it was killed, and never in a run's way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from cratejoy_migration import runs
from cratejoy_migration.history import LiveRun, RunRecord, ending, recorded, shared_run_id

NOBODY = "postgresql://nobody@127.0.0.1:9/nothing"
GONE = 2**22 + 1  # above the largest pid there is


@pytest.fixture
def history(url):
    """Return a function that returns the latest runs, newest first."""

    def read():
        with psycopg.connect(url) as connection:
            return runs.latest(connection, 50)

    return read


def test_a_run_leaves_its_line_with_what_it_came_to(url, history):
    with recorded(url, "audit", "run-1") as run:
        run.beat({"missing": 3})
        assert history()[0].state == "running"
    [line] = history()
    assert (line.run_id, line.command, line.state, line.figures) == ("run-1", "audit", "done", {"missing": 3})


@pytest.mark.parametrize(
    ("error", "state"),
    [(ValueError(), "failed"), (KeyboardInterrupt(), "interrupted"), (SystemExit(143), "interrupted")],
)
def test_a_run_that_raises_says_how_it_ended(url, history, error, state):
    with pytest.raises(type(error)), recorded(url, "audit"):
        raise error
    assert history()[0].state == state


def test_what_a_run_says_of_its_end_counts(url, history):
    with recorded(url, "forecast") as run:
        run.figures["state"] = "waiting"
    assert history()[0].state == "waiting"


def test_two_programs_of_one_run_keep_their_own_lines(url, history):
    with recorded(url, "collect", "run-1"), recorded(url, "migrate", "run-1"):
        pass
    with recorded(url, "collect", "run-1"):
        pass
    assert [(line.run_id, line.command) for line in history()] == [
        ("run-1", "collect"), ("run-1", "migrate"), ("run-1", "collect")]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "pid", "silent", "state"),
    [
        (socket.gethostname(), os.getpid(), 5, "running"),
        (socket.gethostname(), GONE, 5, "killed"),
        (socket.gethostname(), os.getpid(), 600, "killed"),
        ("elsewhere", GONE, 60, "running"),
        ("elsewhere", GONE, 600, "killed"),
    ],
    ids=["alive", "gone", "silent", "elsewhere", "silent elsewhere"],
)
def test_a_line_without_an_end_is_of_a_killed_program_when_that_cannot_be_alive(host, pid, silent, state):
    assert runs.state_of("running", host, pid, timedelta(seconds=silent)) == state


def test_a_killed_run_took_as_long_as_it_was_heard_of(url, history, query):
    RunRecord(url, "migrate").begin()
    query(
        f"update migration.runs set pid = {GONE}, started_at = now() - interval '1 hour',"
        " beat_at = now() - interval '10 minutes'"
    )
    [line] = history()
    assert (line.state, round(line.seconds)) == ("killed", 3000)


def test_a_living_run_leaves_its_course(url, query, eventually):
    figures = {"outcomes": {"created": 3, "refused": 1}, "points": 40}
    run = LiveRun(RunRecord(url, "migrate"), lambda: figures)
    run.begin()
    run.wake()
    eventually(lambda: query("select to_regclass('migration.run_beats') is not null")[0][0], 3)
    eventually(lambda: query("select count(*) from migration.run_beats")[0][0] == 1, 3)
    figures.update(outcomes={"created": 9, "refused": 1}, points=100)
    run.end("done")
    assert query("select done, points from migration.run_beats order by at") == [(4, 40), (10, 100)]


@pytest.mark.parametrize("raised", [None, SystemExit(143), ValueError()], ids=["done", "interrupted", "failed"])
def test_the_last_point_of_a_course_holds_what_came_after_the_last_beat(url, query, raised):
    figures = {"rows": {"customers": 0}}
    run = LiveRun(RunRecord(url, "collect"), lambda: figures)
    run.begin()
    with suppress(SystemExit, ValueError), run.part(last=True):
        figures["rows"] = {"customers": 2452}
        if raised:
            raise raised
    assert query("select done from migration.run_beats order by at desc limit 1") == [(2452,)]


def test_a_course_is_kept_in_a_database_of_an_earlier_version_too(url, query):
    RunRecord(url, "migrate").begin()
    query("drop table migration.run_beats")
    run = RunRecord(url, "migrate")
    run.begin()
    run.mark()
    assert query("select done from migration.run_beats") == [(0,)]


def test_a_database_that_is_away_is_no_reason_to_fail():
    began = time.monotonic()
    with recorded(NOBODY, "migrate") as run:
        run.beat({"rows": 1})
    assert time.monotonic() - began < 2


def test_a_living_run_tells_at_once_what_has_happened_and_at_the_end_what_came_of_it(url, history, eventually):
    figures = {"rows": 1}
    run = LiveRun(RunRecord(url, "collect"), lambda: figures)
    run.begin()
    run.wake()
    eventually(lambda: history() and history()[0].figures == {"rows": 1}, 3)
    figures["rows"] = 2
    run.end("done")
    assert (history()[0].state, history()[0].figures) == ("done", {"rows": 2})


def test_figures_that_cannot_be_told_do_not_matter(url, history):
    run = LiveRun(RunRecord(url, "migrate"), lambda: 1 // 0)
    run.begin()
    run.end("done")
    assert history()[0].state == "done"


def test_a_part_that_raises_ends_the_run(url, history):
    run = LiveRun(RunRecord(url, "migrate"))
    run.begin()
    with pytest.raises(SystemExit), run.part():
        sys.exit(130)
    assert history()[0].state == "interrupted"


@pytest.mark.parametrize(("code", "state"), [(0, "done"), (None, "done"), (1, "failed"), (143, "interrupted")])
def test_exit_statuses_say_how_a_run_ended(code, state):
    assert ending(SystemExit(code)) == state


def test_programs_of_one_meltano_share_an_id_and_others_do_not(tmp_path):
    code = "from cratejoy_migration.history import shared_run_id as i; print(i())"

    def two(**environment):
        command = [
            sys.executable,
            "-c",
            f"import subprocess, sys\nfor _ in 'ab': subprocess.run([sys.executable, '-c', {code!r}])",
        ]
        said = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        return said.stdout.split()

    first = two(MELTANO_PROJECT_ROOT=str(tmp_path))
    assert first[0] == first[1]
    assert first[0] not in two(MELTANO_PROJECT_ROOT=str(tmp_path))
    assert len(set(two())) == 2


def test_meltano_run_id_names_the_run(monkeypatch):
    monkeypatch.setenv("MELTANO_RUN_ID", "named")
    assert shared_run_id() == "named"


def test_a_load_tells_what_it_stored(load, singer, history):
    status, _, _ = load(singer.schema(), singer.record(id=1), singer.record(id=2), singer.state(1))
    [line] = history()
    assert (status, line.command, line.state, line.figures["rows"]) == (0, "collect", "done", {"customers": 2})


def test_a_load_of_damaged_input_has_failed(load, singer, history):
    status, _, _ = load(singer.schema(), singer.record(id=1), "{half")
    assert (status, history()[0].state) == (1, "failed")


@pytest.mark.parametrize(("number", "state"), [(signal.SIGKILL, "killed"), (signal.SIGTERM, "interrupted")])
def test_a_load_that_is_ended_has_told_when_it_stored(start_loader, singer, history, eventually, url, number, state):
    with psycopg.connect(url) as connection:
        assert runs.last_stored(connection) is None
    loader = start_loader(state_interval=0.1)
    loader.stdin.write(singer.line(singer.schema()) + singer.line(singer.record(id=1)) + singer.line(singer.state(1)))
    loader.stdin.flush()
    eventually(lambda: history() and history()[0].figures.get("rows") == {"customers": 1})
    loader.send_signal(number)
    loader.wait(20)
    assert history()[0].state == state
    with psycopg.connect(url) as connection:
        stored = runs.last_stored(connection)
    assert stored is not None
    assert stored >= history()[0].started_at
