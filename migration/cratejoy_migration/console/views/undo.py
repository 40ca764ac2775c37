"""What a rollback would undo, and what it has undone: from the journal in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from cratejoy_migration.rollback.statements import COUNTS
from cratejoy_migration.rollback.summary import Count, unfinished, words

Connection = psycopg.Connection[tuple[Any, ...]]

_LAST = "select id, shop, planned_at, began_at, ended_at from migration.rollbacks order by id desc limit 1"


@dataclass(frozen=True)
class Undoing:
    """The last rollback, or the plan of one.

    Attributes:
        shop: Of the migration.
        planned_at: When it was planned.
        began_at: None for a plan.
        ended_at: None before its end.
        counts: By kind, action, state and reason.
    """

    shop: str
    planned_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    counts: tuple[Count, ...]

    @property
    def is_plan(self) -> bool:
        """Whether nothing of it was carried out."""
        return self.began_at is None

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
    row = connection.execute("select to_regclass('migration.rollback') is not null").fetchone()
    if not (row and row[0]):
        return None
    last = connection.execute(_LAST).fetchone()
    if last is None:
        return None
    counts: Sequence[Count] = connection.execute(COUNTS, (last[0],)).fetchall()
    return Undoing(last[1], last[2], last[3], last[4], tuple(counts))


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
