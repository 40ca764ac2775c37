"""The operator's commands, as typed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import psycopg
import pytest
from cratejoy_migration.overview import readable_mark, readable_size
from cratejoy_migration.staging import postmaster, staging_database
from cratejoy_migration.staging.layout import Layout

from .programs import run_here

BIN = Path(sys.executable).parent


@pytest.fixture
def migration(project):
    """Return a function that runs the command in the project."""

    def run(*arguments, **environment):
        return subprocess.run(
            [BIN / "migration", *arguments],
            cwd=project,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def migration_here(project):
    """Return a function that runs the command in the project, and in this process."""
    return partial(run_here, project)


def test_help_names_every_command(migration_here):
    said = migration_here("--help").stdout
    commands = ("start", "stop", "status", "psql", "unlock", "documents", "report")
    assert all(f"  {command} " in said for command in commands)


def test_start_keeps_the_server_until_stop(migration, migration_here, project, alive):
    started = migration("start")
    assert started.returncode == 0
    assert Layout(project).password.read_text().strip() not in started.stdout
    pid = postmaster.read(Layout(project).data).pid
    subprocess.run(["sleep", "1.5"], check=True)
    assert alive(pid)
    assert migration("stop").stdout == "Stopped.\n"
    assert not alive(pid)
    assert migration_here("stop").stdout == "It was not running.\n"


def test_stop_leaves_a_server_in_use_alone_unless_forced(migration, project, alive):
    with staging_database(project):
        pid = postmaster.read(Layout(project).data).pid
        refused = migration("stop")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert alive(pid)
        assert migration("stop", "--force").returncode == 0
        assert not alive(pid)


def test_start_and_stop_are_for_the_embedded_server_only(migration_here):
    for command in ("start", "stop"):
        refused = migration_here(command, STAGING_DATABASE_URL="postgresql://example.com/d")
        assert refused.returncode == 1
        assert "no embedded one" in refused.stderr


def test_status_counts_what_is_staged(migration, migration_here, project):
    assert "nothing is staged yet" in migration_here("status").stdout
    with staging_database(project) as url, psycopg.connect(url) as connection:
        connection.execute("create schema cratejoy")
        connection.execute("create table cratejoy.orders as select n as id from generate_series(1, 1234) n")
    said = migration("status", "--tables").stdout
    assert "cratejoy.orders  1,234" in said
    assert Layout(project).password.read_text().strip() not in said


@pytest.fixture
def store(project):
    """Three customers, two of them done, an order each and two orders of nobody."""
    with staging_database(project) as url, psycopg.connect(url) as connection:
        connection.execute("create schema cratejoy; create schema migration")
        connection.execute(
            "create table cratejoy.customers as select n::bigint as id, 'ada@example.com' as email"
            " from generate_series(1, 3) n"
        )
        connection.execute(
            "create table cratejoy.orders as select n::bigint as id, n::bigint as customer_id"
            " from generate_series(1, 5) n"
        )
        connection.execute(
            "create table migration.ledger as select n::text as document_key, 'created' as status,"
            " null as reason, null as document_hash from generate_series(1, 2) n"
        )


def test_documents_says_what_there_is_to_do_and_nothing_of_a_person(migration, store):
    built = migration("documents")
    assert built.returncode == 0
    assert [" ".join(line.split()) for line in built.stdout.splitlines()] == [
        "staged customers 3",
        "new 1",
        "changed since they were migrated 2",
        "unchanged since they were migrated 0",
        "gone from Cratejoy's side, still in the shop 0",
        "documents to go 3",
        "e-mail addresses of several customers 1",
        "customers that share one 3",
        "orphaned orders, customer missing 2",
        "Orphaned orders, customer missing: 4, 5",
    ]
    steps = [line.split()[0] for line in built.stderr.splitlines()]
    assert steps == ["customers", "orders", "documents", "indexes", "orphans"]
    assert "example.com" not in built.stdout + built.stderr


def test_documents_and_report_before_a_collection_are_one_sentence(migration_here):
    for command in ("documents", "report"):
        refused = migration_here(command)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "Error: no customers are staged yet; run first: meltano run collect\n"


def test_report_and_status_account_for_every_row(migration, migration_here, store):
    migration_here("documents")
    reported = migration("report")
    assert reported.returncode == 0
    assert [line.split() for line in reported.stdout.splitlines()[1:]][:7] == [
        ["customers", "created", "2"],
        ["customers", "pending", "1"],
        ["customers", "all", "3"],
        ["orders", "carried", "2"],
        ["orders", "pending", "1"],
        ["orders", "orphan", "2"],
        ["orders", "all", "5"],
    ]
    assert "Every staged row is in exactly one line." in reported.stdout
    said = migration_here("status").stdout
    assert "1 new, 2 changed, 0 unchanged, 0 gone" in said
    assert "Ledger: 2 created\nNext: " in said


def test_status_of_an_unreachable_database_is_one_sentence(migration_here):
    failed = migration_here("status", STAGING_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:9/d")
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "cannot be reached" in failed.stderr
    assert "hunter2" not in failed.stderr + failed.stdout


def test_psql_runs_on_the_staging_database_and_passes_its_status_on(migration, migration_here, capfd):
    assert migration_here("psql", "-Atc", "select current_database()").returncode == 0
    assert capfd.readouterr().out == "staging\n"
    assert migration("psql", "-v", "ON_ERROR_STOP=1", "-c", "select nothing").returncode == 1


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (None, ""),
        ({"page": 7, "records": 700, "count": 12000}, "at page 7, 700 of 12,000 read"),
        ({"complete": True, "proven": True, "records": 5, "count": 5}, "complete, proven"),
        ({"complete": True, "replication_key_value": "2026-01-01"}, "complete, up to 2026-01-01"),
    ],
)
def test_bookmarks_read_as_words(mark, said):
    assert readable_mark(mark) == said


def test_sizes_read_as_words():
    assert [readable_size(size) for size in (0, 2048, 5 * 1024**2)] == ["0 B", "2 kB", "5 MB"]
