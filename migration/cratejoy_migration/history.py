"""The history of runs, in `migration.runs`: what was started, when it ended, and what it came to.

Every program that moves or checks rows writes its own line: at the start, at least every ten seconds while it works,
and at its end. A line without an end whose beat has stopped belongs to a program that was killed. History is a witness:
that it cannot be written is never a reason for a run to fail or to wait.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import psycopg
from psycopg.types.json import Jsonb

BEAT_SECONDS = 10.0
"""How often a living run says so."""
LIVE_BEAT_SECONDS = 3.0
"""How often a load and a migration do, whose course is drawn."""
SENDS_FEW = "STAGING_SENDS_FEW"
"""Environment variable of a target that carries single customers: it writes down `send`, which is no migration."""
_SETTLE_SECONDS = 0.5
"""Events that come closer together share a beat."""
_END_PATIENCE_SECONDS = 5.0
_CONNECT_SECONDS = 5
_TABLE = """
create schema if not exists migration;
create table if not exists migration.runs (
    id bigint generated always as identity primary key,
    run_id text not null,
    command text not null,
    state text not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    ended_at timestamptz,
    host text not null,
    pid integer not null,
    figures jsonb not null default '{}'
);
create index if not exists runs_command on migration.runs (command, id desc);
create table if not exists migration.run_beats (
    line bigint not null references migration.runs (id),
    at timestamptz not null default now(),
    done bigint not null,
    points bigint
);
create index if not exists run_beats_line on migration.run_beats (line, at);
"""
_BEGIN = (
    "insert into migration.runs (run_id, command, state, host, pid) values (%s, %s, 'running', %s, %s) returning id"
)
_BEAT = "update migration.runs set beat_at = now(), figures = %s where id = %s"
_COURSE = "insert into migration.run_beats (line, done, points) values (%s, %s, %s)"
_END = "update migration.runs set beat_at = now(), ended_at = now(), state = %s, figures = %s where id = %s"
_logger = logging.getLogger("staging")

Figures = Mapping[str, Any]


class RunRecord:
    """One run's line; figures are counts, units of the migration, never records."""

    def __init__(self, url: str, command: str, run_id: str | None = None) -> None:
        self.run_id = run_id or shared_run_id()
        self.command = command
        self.figures: dict[str, Any] = {}
        self._url = url
        self._line: int | None = None

    def begin(self) -> None:
        """Write that the run has begun."""
        with _witness(), psycopg.connect(self._url, connect_timeout=_CONNECT_SECONDS, autocommit=True) as connection:
            prepare(connection)
            values = (self.run_id, self.command, socket.gethostname(), os.getpid())
            row = connection.execute(_BEGIN, values).fetchone()
            self._line = row[0] if row else None

    def mark(self) -> None:
        """Write how far the run is at this moment, for its course."""
        points = self.figures.get("points")
        self._execute(_COURSE, self._line, done(self.figures), points if isinstance(points, int) else None)

    def beat(self, figures: Figures | None = None) -> None:
        """Write that the run is alive, and how far it is."""
        self.figures.update(figures or {})
        self._write(_BEAT, Jsonb(self.figures))

    def end(self, state: str) -> None:
        """Write how the run ended: done, failed, waiting, interrupted."""
        self._write(_END, state, Jsonb(self.figures))

    def _write(self, statement: str, *values: Any) -> None:
        self._execute(statement, *values, self._line)

    def _execute(self, statement: str, *values: Any) -> None:
        if self._line is None:
            return
        with _witness(), psycopg.connect(self._url, connect_timeout=_CONNECT_SECONDS, autocommit=True) as connection:
            connection.execute(statement, values)


class LiveRun:
    """A run's line that writes itself, from a thread of its own: the run never waits for it.

    Args:
        run: Its line.
        figures: Tells how far the run is; called from the thread.
    """

    def __init__(self, run: RunRecord, figures: Callable[[], Figures] = dict) -> None:
        self._run = run
        self._figures = figures
        self._woken = threading.Event()
        self._state: str | None = None
        self._thread = threading.Thread(target=self._live, name="history", daemon=True)

    def begin(self) -> None:
        """Write that the run has begun."""
        self._thread.start()

    @contextmanager
    def part(self, *, last: bool = False) -> Iterator[None]:
        """Watch a part of the run: it ends the run when it raises, and when it is the last one."""
        try:
            yield
        except BaseException as error:
            self.end(ending(error))
            raise
        if last:
            self.end("done")

    def wake(self) -> None:
        """Let the line say now what has just happened."""
        self._woken.set()

    def end(self, state: str) -> None:
        """Write how the run ended; waits a few seconds at most."""
        self._state = state
        self._woken.set()
        self._thread.join(_END_PATIENCE_SECONDS)

    def _live(self) -> None:
        self._run.begin()
        while self._state is None:
            self._woken.wait(LIVE_BEAT_SECONDS)
            self._woken.clear()
            if self._state is None:
                self._run.beat(self._told())
                self._run.mark()
                # What happens within a moment is told together.
                self._woken.wait(_SETTLE_SECONDS) if self._state is None else None
        self._run.figures.update(self._told())
        self._run.mark()
        self._run.end(self._state)

    def _told(self) -> dict[str, Any]:
        # Figures are read while others count: what cannot be read now is told next time.
        with suppress(Exception):
            return dict(self._figures())
        return {}


@contextmanager
def recorded(url: str, command: str, run_id: str | None = None) -> Iterator[RunRecord]:
    """Record what happens inside the block as one run; `failed` when it raises, else what it said, else `done`.

    The line beats by itself; `beat` inside the block adds figures.
    """
    run = RunRecord(url, command, run_id)
    run.begin()
    ended = threading.Event()
    threading.Thread(target=_beating, args=(run, ended), name="history", daemon=True).start()
    state = "failed"
    try:
        yield run
        state = str(run.figures.pop("state", "done"))
    except (KeyboardInterrupt, SystemExit):
        state = "interrupted"
        raise
    finally:
        ended.set()
        run.end(state)


def _beating(run: RunRecord, ended: threading.Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        run.beat()


def done(figures: Figures) -> int:
    """Return how many rows or documents a run has behind it."""
    for name in ("outcomes", "rows"):
        if isinstance(figures.get(name), Mapping):
            return sum(int(count) for count in figures[name].values())
    return int(figures.get("documents") or figures.get("to_go") or 0)


def ending(error: BaseException) -> str:
    """Return how a run that raised has ended."""
    code = error.code if isinstance(error, SystemExit) else getattr(error, "exit_code", 1)
    if isinstance(error, SystemExit) and not code:
        return "done"
    signalled = isinstance(error, KeyboardInterrupt) or (isinstance(code, int) and code > 128)
    return "interrupted" if signalled else "failed"


def prepare(connection: psycopg.Connection[Any]) -> None:
    """See to it that the table is there; two programs may do so at once.

    Raises:
        psycopg.Error: It cannot be made.
    """
    row = connection.execute("select to_regclass('migration.run_beats') is not null").fetchone()
    if row and row[0]:
        return
    with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
        connection.execute(_TABLE)
        return
    connection.execute(_TABLE)


def shared_run_id() -> str:
    """Return the id that all programs of one `meltano run` have in common.

    MELTANO_RUN_ID names it; Meltano itself does not pass its own to plugins, but it is the parent of them all.
    """
    named = os.environ.get("MELTANO_RUN_ID")
    if named:
        return named
    with suppress(psutil.Error):
        parent = psutil.Process(os.getppid())
        if "MELTANO_PROJECT_ROOT" in os.environ:
            text = f"{socket.gethostname()} {parent.pid} {parent.create_time()}"
            return str(uuid.uuid5(uuid.NAMESPACE_OID, text))
    return str(uuid.uuid4())


@contextmanager
def _witness() -> Iterator[None]:
    """Let a run go on when its line cannot be written."""
    try:
        yield
    except (psycopg.Error, OSError) as error:
        _logger.debug("The history of runs cannot be written (%s).", type(error).__name__)
