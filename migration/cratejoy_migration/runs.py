"""Reading the history of runs: which ran, which run now, which were killed, and how fast they were."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import psycopg
from psycopg.rows import namedtuple_row

Connection = psycopg.Connection[tuple[Any, ...]]

SILENCE = timedelta(minutes=3)
"""A run beats every ten seconds: one that has been silent for so long is not there any more."""
WRITES = ("migrate", "send")
"""Commands of a target's runs: a migration; single customers, of a quick test or sent again."""
_COLUMNS = "run_id, command, state, started_at, beat_at, ended_at, host, pid, figures, now() as now"
_LATEST = f"select {_COLUMNS} from migration.runs order by id desc limit %s"  # noqa: S608  # a constant
_LAST_OF_EACH = f"select distinct on (command) {_COLUMNS} from migration.runs order by command, id desc"  # noqa: S608
_OPEN = f"select {_COLUMNS} from migration.runs where ended_at is null order by id"  # noqa: S608
_STORED = """
select max(greatest((figures ->> 'stored_at')::timestamptz, case when ended_at is null then beat_at end))
from migration.runs where command = 'collect'
"""


@dataclass(frozen=True)
class Run:
    """One run as its line tells it.

    Attributes:
        run_id: Shared by the programs of one `meltano run`.
        command: collect, documents, migrate, audit, ...
        state: running, done, failed, waiting, interrupted, killed.
        started_at: By the database's clock, as all moments here.
        seconds: How long it took, or has taken so far; of a killed one up to its last beat.
        silent: Since its last beat.
        figures: What it came to.
    """

    run_id: str
    command: str
    state: str
    started_at: datetime
    seconds: float
    silent: timedelta
    figures: dict[str, Any]

    @property
    def ended_at(self) -> datetime:
        """When it ended, or last said something."""
        return self.started_at + timedelta(seconds=self.seconds)


def latest(connection: Connection, most: int) -> list[Run]:
    """Return the latest runs, newest first."""
    return _read(connection, _LATEST, (most,))


def last_of_each(connection: Connection) -> dict[str, Run]:
    """Return the last run of each command."""
    return {run.command: run for run in _read(connection, _LAST_OF_EACH)}


def running(connection: Connection) -> list[Run]:
    """Return what runs right now, oldest first."""
    return [run for run in _read(connection, _OPEN) if run.state == "running"]


def last_stored(connection: Connection) -> datetime | None:
    """Return until when a collection may have stored rows, by the database's clock; None when none ever ran.

    Of a collection that was killed it is its last beat at least; it says when it stores, within a second.
    """
    if not there(connection):
        return None
    row = connection.execute(_STORED).fetchone()
    return row[0] if row else None


def there(connection: Connection) -> bool:
    """Whether there is a history."""
    row = connection.execute("select to_regclass('migration.runs') is not null").fetchone()
    return bool(row and row[0])


def state_of(state: str, host: str, pid: int, silent: timedelta) -> str:
    """Return how a run stands: one that says `running` and cannot be any more was killed."""
    if state != "running":
        return state
    gone = host == socket.gethostname() and pid != os.getpid() and not psutil.pid_exists(pid)
    return "killed" if gone or silent > SILENCE else state


def _read(connection: Connection, query: str, values: tuple[Any, ...] = ()) -> list[Run]:
    if not there(connection):
        return []
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return [_run(row) for row in cursor.execute(query, values)]


def _run(row: Any) -> Run:
    silent = row.now - row.beat_at
    stands = row.state if row.ended_at else state_of(row.state, row.host, row.pid, silent)
    until = row.ended_at or (row.now if stands == "running" else row.beat_at)
    seconds = (until - row.started_at).total_seconds()
    return Run(row.run_id, row.command, stands, row.started_at.astimezone(UTC), seconds, silent, row.figures)
