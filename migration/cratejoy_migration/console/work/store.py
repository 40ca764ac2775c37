"""The record of the console's runs, in `migration.console_runs` and `migration.console_steps`: read and written here.

A run is `starting`, then `running`, and ends as `done`, `unheld` (a check was made and does not hold), `waiting` (a
person has to decide), `failed` or `stopped`. One that says it runs and cannot be any more is shown as `killed`.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from cratejoy_migration.console.work.plan import Plan, Step, goes_on
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.runs import state_of

Connection = psycopg.Connection[tuple[Any, ...]]

OPEN = ("starting", "running")
RESUMABLE = ("stopped", "killed", "failed")
_STARTING = timedelta(seconds=60)
"""A run whose process has not reported by then never came up."""
_TABLES = """
create schema if not exists migration;
create table if not exists migration.console_runs (
    id bigint generated always as identity primary key,
    kind text not null,
    title text not null,
    state text not null,
    sentence text,
    started_by text not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    ended_at timestamptz,
    stop_asked_at timestamptz,
    stop_asked_by text,
    host text,
    pid integer
);
create unique index if not exists one_run_of_the_console on migration.console_runs ((true)) where ended_at is null;
create table if not exists migration.console_steps (
    run bigint not null references migration.console_runs (id),
    place integer not null,
    name text not null,
    title text not null,
    words text[] not null,
    variables jsonb not null,
    state text not null default 'to do',
    sentence text,
    began_at timestamptz,
    ended_at timestamptz,
    primary key (run, place)
);
"""
_RUNS = """
select id, kind, title, state, sentence, started_by, started_at, beat_at, ended_at, stop_asked_at, host, pid,
    now() as now
from migration.console_runs
"""
_STEPS = """
select place, name, title, words, variables, state, sentence, began_at, ended_at from migration.console_steps
where run = %s order by place
"""


@dataclass(frozen=True)
class StepLine:
    """One step of a run.

    Attributes:
        step: What is done.
        state: to do, running, done, unheld, waiting, failed, stopped.
        sentence: Why it ended so.
        began_at: None before it began.
        ended_at: None before it ended.
    """

    step: Step
    state: str
    sentence: str | None
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Job:
    """One run of the console.

    Attributes:
        id: From 1.
        kind: As in its plan.
        title: For people.
        state: See above.
        sentence: Why it ended so, and what to do.
        started_by: Who started it.
        started_at: By the database's clock, as all moments here.
        ended_at: None while it runs; of a killed one its last beat.
        stopping: Somebody asked it to stop.
        steps: In order.
    """

    id: int
    kind: str
    title: str
    state: str
    sentence: str | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    stopping: bool
    steps: tuple[StepLine, ...]

    @property
    def is_open(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state in OPEN

    @property
    def rest(self) -> Plan:
        """What is left of its plan: from the first step that is not done on."""
        left = [line.step for line in self.steps if line.state != "done"]
        return Plan(self.kind, self.title, tuple(left))


def prepare(connection: Connection) -> None:
    """Make the tables, unless they are there."""
    if not there(connection):
        connection.execute(_TABLES)


def there(connection: Connection) -> bool:
    """Whether any run was ever recorded."""
    row = connection.execute("select to_regclass('migration.console_steps') is not null").fetchone()
    return bool(row and row[0])


def add(connection: Connection, plan: Plan, who: str) -> int:
    """Record a new run; return its number.

    Raises:
        OperatorError: Another one is open.
    """
    try:
        with connection.transaction():
            row = connection.execute(
                "insert into migration.console_runs (kind, title, state, started_by) values (%s, %s, 'starting', %s)"
                " returning id",
                (plan.kind, plan.title, who),
            ).fetchone()
            assert row is not None  # noqa: S101  # an insert that returns
            for place, step in enumerate(plan.steps):
                connection.execute(
                    "insert into migration.console_steps (run, place, name, title, words, variables)"
                    " values (%s, %s, %s, %s, %s, %s)",
                    (row[0], place, step.name, step.title, list(step.words), Jsonb(dict(step.variables))),
                )
            return int(row[0])
    except psycopg.errors.UniqueViolation:
        raise OperatorError("Another run of the console is going on: wait for its end, or stop it.") from None


def get(connection: Connection, number: int) -> Job | None:
    """Return a run."""
    return next(iter(_read(connection, "where id = %s", (number,))), None)


def latest(connection: Connection, most: int) -> list[Job]:
    """Return the latest runs, newest first."""
    return _read(connection, "order by id desc limit %s", (most,))


def open_job(connection: Connection) -> Job | None:
    """Return the run that is going on."""
    found = _read(connection, "where ended_at is null", ())
    return next((job for job in found if job.is_open), None)


def end(connection: Connection, number: int, state: str, sentence: str | None) -> None:
    """Record how a run ended; its last beat is its end when it was killed."""
    connection.execute(
        "update migration.console_runs set state = %s, sentence = %s,"
        " ended_at = case when %s then beat_at else now() end where id = %s and ended_at is null",
        (state, sentence, state == "killed", number),
    )


def end_killed(connection: Connection) -> None:
    """Close the record of a run that was killed, so that another one can begin."""
    for job in _read(connection, "where ended_at is null", ()):
        if not job.is_open:
            end(connection, job.id, job.state, job.sentence)
            connection.execute(
                "update migration.console_steps set state = 'stopped', ended_at = now()"
                " where run = %s and state = 'running'",
                (job.id,),
            )


def begin(connection: Connection, number: int) -> None:
    """Record that a run's process is there."""
    connection.execute(
        "update migration.console_runs set state = 'running', host = %s, pid = %s, beat_at = now() where id = %s",
        (socket.gethostname(), os.getpid(), number),
    )


def beat(connection: Connection, number: int) -> bool:
    """Record that a run is alive; return whether it may go on: False when somebody asked it to stop."""
    row = connection.execute(
        "update migration.console_runs set beat_at = now() where id = %s returning stop_asked_at is null", (number,)
    ).fetchone()
    return bool(row and row[0])


def begin_step(connection: Connection, number: int, place: int) -> None:
    """Record that a step begins."""
    connection.execute(
        "update migration.console_steps set state = 'running', began_at = now() where run = %s and place = %s",
        (number, place),
    )


def end_step(connection: Connection, number: int, place: int, state: str, sentence: str | None) -> None:
    """Record how a step ended."""
    connection.execute(
        "update migration.console_steps set state = %s, sentence = %s, ended_at = now() where run = %s and place = %s",
        (state, sentence, number, place),
    )


def _read(connection: Connection, clause: str, values: tuple[Any, ...]) -> list[Job]:
    if not there(connection):
        return []
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows = cursor.execute(_RUNS + clause, values).fetchall()
        return [_job(row, cursor.execute(_STEPS, (row[0],)).fetchall()) for row in rows]


def _job(row: Any, steps: list[Any]) -> Job:
    state, sentence = _stands(row), row.sentence
    if state == "killed":
        sentence = f"Its process is gone: killed, or the machine was restarted. {goes_on(row.kind)}"
    lines = tuple(map(_line, steps))
    if state == "killed":
        lines = tuple(replace(line, state="stopped") if line.state == "running" else line for line in lines)
    ended = row.beat_at if state == "killed" and row.ended_at is None else row.ended_at
    return Job(
        row.id, row.kind, row.title, state, sentence, row.started_by, row.started_at, ended,
        row.stop_asked_at is not None, lines,
    )  # fmt: skip


def _line(row: Any) -> StepLine:
    step = Step(row.name, row.title, tuple(row.words), row.variables)
    return StepLine(step, row.state, row.sentence, row.began_at, row.ended_at)


def _stands(row: Any) -> str:
    if row.ended_at is not None or row.state not in OPEN:
        return str(row.state)
    silent = row.now - row.beat_at
    if row.pid is None:
        return "killed" if silent > _STARTING else "starting"
    return state_of("running", row.host, row.pid, silent)
