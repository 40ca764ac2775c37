"""What audits leave in the staging database: a line a stream, a row a page, and where a walk stands.

`migration.audit` and `migration.audit_pages` are for everybody to read; `audit_walks` and `audit_seen` are how a deep
audit that was killed goes on, and `audit_seen` is emptied at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pyroaring import BitMap64

from cratejoy_migration.audit import statements
from cratejoy_migration.audit.lines import Line, known
from cratejoy_migration.audit.scope import COUNTABLE, Scope
from cratejoy_migration.audit.walk import Place

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Hole:
    """A page with missing rows; `page` in the server's own numbering."""

    query: int
    page: int
    page_size: int
    rows: int
    first_id: int | None
    last_id: int | None
    missing: list[int]


class AuditStore:
    """The audit's tables, over a connection in autocommit mode."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        connection.execute(statements.TABLES)

    def save(self, line: Line) -> None:
        """Keep the line of a stream in place of the one before."""
        self.connection.execute(
            statements.SAVE,
            (line.stream, line.api_count, line.staged, line.missing, line.extra, line.checked_at, Jsonb(line.details)),
        )

    def lines(self) -> list[Line]:
        """Return the latest line of every stream, in the order in which streams are read."""
        found = [
            Line(stream, api_count, staged, missing, extra, checked_at=checked_at, **known(details))
            for stream, api_count, staged, missing, extra, checked_at, details in self.connection.execute(
                statements.LINES
            )
        ]
        places = {stream: place for place, stream in enumerate(COUNTABLE)}
        return sorted(found, key=lambda line: places.get(line.stream, len(places)))

    def keep_only(self, streams: list[str]) -> None:
        """Drop the lines of streams that are no longer looked at."""
        self.connection.execute("delete from migration.audit where not stream = any(%s)", (streams,))

    # Walks

    def place(self, stream: str, query: int, asked_size: int) -> Place | None:
        """Return where a walk was left, None when there is none to go on with."""
        row = self.connection.execute(statements.PLACE, (stream, query, asked_size)).fetchone()
        if row is None:
            return None
        index, page_ids, size, base, count = row
        return Place(index, page_ids, size, base, count, self.seen(stream, query))

    def seen(self, stream: str, query: int) -> BitMap64:
        """Return all ids that the walks of a query have met."""
        seen = BitMap64()
        with self.connection.transaction(), self.connection.cursor("seen") as cursor:
            cursor.execute(
                "select ids || unwanted from migration.audit_seen where stream = %s and query = %s", (stream, query)
            )
            for (ids,) in cursor:
                seen.update(number for number in ids if number > 0)
        return seen

    def start_over(self, stream: str, query: int) -> None:
        """Forget what an earlier walk of a query met."""
        with self.connection.transaction():
            for table in ("audit_pages", "audit_walks", "audit_seen"):
                self.connection.execute(
                    sql.SQL("delete from migration.{} where stream = %s and query = %s").format(sql.Identifier(table)),
                    (stream, query),
                )

    def forget_queries(self, stream: str, most: int) -> None:
        """Forget the walks of queries that are no longer asked, those numbered `most` and above."""
        for table in ("audit_pages", "audit_walks", "audit_seen"):
            self.connection.execute(
                sql.SQL("delete from migration.{} where stream = %s and query >= %s").format(sql.Identifier(table)),
                (stream, most),
            )

    def keep_page(self, page: WalkedPage, *, staged: bool) -> None:
        """Write down one page: which of its ids are not staged, and where the walk stands."""
        missing = (
            sql.SQL(statements.ABSENT).format(stream=sql.Identifier(page.stream))
            if staged
            else sql.SQL(statements.ALL_ABSENT)
        )
        ends = (page.ids[0], page.ids[-1]) if page.ids else (None, None)
        values = {**vars(page), "first_id": ends[0], "last_id": ends[1]}
        with self.connection.transaction():
            if page.ids or page.unwanted or page.index == 0:
                self.connection.execute(sql.SQL(statements.PAGE).format(missing=missing), values)
            self.connection.execute(
                statements.SEEN, (page.stream, page.query, page.pass_number, page.index, page.ids, page.unwanted)
            )
            if page.pass_number == 1 and (page.ids or page.unwanted):
                self.connection.execute(
                    statements.WALK,
                    (page.stream, page.query, page.run_id, page.asked_size, page.page_size, page.base, page.count,
                     page.index),
                )  # fmt: skip

    def finish(self, stream: str) -> None:
        """Say that all walks of a stream are done, and drop the ids they met."""
        with self.connection.transaction():
            self.connection.execute("update migration.audit_walks set ended_at = now() where stream = %s", (stream,))
            self.connection.execute("delete from migration.audit_seen where stream = %s", (stream,))

    def stopped_later(self, stream: str, run_id: str) -> bool:
        """Return whether a stream was walked to its end by another audit that did not come to its own end."""
        row = self.connection.execute("select to_regclass('migration.runs') is not null").fetchone()
        if not (row and row[0]):
            return False
        row = self.connection.execute(statements.STOPPED_LATER, {"stream": stream, "run_id": run_id}).fetchone()
        return bool(row and row[0])

    def belongs_to(self, stream: str, run_id: str) -> None:
        """Say that the walks of a stream count as those of this audit."""
        self.connection.execute("update migration.audit_walks set run_id = %s where stream = %s", (run_id, stream))

    # What they found

    def settle(self, stream: str, gone: list[int], *, staged: bool) -> int:
        """Leave each missing id on the page where it was met last, without those staged meanwhile; return how many."""
        absent = sql.SQL(statements.STILL_ABSENT).format(stream=sql.Identifier(stream)) if staged else sql.SQL("")
        self.connection.execute(sql.SQL(statements.SETTLE).format(absent=absent), {"stream": stream, "gone": gone})
        row = self.connection.execute(
            "select coalesce(sum(cardinality(missing)), 0) from migration.audit_pages where stream = %s", (stream,)
        ).fetchone()
        return int(row[0]) if row else 0

    def unmet(self, scope: Scope, columns: frozenset[str]) -> tuple[int, list[int]]:
        """Return how many staged ids no walk met, and the first thousand of them."""
        condition, values = scope.condition(columns)
        text = sql.SQL(statements.EXTRA).format(stream=sql.Identifier(scope.stream), condition=sql.SQL(condition))
        total, first = 0, []
        with self.connection.transaction(), self.connection.cursor("extra") as cursor:
            cursor.execute(text, [*values, scope.stream, scope.stream])
            for (number,) in cursor:
                total += 1
                if total <= EXTRA_IDS:
                    first.append(number)
        return total, first

    def wanted(self, stream: str) -> int:
        """Return how many distinct wanted ids the walks met, before `finish`."""
        return self._distinct(stream, "ids")

    def unwanted(self, stream: str) -> int:
        """Return how many distinct ids the walks met of rows that no collection takes, before `finish`."""
        return self._distinct(stream, "unwanted")

    def pages(self, stream: str) -> int:
        """Return how many pages of a stream were read."""
        row = self.connection.execute(
            "select count(*) from migration.audit_pages where stream = %s", (stream,)
        ).fetchone()
        return int(row[0]) if row else 0

    def asked_size(self, stream: str) -> int | None:
        """Return the page size that the last walk of a stream asked for."""
        row = self.connection.execute(
            "select asked_size from migration.audit_walks where stream = %s order by query limit 1", (stream,)
        ).fetchone()
        return int(row[0]) if row else None

    def absent(self, stream: str, ids: list[int]) -> list[int]:
        """Return those ids that are not staged, ascending; the stream has a table."""
        text = sql.SQL(
            "select distinct wanted.id from unnest(%s::bigint[]) wanted (id)"
            " where not exists (select from cratejoy.{} t where t.id = wanted.id) order by 1"
        ).format(sql.Identifier(stream))
        return [number for (number,) in self.connection.execute(text, (ids,))]

    def any_id(self, stream: str) -> int | None:
        """Return an id that the pages of a stream showed, else one that is staged; None when there is neither."""
        row = self.connection.execute(
            "select coalesce(last_id, first_id) from migration.audit_pages"
            " where stream = %s and rows > 0 order by query, page limit 1",
            (stream,),
        ).fetchone()
        if row and row[0] is not None:
            return int(row[0])
        if self.connection.execute("select to_regclass(%s)", (f"cratejoy.{stream}",)).fetchone() == (None,):
            return None
        text = sql.SQL("select max(id) from cratejoy.{}").format(sql.Identifier(stream))
        row = self.connection.execute(text).fetchone()
        return int(row[0]) if row and row[0] is not None else None

    def _distinct(self, stream: str, column: str) -> int:
        row = self.connection.execute(
            sql.SQL(
                "select count(*) from (select distinct unnest({}) from migration.audit_seen where stream = %s) met"
            ).format(sql.Identifier(column)),
            (stream,),
        ).fetchone()
        return int(row[0]) if row else 0

    def holes(self, stream: str, most: int | None = None) -> list[Hole]:
        """Return the pages of a stream with missing rows, in order; the first of them, if told how many."""
        with self.connection.cursor(row_factory=class_row(Hole)) as cursor:
            return cursor.execute(statements.HOLES, (stream, most)).fetchall()

    def holey_pages(self, stream: str) -> int:
        """Return how many pages of a stream have missing rows."""
        row = self.connection.execute(statements.HOLEY_PAGES, (stream,)).fetchone()
        return int(row[0]) if row else 0


EXTRA_IDS = 1000
"""So many ids of extra rows are named."""


@dataclass(frozen=True)
class WalkedPage:
    """One page of a walk; the attributes of the tables of the same names."""

    stream: str
    query: int
    run_id: str
    asked_size: int
    page_size: int
    base: int | None
    count: int | None
    index: int
    page: int
    pass_number: int
    ids: list[int]
    unwanted: list[int]
