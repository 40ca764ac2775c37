"""What a rollback would undo, and what it has undone: from the journal in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from cratejoy_migration import runs
from cratejoy_migration.rollback.statements import COUNTS
from cratejoy_migration.rollback.summary import Count, unfinished, words

Connection = psycopg.Connection[tuple[Any, ...]]

_LAST = """
select id, shop, planned_at, began_at, ended_at, counts from migration.rollbacks r
where began_at is not null or counts is not null
    or exists (select from migration.rollback b where b.rollback_id = r.id)
order by id desc limit 1
"""
_WRITTEN = """
select exists (
    select from migration.runs where command in ('migrate', 'send', 'repair') and coalesce(ended_at, beat_at) > %s)
"""
_THERE = """
select to_regclass('migration.rollback') is not null and exists (select from information_schema.columns
    where table_schema = 'migration' and table_name = 'rollbacks' and column_name = 'counts')
"""


@dataclass(frozen=True)
class Undoing:
    """The last rollback, or the plan of one.

    Attributes:
        shop: Of the migration.
        planned_at: When it was planned.
        began_at: None for a plan.
        ended_at: None before its end.
        counts: By kind, action, state and reason.
        whole: The plan was made to its end.
        outdated: Customers were written since it was planned.
    """

    shop: str
    planned_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    counts: tuple[Count, ...]
    whole: bool = True
    outdated: bool = False

    @property
    def holds(self) -> bool:
        """Whether what is shown is what would be done."""
        return self.whole and not self.outdated

    @property
    def is_plan(self) -> bool:
        """Whether nothing of it was carried out."""
        return self.began_at is None

    @property
    def is_half_done(self) -> bool:
        """Whether it has begun and not ended."""
        return self.began_at is not None and self.ended_at is None

    @property
    def left(self) -> int:
        """What was to be undone and is not."""
        return unfinished(self.counts)

    def rows(self) -> list[dict[str, object]]:
        """Return a line a kind and outcome."""
        return [
            {"What": what, "Count": count, "Becomes" if self.is_plan else "Became": becomes, "Why": why}
            for what, count, becomes, why in words(self.counts, planned=self.is_plan)
        ]


def read(connection: Connection) -> Undoing | None:
    """Return the last rollback or plan; None when there is none."""
    row = connection.execute(_THERE).fetchone()
    if not (row and row[0]):
        return None
    last = connection.execute(_LAST).fetchone()
    if last is None:
        return None
    number, shop, planned_at, began_at, ended_at, kept = last
    counts = kept or connection.execute(COUNTS, (number,)).fetchall()
    written = connection.execute(_WRITTEN, (planned_at,)).fetchone() if runs.there(connection) else None
    return Undoing(
        shop=shop,
        planned_at=planned_at,
        began_at=began_at,
        ended_at=ended_at,
        counts=tuple((kind, action, state, reason, count) for kind, action, state, reason, count in counts),
        whole=began_at is not None or kept is not None,
        outdated=bool(written and written[0]),
    )


def shop(connection: Connection) -> str | None:
    """Return the name of the shop that the ledger belongs to; None when nothing was written."""
    query = "select to_regclass('migration.ledger') is not null and exists (select from information_schema.columns"
    row = connection.execute(
        query + " where table_schema = 'migration' and table_name = 'ledger' and column_name = 'shop')"
    ).fetchone()
    if not (row and row[0]):
        return None
    row = connection.execute("select shop from migration.ledger where shop is not null limit 1").fetchone()
    return str(row[0]).removesuffix(".myshopify.com") if row else None
