"""Starting, stopping and finding runs: what the pages call. A run is a process of its own that no browser can end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from cratejoy_migration import one_run
from cratejoy_migration.console import place
from cratejoy_migration.console.work import store
from cratejoy_migration.console.work.plan import Plan
from cratejoy_migration.console.work.store import Job
from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]

ROLLBACK = "rollback"
"""The kind of run that deletes in the shop."""


def start(connection: Connection, plan: Plan, who: str) -> int:
    """Start a run; return its number.

    Args:
        connection: To the staging database, autocommit.
        plan: What it does.
        who: Who starts it.

    Raises:
        OperatorError: Another run is going on, of the console or of the command line.
    """
    store.prepare(connection)
    store.end_killed(connection)
    if holder := one_run.holder(connection):
        raise OperatorError(f"Another run is going on ({holder}): wait for its end, or stop it.")
    number = store.add(connection, plan, who)
    try:
        _start_process(number)
    except (OSError, subprocess.SubprocessError):
        store.end(connection, number, "failed", "It could not be started; install the project again.")
        raise OperatorError("The run could not be started; install the project again.") from None
    return number


def is_resumable(connection: Connection, job: Job) -> bool:
    """Return whether a run can go on.

    What was left undone before another run was started is history: the store and the shop may have changed since. A
    rollback goes on where the shop's name is typed.
    """
    is_open = job.state in store.RESUMABLE and bool(job.rest.steps) and job.kind != ROLLBACK
    return is_open and [one.id for one in store.latest(connection, 1)] == [job.id]


def resume(connection: Connection, number: int, who: str) -> int:
    """Go on with a run that did not come to its end, as a new run of what is left; return its number.

    Raises:
        OperatorError: There is nothing to resume, or another run is going on.
    """
    job = store.get(connection, number)
    if job is None or job.state not in store.RESUMABLE or not job.rest.steps:
        raise OperatorError(f"Run {number} cannot be resumed: start it anew.")
    if job.kind == ROLLBACK:
        raise OperatorError("A rollback is finished on the page Undo and erase, where the shop's name is typed.")
    if not is_resumable(connection, job):
        raise OperatorError(f"Run {number} cannot be resumed: another one was started since. Start it anew.")
    return start(connection, job.rest, who)


def stop(connection: Connection, number: int, who: str) -> None:
    """Ask a run to stop; it ends what is in flight first, which takes some seconds, and can be resumed."""
    connection.execute(
        "update migration.console_runs set stop_asked_at = now(), stop_asked_by = %s"
        " where id = %s and ended_at is null and stop_asked_at is null",
        (who, number),
    )


def current(connection: Connection) -> Job | None:
    """Return the run that is going on."""
    return store.open_job(connection)


def get(connection: Connection, number: int) -> Job | None:
    """Return a run."""
    return store.get(connection, number)


def recent(connection: Connection, most: int = 50) -> list[Job]:
    """Return the latest runs, newest first."""
    return store.latest(connection, most)


def log_file(number: int) -> Path:
    """Return where a run's log lies; its owner alone can read it."""
    return place.project() / "reports" / "console" / f"run-{number}.log"


def _start_process(number: int) -> None:
    """Start the process of a run: in a session of its own, so that it has nothing to do with the console's end."""
    command = [sys.executable, "-P", "-m", "cratejoy_migration.console.work.starter", str(place.project()), str(number)]
    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=place.environment(),
        check=True,
    )
