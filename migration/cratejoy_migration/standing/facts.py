"""What is known of a migration, read in a moment: from bookmarks, runs, audit, documents, ledger, verification.

Each is read only where it is there. Nothing is counted that an index, the planner or a run has counted already: the
screen must come at once with 600,000 customers, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from cratejoy_migration import decisions, one_run, runs
from cratejoy_migration.audit.lines import Line, beyond
from cratejoy_migration.runs import Run

Connection = psycopg.Connection[tuple[Any, ...]]
Bookmarks = Mapping[str, Mapping[str, Any]]
STATUSES = ("created", "updated", "unchanged", "adopted", "merged", "refused", "unknown")
_COUNTED_PAGES = 4_000
"""Tables of up to 32 MB are counted; of larger ones the planner knows the rows well enough."""
_SIZES = """
select c.relname::text, c.relpages, c.reltuples, pg_relation_size(c.oid) / current_setting('block_size')::int
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'cratejoy' and c.relkind = 'r' order by 1
"""
_LEDGER = "select status, count(*), count(*) filter (where updated_at >= %s) from migration.ledger group by status"
_LEDGER_WITHOUT_TIMES = "select status, count(*), 0 from migration.ledger group by status"
_TIMED = """
select exists (select from information_schema.columns
    where table_schema = 'migration' and table_name = 'ledger' and column_name = 'updated_at')
"""
_AUDIT = "select stream, api_count, staged_count, missing, extra, checked_at from migration.audit"
_STORED = """
select stream, max(stored_at) from (
    select jsonb_object_keys(case jsonb_typeof(figures -> 'rows') when 'object' then figures -> 'rows' else '{}' end),
        (figures ->> 'stored_at')::timestamptz
    from migration.runs where command = 'collect'
    union all
    select a.stream, r.beat_at from migration.runs r, migration.audit a
    where r.command = 'collect' and r.ended_at is null
) stored (stream, stored_at) where stored_at is not null group by stream
"""
"""A collection without an end may have stored more than it came to say: rows of any stream, until its last beat."""
_CHECKED = "select stream, checked_at from migration.audit"
_VERIFIED = "select verified_at, clean, counts from migration.verifications order by id desc limit 1"
_WAITING = """
select step, sentence from migration.path where state = 'waiting' and step <> 'round' order by round desc, ended_at desc
limit 1
"""
_ROLLBACK = """
select ended_at is not null, coalesce(ended_at, began_at) from migration.rollbacks
where began_at is not null order by id desc limit 1
"""


@dataclass(frozen=True)
class Rows:
    """Rows of a staging table; `exact` unless the planner's estimate."""

    count: int
    exact: bool = True


@dataclass(frozen=True)
class Audit:
    """The last audit of all streams.

    Attributes:
        missing: Rows that are not staged.
        beyond: Of those, more than a person accepted; a stream that could not be counted is one.
        unknown: Streams whose count nobody knows.
        checked_at: When the first of the streams was looked at.
    """

    missing: int
    beyond: int
    unknown: tuple[str, ...]
    checked_at: datetime


@dataclass(frozen=True)
class Verification:
    """The last read-back; counts by verdict."""

    verified_at: datetime
    clean: bool
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class Rollback:
    """The last rollback that was more than a plan."""

    ended: bool
    at: datetime


@dataclass(frozen=True)
class Facts:
    """All that decides on what to do next.

    Attributes:
        rows: Of each staging table, by stream.
        marks: Last saved bookmark of each stream.
        last: The last run of each command.
        running: What runs right now.
        holder: Who has the store, and since when; known before what it runs has said anything.
        stored_at: Until when a collection may have stored rows.
        uncompared_at: The same of those streams alone that no audit has looked at since; None without such rows, or
            without an audit.
        audit: None before the first.
        ledger: Documents by status.
        settled: Documents whose outcome is newer than the last build of the documents.
        refused_accepted: So many refused customers are fine; None when nobody said.
        verification: None before the first.
        waiting: What a person has to decide for `migration run`.
        rollback: None without one that began.
    """

    rows: Mapping[str, Rows] = field(default_factory=dict)
    marks: Bookmarks = field(default_factory=dict)
    last: Mapping[str, Run] = field(default_factory=dict)
    running: tuple[Run, ...] = ()
    holder: str | None = None
    stored_at: datetime | None = None
    uncompared_at: datetime | None = None
    audit: Audit | None = None
    ledger: Mapping[str, int] = field(default_factory=dict)
    settled: int = 0
    refused_accepted: int | None = None
    verification: Verification | None = None
    waiting: str | None = None
    rollback: Rollback | None = None

    @property
    def incomplete(self) -> list[str]:
        """Streams that a collection began and did not finish."""
        return [stream for stream, mark in self.marks.items() if stream in self.rows and mark.get("complete") is False]

    @property
    def only_tested(self) -> bool:
        """Whether all that is staged was read by a quick test, which leaves no bookmark."""
        return bool(self.rows) and not self.marks and "quick-test" in self.last

    @property
    def to_go(self) -> int | None:
        """Customers that still have to go; None when nobody has looked since the last collection.

        The last to look at all of them counts: a verification, or a build of the documents.
        """
        build, verified = self.last.get("documents"), self.last.get("verify")
        if self.verification and verified and not (build and build.ended_at > verified.started_at):
            began = verified.started_at
            if began <= self.verification.verified_at and not (self.stored_at and self.stored_at > began):
                return int((self.verification.counts.get("customers") or {}).get("pending", 0))
        if build is None or build.state != "done" or (self.stored_at and self.stored_at > build.ended_at):
            return None
        told = build.figures
        names = ("new", "changed", "unfinished") if "new" in told else ("to_go",)
        planned = sum(int(told.get(name, 0)) for name in names)
        return max(0, planned - self.settled)

    @property
    def written_at(self) -> datetime | None:
        """When the shop was last written to, if only by a quick test."""
        return self._last_end("migrate", "repair", "send")

    @property
    def migrated_at(self) -> datetime | None:
        """When the shop was last written to by a migration or a repair."""
        return self._last_end("migrate", "repair")

    def _last_end(self, *commands: str) -> datetime | None:
        return max((self.last[name].ended_at for name in commands if name in self.last), default=None)


def gather(connection: Connection, marks: Bookmarks) -> Facts:
    """Return what is known.

    Args:
        connection: To the staging database.
        marks: Bookmarks, from Meltano.
    """
    last = runs.last_of_each(connection)
    built = last.get("documents")
    ledger = _ledger(connection, built.started_at if built else None)
    refused = decisions.accepted(connection, "refused").get("all")
    return Facts(
        rows=_rows(connection),
        marks=marks,
        last=last,
        running=tuple(runs.running(connection)),
        holder=one_run.holder(connection),
        stored_at=runs.last_stored(connection),
        uncompared_at=_uncompared_at(connection),
        audit=_audit(connection),
        ledger={status: count for status, (count, _) in ledger.items()},
        settled=sum(settled for status, (_, settled) in ledger.items() if status != "unknown"),
        refused_accepted=refused.amount if refused else None,
        verification=_verification(connection),
        waiting=_waiting(connection, last),
        rollback=_rollback(connection),
    )


def _rows(connection: Connection) -> dict[str, Rows]:
    found = {}
    for stream, pages, estimate, size in connection.execute(_SIZES).fetchall():
        known = pages > 0 and estimate >= 0 and size > _COUNTED_PAGES
        found[stream] = Rows(round(estimate * size / pages), exact=False) if known else Rows(_count(connection, stream))
    return found


def _count(connection: Connection, stream: str) -> int:
    query = sql.SQL("select count(*) from cratejoy.{}").format(sql.Identifier(stream))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _ledger(connection: Connection, since: datetime | None) -> dict[str, tuple[int, int]]:
    if not _has(connection, "migration.ledger"):
        return {}
    row = connection.execute(_TIMED).fetchone()
    timed = bool(row and row[0])
    query, values = (_LEDGER, (since,)) if timed else (_LEDGER_WITHOUT_TIMES, ())
    counts = {status: (count, settled) for status, count, settled in connection.execute(query, values)}
    return {status: counts[status] for status in (*STATUSES, *sorted(set(counts) - set(STATUSES))) if status in counts}


def _audit(connection: Connection) -> Audit | None:
    if not _has(connection, "migration.audit"):
        return None
    lines = [
        Line(stream, api_count, staged, missing, extra, checked_at=checked_at)
        for stream, api_count, staged, missing, extra, checked_at in connection.execute(_AUDIT)
    ]
    if not lines:
        return None
    accepted = {name: one.amount for name, one in decisions.accepted(connection, "missing").items()}
    return Audit(
        missing=sum(line.missing or 0 for line in lines),
        beyond=sum(beyond(lines, accepted).values()),
        unknown=tuple(line.stream for line in lines if line.missing is None),
        checked_at=min(line.checked_at for line in lines),
    )


def _uncompared_at(connection: Connection) -> datetime | None:
    """Return until when rows may have been stored that no audit of their stream has looked at since.

    A stream without a line, as those that hang below elements of another, is looked at when the last one is.
    """
    if not (_has(connection, "migration.audit") and runs.there(connection)):
        return None
    checked: dict[str, datetime] = dict(connection.execute(_CHECKED).fetchall())
    if not checked:
        return None
    last = max(checked.values())
    stored = connection.execute(_STORED).fetchall()
    return max((moment for stream, moment in stored if moment > checked.get(stream, last)), default=None)


def _verification(connection: Connection) -> Verification | None:
    row = _one(connection, "migration.verifications", _VERIFIED)
    return Verification(*row) if row else None


def _waiting(connection: Connection, last: Mapping[str, Run]) -> str | None:
    """Return what the unattended walk waits for, when it was the last to do anything."""
    row = _one(connection, "migration.path", _WAITING)
    walk = last.get("run")
    if row is None or walk is None or walk.state != "waiting":
        return None
    return str(row[1] or row[0])


def _rollback(connection: Connection) -> Rollback | None:
    row = _one(connection, "migration.rollbacks", _ROLLBACK)
    return Rollback(*row) if row else None


def _one(connection: Connection, table: str, query: str) -> tuple[Any, ...] | None:
    return connection.execute(query).fetchone() if _has(connection, table) else None


def _has(connection: Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    return bool(row and row[0])
