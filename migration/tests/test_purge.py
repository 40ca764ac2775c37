"""A purge: all or nothing in the database, nothing of others', every file of ours, and proof."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading import writer_lock
from cratejoy_migration.purge import database, files, proof, running
from cratejoy_migration.purge.pipelines import Memory
from cratejoy_migration.staging import staging_database

from .programs import run_here

BIN = Path(sys.executable).parent
MARKER = "Planted-Marker-77"
ADA = {"id": 17, "email": "ada@example.com", "first_name": MARKER}


@pytest.fixture
def connect(url):
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
        connection.execute("drop schema if exists mine cascade")


@pytest.fixture
def purge(project):
    """Return a function that runs the command in a project with a shop."""

    def run(*arguments, **environment):
        return subprocess.run(
            [BIN / "migration", "purge", *arguments],
            cwd=project,
            env=os.environ | {"TARGET_SHOPIFY_SHOP": "demo", "COLUMNS": "120"} | environment,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def purge_here(project):
    """Return a function that runs the command likewise, in this process."""
    return partial(run_here, project, "purge", TARGET_SHOPIFY_SHOP="demo", COLUMNS="120")


def planted(project, url):
    """Put the marker into rows and files, as a migration with failures leaves them."""
    with psycopg.connect(url) as connection:
        connection.execute("create schema cratejoy; create schema migration")
        connection.execute("create table cratejoy.customers (id bigint, email text, first_name text)")
        connection.execute("insert into cratejoy.customers values (17, 'ada@example.com', %s)", (MARKER,))
        connection.execute("create table migration.ledger (document_key text, shop text)")
        connection.execute("insert into migration.ledger values ('17', 'demo.myshopify.com')")
        connection.execute("create table migration.some_later_table (note text)")
        connection.execute("insert into migration.some_later_table values (%s)", (MARKER,))
    for name in (
        "reports/refused.jsonl", "reports/certificate.html", "reports/.work-1-x/batch-0001.jsonl", "reports/run.log.1",
        ".meltano/logs/elt/run/elt.log", ".meltano/run/tap-cratejoy/tap.0.config.json",
    ):  # fmt: skip
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(MARKER)


def marked(folder):
    return [path for path in folder.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]


def test_a_purge_without_confirm_shows_the_plan_and_removes_nothing(purge_here, project):
    with staging_database(project) as url:
        planted(project, url)
    said = purge_here()
    assert said.returncode == 0, said.stderr
    assert "cratejoy.customers" in said.stdout
    assert "migration purge --confirm demo" in said.stdout
    assert "A purge is final" in said.stdout
    assert len(marked(project / "reports")) == 4
    with staging_database(project) as url, psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from cratejoy.customers").fetchone() == (1,)


def test_a_purge_leaves_no_file_with_a_planted_marker_and_proves_it(purge, purge_here, project):
    (project / "meltano.yml").write_text("version: 1\n")
    (project / ".env").write_text("KEY=1\n")
    with staging_database(project) as url:
        planted(project, url)
    wrong = purge_here("--confirm", "another")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "Error: --confirm names another, but the shop here is demo. Nothing was removed.\n"

    said = purge("--confirm", "demo.myshopify.com")
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("Nothing is left.\n")
    assert ".env: your keys: revoke them" in said.stdout
    assert MARKER not in said.stdout
    assert marked(project) == []
    assert not (project / ".staging").exists()
    assert (project / ".env").exists()

    [kept] = project.glob("purge-*.txt")
    assert kept.stat().st_mode & 0o777 == 0o600
    moment = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\."
    text = kept.read_text()
    assert re.match(rf"Purge of demo, begun on {moment}\n\nTo be removed:\n", text)
    _, ended = re.split(rf"\nEnded on {moment}\n\n", text)
    assert ended == said.stdout.replace(f"These lines stay as the proof: {kept.name}\n", "")
    assert re.search(r"Removed:\n(.*\n)+cratejoy\.customers +1 row", ended)

    again = purge_here("--confirm", "demo")
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "There was nothing to purge.")
    assert not (project / ".staging").exists()
    assert list(project.glob("purge-*.txt")) == [kept]


@pytest.mark.parametrize("which", ["begin", "end"])
def test_a_purge_whose_proof_cannot_be_written_says_so_and_is_done_all_the_same(
    purge_here, project, monkeypatch, which
):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(proof, which, full)
    with staging_database(project) as url:
        planted(project, url)
    said = purge_here("--confirm", "demo")
    assert said.returncode == 0
    assert said.stdout.endswith("Nothing is left.\n")
    assert "stay as the proof" not in said.stdout
    assert "could not be written (No space left on device): keep these lines yourself." in said.stderr
    assert marked(project) == []


def test_a_purge_that_was_killed_has_left_its_list_and_the_next_ends_its_proof(purge_here, project, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with staging_database(project) as url:
        planted(project, url)
    with monkeypatch.context() as here:
        here.setattr(proof, "end", killed)
        with pytest.raises(Killed):
            purge_here("--confirm", "demo")
    begun = proof.last(project)
    assert re.search(r"cratejoy\.customers +1 row", begun.text)
    assert not begun.is_whole

    said = purge_here("--confirm", "demo")
    assert said.stdout.splitlines()[0] == "There was nothing to purge."
    found = proof.last(project)
    assert found.file == begun.file
    assert found.is_whole
    assert found.text.startswith(begun.text)
    assert proof.unfinished(project) is None


def test_a_purge_that_is_refused_begins_no_proof(purge_here, project):
    with staging_database(project) as url, psycopg.connect(url) as connection:
        connection.execute("create schema cratejoy; create table cratejoy.customers (id bigint)")
        connection.commit()
        assert purge_here("--confirm", "project").returncode == 1
    assert proof.last(project) is None


def test_the_last_proof_is_the_latest_that_can_be_read(tmp_path):
    assert proof.last(tmp_path) is None
    for day in (1, 3, 2):
        file = proof.begin(tmp_path, "demo", datetime(2026, 12, day, tzinfo=UTC), f"List of day {day}\n")
        proof.end(file, datetime(2026, 12, day, 1, tzinfo=UTC), f"{proof.WHOLE}\n")
    (tmp_path / "purge-of-mine.txt").write_text("what somebody wrote")
    (tmp_path / "purge-20261204T000000Z.txt").mkdir()
    found = proof.last(tmp_path)
    assert found.at == datetime(2026, 12, 3, tzinfo=UTC)
    assert found.text == (
        "Purge of demo, begun on 2026-12-03 00:00:00 UTC.\n\nList of day 3\n"
        "\nEnded on 2026-12-03 01:00:00 UTC.\n\nNothing is left.\n"
    )


@pytest.mark.parametrize("moment", [0.9, 1.3])
def test_a_purge_killed_at_any_moment_is_finished_by_the_next(purge_here, project, moment):
    with staging_database(project) as url:
        planted(project, url)
    killed = subprocess.Popen(
        [BIN / "migration", "purge", "--confirm", "demo"],
        cwd=project, env=os.environ | {"TARGET_SHOPIFY_SHOP": "demo"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(moment)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    said = purge_here("--confirm", "demo")
    assert said.returncode == 0, said.stderr
    assert marked(project) == []


def test_a_purge_refuses_while_another_program_uses_the_embedded_database(purge, project):
    with staging_database(project) as url:
        planted(project, url)
        said = purge("--confirm", "demo")
        assert said.returncode == 1
        assert said.stderr.startswith("Error: The embedded staging database is in use")
        assert "Nothing was removed." in said.stderr
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from cratejoy.customers").fetchone() == (1,)
    assert len(marked(project / "reports")) == 4


def test_an_embedded_database_with_tables_of_others_stays_without_our_rows(purge_here, project):
    with staging_database(project) as url:
        planted(project, url)
        with psycopg.connect(url) as connection:
            connection.execute("create table public.recipes (name text); insert into public.recipes values ('soup')")
    said = purge_here("--confirm", "demo")
    assert said.returncode == 0, said.stderr
    assert ".staging: its database holds tables that are not ours" in said.stdout
    with staging_database(project) as url, psycopg.connect(url) as connection:
        assert connection.execute("select name from public.recipes").fetchall() == [("soup",)]
        assert database.left(connection) == 0


def test_dropping_spares_everything_outside_our_schemas(connect, stage, ledger):
    stage("customers", ADA)
    ledger((17, "created"))
    connect.execute("create schema mine; create table mine.notes (id bigint); insert into mine.notes values (1)")
    assert [(one.name, one.rows) for one in database.content(connect)] == [
        ("cratejoy.customers", 1), ("migration.ledger", 1),
    ]  # fmt: skip
    database.drop(connect)
    assert database.left(connect) == 0
    assert connect.execute("select id from mine.notes").fetchall() == [(1,)]


def test_dropping_works_when_schemas_are_missing(connect):
    database.drop(connect)
    assert database.left(connect) == 0


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("create view mine.buyers as select email from cratejoy.customers", "view mine.buyers"),
        (
            "create table mine.notes (id bigint references cratejoy.customers)",
            "constraint notes_id_fkey on table mine.notes",
        ),
        (
            (
                "create function cratejoy.one() returns int language sql as 'select 1';"
                "create table mine.notes (id int default cratejoy.one())"
            ),
            "default value for column id of table mine.notes",
        ),
        (
            "create type cratejoy.pair as (a int); create table mine.notes (id int, p cratejoy.pair)",
            "column p of table mine.notes",
        ),
    ],
)
def test_what_others_hung_on_ours_is_named_and_nothing_is_dropped(connect, stage, theirs, told):
    stage("customers", ADA)
    connect.execute("create schema mine")
    connect.execute(theirs)
    with pytest.raises(OperatorError, match="Nothing was removed") as refused:
        database.drop(connect)
    assert told in str(refused.value)
    assert connect.execute("select first_name from cratejoy.customers").fetchall() == [(MARKER,)]


def test_a_table_that_somebody_reads_stops_the_purge_with_a_sentence(connect, stage, url, monkeypatch):
    monkeypatch.setattr(database, "_LOCK_PATIENCE", "200ms")
    stage("customers", ADA)
    with psycopg.connect(url) as reader:
        reader.execute("select * from cratejoy.customers")
        with pytest.raises(OperatorError, match="psql session holds a table"):
            database.drop(connect)
    assert connect.execute("select count(*) from cratejoy.customers").fetchone() == (1,)


@pytest.mark.parametrize(
    ("take", "told"),
    [
        ("select pg_advisory_lock({}, {})".format(*writer_lock.key("cratejoy")), "A collection"),
        ("select pg_advisory_lock(hashtext('target-shopify ledger'))", "A migration, a rollback"),
    ],
)
def test_a_program_that_works_keeps_the_purge_out(connect, url, monkeypatch, take, told):
    monkeypatch.setattr(running, "_PATIENCE_SECONDS", 0.2)
    with psycopg.connect(url) as other:
        other.execute(take)
        with pytest.raises(OperatorError, match=told):
            running.keep_others_out(connect)


def test_a_run_that_beats_keeps_the_purge_out_and_a_dead_one_does_not(connect):
    connect.execute(
        "create schema migration; create table migration.runs"
        " (id int, command text, host text, pid int, ended_at timestamptz, beat_at timestamptz)"
    )
    connect.execute("insert into migration.runs values (1, 'verify', 'here', 4711, null, now() - interval '1 hour')")
    running.keep_others_out(connect)
    connect.execute("insert into migration.runs values (2, 'verify', 'here', 4712, null, now())")
    with pytest.raises(OperatorError, match=r"`verify` is going on \(process 4712 on here\)"):
        running.keep_others_out(connect)


def test_a_run_that_was_killed_on_this_machine_a_moment_ago_does_not_keep_the_purge_out(connect):
    gone = 2**22 + 1  # above the largest pid there is
    connect.execute(
        "create schema migration; create table migration.runs"
        " (id int, command text, host text, pid int, ended_at timestamptz, beat_at timestamptz)"
    )
    connect.execute(
        "insert into migration.runs values (1, 'migrate', %s, %s, null, now())", (socket.gethostname(), gone)
    )
    running.keep_others_out(connect)


def test_only_our_pipelines_are_forgotten_in_a_database_that_others_use(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'meltano.db'}")
    names = ["dev:tap-cratejoy-to-target-postgres", "prod:tap-postgres-to-target-shopify:x1", "dev:tap-x-to-target-y"]
    with engine.begin() as connection:
        connection.execute(sa.text("create table runs (job_name text, payload text)"))
        connection.execute(sa.text("create table state (state_id text)"))
        for name in names:
            connection.execute(sa.text("insert into runs values (:name, :mark)"), {"name": name, "mark": MARKER + name})
            connection.execute(sa.text("insert into state values (:name)"), {"name": name})
    memory = Memory(engine)
    assert memory.counts() == {"runs": 2, "state": 2}
    memory.forget()
    assert memory.counts() == {"runs": 0, "state": 0}
    with engine.connect() as connection:
        assert connection.execute(sa.text("select state_id from state")).scalars().all() == [names[2]]
    engine.dispose()
    assert (tmp_path / "meltano.db").read_bytes().count(MARKER.encode()) == 1


def test_logs_of_our_runs_in_the_users_folder_of_logs_go_and_those_of_other_projects_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ours, theirs = "0" * 31 + "1", "0" * 31 + "2"
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'meltano.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("create table runs (job_name text, run_id text)"))
        for name, run_id in (("dev:tap-cratejoy-to-target-postgres", ours), ("dev:tap-x-to-target-y", theirs)):
            connection.execute(sa.text("insert into runs values (:name, :id)"), {"name": name, "id": run_id})
    folders = {key: tmp_path / "state/meltano/log/elt/dev" / str(uuid.UUID(key)) for key in (ours, theirs)}
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "elt.log").write_text(MARKER)

    found = [one for one in files.remnants(tmp_path, [], Memory(engine).run_ids()) if one.what == "Meltano's logs"]
    files.remove(found)

    assert not folders[ours].exists()
    assert (folders[theirs] / "elt.log").exists()


def test_in_a_folder_of_reports_that_is_not_only_ours_the_rest_stays(tmp_path):
    (tmp_path / "desk").mkdir()
    for name in ("refused.jsonl", "forecast.csv", "taxes.pdf"):
        (tmp_path / "desk" / name).write_text("x")
    found = files.remnants(tmp_path, [tmp_path / "desk"])
    assert sorted(one.path.name for one in found if one.what == files.REPORTS) == ["forecast.csv", "refused.jsonl"]


def test_a_copy_of_a_report_elsewhere_is_named_and_fails_the_proof(purge_here, project):
    (project / "old").mkdir()
    (project / "old" / "refused.jsonl").write_text(MARKER)
    said = purge_here("--confirm", "demo")
    assert said.returncode == 1
    assert "old/refused.jsonl: looks like a copy of a report" in said.stdout.replace("\n", "")
    assert (project / "old" / "refused.jsonl").exists()


def test_what_a_quick_test_left_goes_and_is_not_said_to_stay(purge_here, project):
    (project / "reports" / "quick-test").mkdir(parents=True)
    (project / "reports" / "quick-test" / "fix-list.csv").write_text(MARKER)
    assert "looks like a copy" not in purge_here().stdout
    said = purge_here("--confirm", "demo")
    assert (said.returncode, "looks like a copy" in said.stdout) == (0, False)
    assert marked(project) == []


def test_a_link_in_the_reports_is_removed_and_what_it_leads_to_is_not(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "a").write_text("x")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "link").symlink_to(tmp_path / "precious")
    files.remove(files.remnants(tmp_path, [tmp_path / "reports"]))
    assert (tmp_path / "precious" / "a").exists()
    assert list((tmp_path / "reports").iterdir()) == []


def test_a_ledger_in_a_database_of_its_own_is_purged_with_the_staging(purge_here, stage, url):
    stage("customers", ADA)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database if exists elsewhere")
        connection.execute("create database elsewhere")
    elsewhere = url.rpartition("/")[0] + "/elsewhere"
    with psycopg.connect(elsewhere) as connection:
        connection.execute("create schema migration; create table migration.ledger (shop text)")
        connection.execute("insert into migration.ledger values ('other.myshopify.com')")
    variables = {"STAGING_DATABASE_URL": url, "TARGET_SHOPIFY_LEDGER_URL": elsewhere}
    assert "the shop here is other" in purge_here("--confirm", "demo", **variables).stderr
    said = purge_here("--confirm", "other", **variables)
    assert said.returncode == 0, said.stderr
    for one in (url, elsewhere):
        with psycopg.connect(one) as connection:
            assert database.left(connection) == 0
