"""Runs of the console: processes of their own with a record, one at a time, stopped, resumed, killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import psycopg
import pytest
from cratejoy_migration import one_run
from cratejoy_migration.console import place
from cratejoy_migration.console.views import progress
from cratejoy_migration.console.work import jobs, log, purging, store
from cratejoy_migration.console.work.plan import Plan, Step, single
from cratejoy_migration.console.work.verdict import judge
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import RunRecord
from cratejoy_migration.staging import StagingError
from cratejoy_migration.unattended.child import Ended

GOOD = Step("probe", "Say the version", ("migration", "--version"))
BAD = Step("collect", "Do what is not there", ("migration", "no-such-command"))
SLEEP = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(120)"
LONG = Step("migrate", "Sleep", ("python", "-c", SLEEP))


@pytest.fixture
def connection(url, tmp_path, monkeypatch):
    """Return a connection of a console in a folder of its own, over the shared server."""
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    monkeypatch.delenv(one_run.RIGHT, raising=False)
    place.open_again()
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened
        for job in jobs.recent(opened):
            if job.is_open:
                jobs.stop(opened, job.id, "test")
    place.open_again()


def ended(connection, number, eventually):
    eventually(lambda: not jobs.get(connection, number).is_open, 60)
    return jobs.get(connection, number)


def sleeper(folder, eventually):
    """Return the process id of the long step's program, once it runs."""
    file = folder / "pid"
    eventually(lambda: file.exists() and file.read_text(), 60)
    number = int(file.read_text())
    file.unlink()
    return number


def test_steps_are_done_one_after_the_other_and_written_down(connection, eventually):
    number = jobs.start(connection, Plan("probe", "Two steps", (GOOD, GOOD)), "ada")
    job = ended(connection, number, eventually)
    assert (job.state, job.title, job.started_by, job.sentence) == ("done", "Two steps", "ada", None)
    assert [line.state for line in job.steps] == ["done", "done"]
    file = jobs.log_file(number)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = [entry.text for entry in log.read(file)]
    assert said[0] == "Say the version begins."
    assert said[1].startswith("migration, version ")
    assert said[2] == "Say the version: done."


def test_a_step_that_fails_ends_the_run_with_its_sentence(connection, eventually):
    number = jobs.start(connection, Plan("collect", "Breaks", (BAD, GOOD)), "ada")
    job = ended(connection, number, eventually)
    assert job.state == "failed"
    assert "No such command" in job.sentence
    assert [line.state for line in job.steps] == ["failed", "to do"]
    with pytest.raises(OperatorError, match="Run 99 cannot be resumed"):
        jobs.resume(connection, 99, "ada")


def test_one_run_at_a_time_and_a_stopped_one_is_resumed_where_it_stood(
    connection, url, tmp_path, eventually, alive, monkeypatch
):
    number = jobs.start(connection, Plan("migrate", "Long", (GOOD, LONG)), "ada")
    pid = sleeper(tmp_path, eventually)
    with pytest.raises(OperatorError, match="Another run"):
        jobs.start(connection, single("audit", "Audit", "migration", "--version"), "eve")
    monkeypatch.setattr(one_run, "PATIENCE_SECONDS", 0.3)
    with pytest.raises(OperatorError, match=f"run {number} of the console"), one_run.sharing(url, "a collection"):
        pytest.fail("it must not begin")
    jobs.stop(connection, number, "eve")
    job = ended(connection, number, eventually)
    assert (job.state, [line.state for line in job.steps]) == ("stopped", ["done", "stopped"])
    assert not alive(pid)

    again = jobs.resume(connection, number, "eve")
    assert [line.step.name for line in jobs.get(connection, again).steps] == ["migrate"]
    sleeper(tmp_path, eventually)
    jobs.stop(connection, again, "eve")
    assert ended(connection, again, eventually).started_by == "eve"


def test_a_killed_run_is_seen_takes_its_program_along_and_bars_nobody(connection, tmp_path, eventually, alive):
    number = jobs.start(connection, Plan("migrate", "Long", (LONG,)), "ada")
    program = sleeper(tmp_path, eventually)
    pid = connection.execute("select pid from migration.console_runs where id = %s", (number,)).fetchone()[0]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: jobs.get(connection, number).state == "killed", 10)
    job = jobs.get(connection, number)
    assert "Resume goes on where it stood" in job.sentence
    assert job.steps[0].state == "stopped"
    eventually(lambda: not alive(program), 10)
    eventually(lambda: one_run.holder(connection) is None, 10)
    other = jobs.start(connection, single("probe", "After it", "migration", "--version"), "ada")
    assert ended(connection, other, eventually).state == "done"
    job = jobs.get(connection, number)
    assert (job.state, job.ended_at is not None, job.steps[0].state) == ("killed", True, "stopped")


def has_the_store(connection):
    query = "select pid from pg_locks where locktype = 'advisory' and granted and classid = %s and objid = %s"
    row = connection.execute(query, one_run.KEY).fetchone()
    return row and row[0]


def test_a_run_whose_connection_is_lost_takes_the_store_again(connection, tmp_path, eventually):
    number = jobs.start(connection, Plan("migrate", "Long", (LONG,)), "ada")
    sleeper(tmp_path, eventually)
    lost = has_the_store(connection)
    connection.execute("select pg_terminate_backend(%s)", (lost,))
    eventually(lambda: has_the_store(connection) not in (None, lost), 30)
    assert jobs.get(connection, number).is_open
    jobs.stop(connection, number, "ada")
    assert ended(connection, number, eventually).state == "stopped"
    assert any("is there again" in entry.text for entry in log.read(jobs.log_file(number)))


def test_a_run_that_lost_the_store_to_another_stops(connection, tmp_path, eventually, alive):
    number = jobs.start(connection, Plan("migrate", "Long", (LONG,)), "ada")
    program = sleeper(tmp_path, eventually)
    connection.execute("select pg_terminate_backend(%s)", (has_the_store(connection),))
    one_run.lead(connection, "migration run")
    assert ended(connection, number, eventually).state == "stopped"
    assert not alive(program)
    assert any("Another run is going on (migration run" in entry.text for entry in log.read(jobs.log_file(number)))
    connection.execute("select pg_advisory_unlock_all()")


def test_nothing_starts_beside_a_run_of_the_command_line(connection, url):
    with one_run.sharing(url, "a collection"):
        plan = single("audit", "Audit", "migration", "--version")
        with pytest.raises(OperatorError, match=r"Another run is going on \(a collection, process \d+"):
            jobs.start(connection, plan, "ada")
    assert jobs.recent(connection) == []


def test_a_process_that_never_came_up_counts_as_killed(connection, query):
    store.prepare(connection)
    number = store.add(connection, single("audit", "Audit", "migration", "--version"), "ada")
    assert jobs.get(connection, number).state == "starting"
    query("update migration.console_runs set beat_at = now() - interval '2 minutes'")
    assert jobs.get(connection, number).state == "killed"
    assert jobs.current(connection) is None


def test_before_the_first_run_there_is_none(connection):
    assert (jobs.recent(connection), jobs.current(connection), jobs.get(connection, 1)) == ([], None, None)


def test_a_course_of_days_is_read_as_some_hundred_points_and_the_last_minute_whole(connection, url, query):
    run = RunRecord(url, "migrate")
    run.begin()
    store.prepare(connection)
    number = store.add(connection, single("migrate", "Migrate", "migration", "--version"), "ada")
    query(
        "insert into migration.run_beats (line, at, done) select max(r.id), now() + n * interval '3 seconds', n"
        " from migration.runs r, generate_series(0, 99999) n group by n"
    )
    [program] = progress.programs(connection, jobs.get(connection, number))
    done = [point.done for point in program.course]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 99999)
    assert done[-21:] == list(range(99979, 100000))
    assert len(done) < 300
    assert program.rate == pytest.approx(1 / 3)


def test_what_a_run_inherits_holds_no_secret_of_the_console(monkeypatch, tmp_path):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", "a-hash")
    monkeypatch.setenv("CONSOLE_OIDC_CLIENT_SECRET", "a-secret")
    monkeypatch.setenv("MELTANO_RUN_ID", "of-the-console")
    monkeypatch.setenv("TARGET_SHOPIFY_SHOP", "demo")
    found = place.environment()
    assert found["TARGET_SHOPIFY_SHOP"] == "demo"
    assert found["MELTANO_PROJECT_ROOT"] == str(tmp_path)
    assert not [name for name in found if name.startswith("CONSOLE_")]
    assert "MELTANO_RUN_ID" not in found


def test_a_run_is_resumed_only_as_long_as_nothing_has_been_started_since(connection):
    store.prepare(connection)
    number = store.add(connection, single("migrate", "Migrate", "migration", "--version"), "ada")
    store.end(connection, number, "stopped", None)
    assert jobs.is_resumable(connection, jobs.get(connection, number))
    later = store.add(connection, single("rollback", "Rollback", "migration", "--version"), "ada")
    store.end(connection, later, "done", None)
    assert not jobs.is_resumable(connection, jobs.get(connection, number))
    with pytest.raises(OperatorError, match=f"Run {number} cannot be resumed: another one was started since"):
        jobs.resume(connection, number, "ada")


def test_a_rollback_goes_on_only_where_the_name_of_the_shop_is_typed(connection):
    store.prepare(connection)
    number = store.add(connection, single("rollback", "Rollback", "migration", "--version"), "ada")
    store.end(connection, number, "stopped", None)
    assert not jobs.is_resumable(connection, jobs.get(connection, number))
    with pytest.raises(OperatorError, match="Undo and erase"):
        jobs.resume(connection, number, "ada")
    assert len(jobs.recent(connection)) == 1


def test_a_run_whose_process_cannot_be_started_says_so_at_once(connection, monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "sys", type("Elsewhere", (), {"executable": str(_python(tmp_path))}))
    with pytest.raises(OperatorError, match="could not be started"):
        jobs.start(connection, single("audit", "Audit", "migration", "--version"), "ada")
    [job] = jobs.recent(connection)
    assert (job.state, job.is_open) == ("failed", False)
    assert job.sentence == "It could not be started; install the project again."


def _python(folder):
    """Return a Python beside which no `migration` is installed."""
    program = folder / "bin" / "python"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    return program


def test_a_run_whose_log_cannot_be_written_says_so(connection, tmp_path, eventually):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "console").write_text("a file where the folder should be")
    number = jobs.start(connection, single("audit", "Audit", "migration", "--version"), "ada")
    job = ended(connection, number, eventually)
    assert job.state == "failed"
    assert job.sentence == "Its log in reports/console cannot be written (File exists): give access, or make room."


def test_a_purge_that_cannot_be_started_gives_the_database_back(connection, url, monkeypatch, tmp_path):
    monkeypatch.setattr(purging, "sys", type("Elsewhere", (), {"executable": str(tmp_path / "python")}))
    begun = purging.Purging()
    with pytest.raises(OperatorError, match="The purge could not be started"):
        begun.start("demo", "ada")
    assert begun.state() is None
    assert place.url() == url


def test_a_console_that_comes_back_during_a_purge_leaves_the_database_alone(connection, url, tmp_path):
    """Its own purge outlives it, and would find the database in use."""
    script = tmp_path / "migration"
    script.write_text("import time; time.sleep(60)")
    command = [sys.executable, str(script), "purge", "--confirm", "demo"]
    with subprocess.Popen(command, cwd=tmp_path) as purge:
        try:
            with pytest.raises(StagingError, match="A purge is going on"):
                place.url()
        finally:
            purge.kill()
    assert place.url() == url


def test_a_page_that_was_just_asking_does_not_open_again_what_a_purge_closed(connection, monkeypatch):
    def closed_meanwhile(*_values, **_options):
        place.close("Closed for a purge.")
        raise psycopg.OperationalError("the connection is gone")

    monkeypatch.setattr(place.psycopg, "connect", closed_meanwhile)
    with pytest.raises(StagingError, match="Closed for a purge"), place.connection():
        pytest.fail("it must stay closed")


@pytest.mark.parametrize(
    ("name", "said"),
    [("collect", "Resume goes on where it stood."), ("rollback", "The page Undo and erase goes on where it stood.")],
)
@pytest.mark.parametrize(("ended", "stopped"), [(Ended(143), True), (Ended(137), False)])
def test_how_a_run_is_gone_on_with_is_said_as_it_is(name, said, ended, stopped):
    assert judge(name, ended, stopped=stopped)[1].endswith(said)


def test_a_killed_rollback_is_not_said_to_be_resumed(connection, tmp_path, eventually):
    number = jobs.start(connection, Plan("rollback", "Long", (LONG,)), "ada")
    sleeper(tmp_path, eventually)
    pid = connection.execute("select pid from migration.console_runs where id = %s", (number,)).fetchone()[0]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: jobs.get(connection, number).state == "killed", 10)
    assert "Resume" not in jobs.get(connection, number).sentence
