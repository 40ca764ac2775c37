"""The path of a migration on record, in `migration.path`: one row a step and round, in the staging database.

States: `running`, `done` (what it checks held), `unheld` (it came to its end, and what it checks did not hold),
`retrying` (at `next_try_at`), `waiting` (for a person), `failed`. The row of the step `round` is the round itself:
`began_at` is its start, `first` the phase it begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from cratejoy_migration.unattended.planner import PHASES, Past

Connection = psycopg.Connection[tuple[Any, ...]]
ROUND = "round"
_TABLE = """
create schema if not exists migration;
create table if not exists migration.path (
    round integer not null,
    step text not null,
    state text not null,
    times integer not null default 0,
    attempts integer not null default 0,
    failing_since timestamptz,
    next_try_at timestamptz,
    sentence text,
    progress text,
    first text,
    began_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (round, step)
);
"""
_BEGIN = """
insert into migration.path (round, step, state) values (%s, %s, 'running')
on conflict (round, step) do update set state = 'running', began_at = now(), next_try_at = null
"""
_END = """
update migration.path set state = %s, ended_at = now(), times = times + 1, attempts = 0, failing_since = null,
    next_try_at = null, sentence = %s, progress = null
where round = %s and step = %s
"""
_FAIL = """
update migration.path set state = 'retrying', attempts = %s, failing_since = %s, next_try_at = now() + %s,
    sentence = %s, progress = %s
where round = %s and step = %s
"""
_STOP = "update migration.path set state = %s, sentence = %s, ended_at = now() where round = %s and step = %s"
_SETTLE = """
update migration.path set state = 'done', ended_at = began_at, next_try_at = null
where round = %s and step <> %s and state = 'running'
"""
_PAST = "select step, ended_at, state, times from migration.path where round = %s and times > 0"


@dataclass(frozen=True)
class Round:
    """One walk from Cratejoy to a verified shop; the first one counts what was done before it, too.

    Attributes:
        number: From 1.
        first: The phase it begins with.
        began_at: When.
    """

    number: int
    first: str
    began_at: datetime

    @property
    def since(self) -> datetime | None:
        """The moment after which a scan or an audit belongs to the round; None: any does."""
        return None if self.number == 1 else self.began_at.replace(microsecond=0)  # scans start at whole seconds


@dataclass(frozen=True)
class Trouble:
    """What is on record of a step that fails.

    Attributes:
        attempts: Tries without progress in between.
        since: When the first of them failed.
        progress: How far things were then.
    """

    attempts: int
    since: datetime
    progress: str


def after_failure(before: Trouble | None, progress: str, now: datetime) -> Trouble:
    """Return the trouble after one more failure: counted anew when there was progress since the last one."""
    if before is None or before.progress != progress:
        return Trouble(1, now, progress)
    return Trouble(before.attempts + 1, before.since, progress)


class PathRecord:
    """The record of the path; commits each change at once.

    Args:
        connection: To the staging database, in autocommit mode.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def round(self) -> Round:
        """Return the round that is going on, or went on last; the first one begins when asked for."""
        row = self._connection.execute(
            "select round, first, began_at from migration.path where step = %s order by round desc limit 1", (ROUND,)
        ).fetchone()
        return Round(row[0], row[1] or PHASES[0], row[2]) if row else self.new_round(PHASES[0])

    def new_round(self, first: str) -> Round:
        """Begin a round."""
        row = self._connection.execute(
            "insert into migration.path (round, step, state, first)"
            " select coalesce(max(round), 0) + 1, %s, 'running', %s from migration.path returning round, began_at",
            (ROUND, first),
        ).fetchone()
        assert row is not None  # noqa: S101  # an insert that returns
        return Round(row[0], first, row[1])

    def past(self, number: int) -> dict[str, Past]:
        """Return what became of the steps of a round that came to their end."""
        rows = self._connection.execute(_PAST, (number,))
        return {step: Past(ended_at, state == "done", times) for step, ended_at, state, times in rows}

    def begin(self, number: int, step: str) -> None:
        """Write that a step begins."""
        self._connection.execute(_BEGIN, (number, step))

    def end(self, number: int, step: str, *, held: bool, sentence: str = "") -> None:
        """Write that a step came to its end, and whether what it checks held."""
        self._connection.execute(_END, ("done" if held else "unheld", sentence or None, number, step))

    def settle(self, number: int) -> None:
        """Write that nothing of a round goes on any more, once its goal is reached.

        A run that was killed may leave a step `running` whose program came to its end all the same: the bookmarks say
        so, and nobody does it again.
        """
        self._connection.execute(_SETTLE, (number, ROUND))

    def trouble(self, number: int, step: str) -> Trouble | None:
        """Return what is on record of a step that fails."""
        row = self._connection.execute(
            "select attempts, failing_since, progress from migration.path"
            " where round = %s and step = %s and failing_since is not null",
            (number, step),
        ).fetchone()
        return Trouble(row[0], row[1], row[2] or "") if row else None

    def fail(self, number: int, step: str, trouble: Trouble, rest: timedelta, sentence: str) -> None:
        """Write that a step failed and is tried again after a rest."""
        values = (trouble.attempts, trouble.since, rest, sentence, trouble.progress)
        self._connection.execute(_FAIL, (*values, number, step))

    def stop(self, number: int, step: str, state: str, sentence: str) -> None:
        """Write that the path stops at a step: `waiting` or `failed`; what it counted begins anew afterwards."""
        self._connection.execute(_STOP, (state, sentence, number, step))
        self._connection.execute(
            "update migration.path set attempts = 0, failing_since = null, progress = null"
            " where round = %s and step = %s",
            (number, step),
        )
