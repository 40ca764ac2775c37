"""The history of runs, in `migration.runs`: what was started, when it ended, and what it came to.

Every program that moves or checks rows writes its own line: at the start, while it works, and at its end. A line
without an end whose beat has stopped belongs to a program that was killed.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

_TABLE = """
create schema if not exists migration;
create table if not exists migration.runs (
    run_id text not null,
    command text not null,
    state text not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    ended_at timestamptz,
    host text not null,
    pid integer not null,
    figures jsonb not null default '{}',
    primary key (run_id, command)
);
"""
_BEGIN = """
insert into migration.runs (run_id, command, state, host, pid) values (%s, %s, 'running', %s, %s)
on conflict (run_id, command) do update set state = 'running', started_at = now(), beat_at = now(), ended_at = null,
    host = excluded.host, pid = excluded.pid, figures = '{}'
"""


class RunRecord:
    """One run's line; figures are counts, units of the migration, never records."""

    def __init__(self, url: str, command: str, run_id: str | None = None) -> None:
        self.run_id = run_id or os.environ.get("MELTANO_RUN_ID") or str(uuid.uuid4())
        self.command = command
        self.figures: dict[str, Any] = {}
        self._url = url

    def begin(self) -> None:
        """Write that the run has begun."""
        with psycopg.connect(self._url, connect_timeout=10, autocommit=True) as connection:
            connection.execute(_TABLE)
            connection.execute(_BEGIN, (self.run_id, self.command, socket.gethostname(), os.getpid()))

    def beat(self, figures: Mapping[str, Any] | None = None) -> None:
        """Write that the run is alive, and how far it is."""
        self.figures.update(figures or {})
        self._update("beat_at = now(), figures = %s", Jsonb(self.figures))

    def end(self, state: str) -> None:
        """Write how the run ended: done, failed, waiting, interrupted."""
        self._update("beat_at = now(), ended_at = now(), state = %s, figures = %s", state, Jsonb(self.figures))

    def _update(self, changes: str, *values: Any) -> None:
        statement = f"update migration.runs set {changes} where run_id = %s and command = %s"  # noqa: S608  # ours
        with psycopg.connect(self._url, connect_timeout=10, autocommit=True) as connection:
            connection.execute(statement, (*values, self.run_id, self.command))


@contextmanager
def recorded(url: str, command: str, run_id: str | None = None) -> Iterator[RunRecord]:
    """Record what happens inside the block as one run; `failed` when it raises, else what it said, else `done`."""
    run = RunRecord(url, command, run_id)
    run.begin()
    try:
        yield run
    except BaseException:
        run.end("failed")
        raise
    run.end(str(run.figures.pop("state", "done")))
