"""What the page "Audit" shows: a line a stream, the pages as cells of a map, missing ids as ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from cratejoy_migration.audit.lines import Line, beyond
from cratejoy_migration.audit.store import AuditStore, Hole
from cratejoy_migration.audit.verdict import amounts, next_step

Connection = psycopg.Connection[tuple[Any, ...]]

MOST_CELLS = 400
"""So many cells has a map at most; of a longer stream a cell stands for several pages."""
MOST_HOLES = 2_000
"""So many pages with holes are read for the list of missing ids."""
COMPLETE, ACCEPTED, MISSING, UNKNOWN = "complete", "missing, as accepted", "missing", "not known"
_CELLS = """
with placed as (
    select row_number() over (order by query, page) - 1 as place, count(*) over () as pages,
        query, page, rows, first_id, last_id, cardinality(missing) as missing, checked_at
    from migration.audit_pages where stream = %(stream)s
), sized as (
    select *, greatest(1, ceil(pages::numeric / %(most)s))::bigint as size from placed
)
select place / size, min(page), max(page), count(*), sum(rows), sum(missing), count(*) filter (where missing > 0),
    min(first_id), max(last_id), max(checked_at)
from sized group by 1 order by 1
"""
_MAPPED = "select distinct stream from migration.audit_pages"


@dataclass(frozen=True)
class Audited:
    """The last audit.

    Attributes:
        lines: A line a stream, in the order in which streams are read.
        accepted: Missing rows that a person lets through, by stream or `all`.
        beyond: Missing rows beyond that, by stream.
        mapped: Streams whose pages were read.
        sentence: What to do next, as the command says it.
    """

    lines: tuple[Line, ...]
    accepted: Mapping[str, int]
    beyond: Mapping[str, int]
    mapped: tuple[str, ...]
    sentence: str

    @property
    def missing(self) -> int:
        """Rows missing in all, as far as is known."""
        return sum(line.missing or 0 for line in self.lines)

    @property
    def collected(self) -> bool:
        """Whether anything was staged when it was audited."""
        return any(line.rows for line in self.lines)

    @property
    def checked_at(self) -> datetime | None:
        """When the first of the streams was looked at."""
        return min((line.checked_at for line in self.lines), default=None)

    def state(self, line: Line) -> str:
        """Return how a stream stands, in words."""
        if line.missing is None:
            return UNKNOWN
        if not line.missing:
            return COMPLETE
        return MISSING if line.stream in self.beyond else ACCEPTED


@dataclass(frozen=True)
class Cell:
    """One page of a stream, or several that follow each other, in the server's own numbering."""

    place: int
    first_page: int
    last_page: int
    pages: int
    rows: int
    missing: int
    holey: int
    first_id: int | None
    last_id: int | None
    checked_at: datetime

    @property
    def named(self) -> str:
        """Return `page 7` or `pages 7 to 12`."""
        return f"page {self.first_page:,}" if self.pages == 1 else f"pages {self.first_page:,} to {self.last_page:,}"


@dataclass(frozen=True)
class Range:
    """Missing ids next to each other: of one page, or of pages that are missing as a whole."""

    first_page: int
    last_page: int
    first_id: int
    last_id: int
    count: int

    @property
    def ids(self) -> str:
        """Return one id, or the first and the last."""
        return str(self.first_id) if self.count == 1 else f"{self.first_id} to {self.last_id}"

    @property
    def pages(self) -> str:
        """Return the page, or the first and the last."""
        one = self.first_page == self.last_page
        return f"{self.first_page:,}" if one else f"{self.first_page:,} to {self.last_page:,}"


def read(connection: Connection) -> Audited | None:
    """Return the last audit; None when there was none."""
    if not _there(connection, "audit"):
        return None
    lines = AuditStore(connection).lines()
    if not lines:
        return None
    accepted = amounts(connection)
    mapped = {stream for (stream,) in connection.execute(_MAPPED)}
    deep = all(line.pages for line in lines)
    return Audited(
        tuple(lines),
        accepted,
        beyond(lines, accepted),
        tuple(line.stream for line in lines if line.stream in mapped),
        next_step(lines, accepted, deep=deep),
    )


def cells(connection: Connection, stream: str, most: int = MOST_CELLS) -> list[Cell]:
    """Return the map of a stream's pages; empty when they were never read."""
    if not _there(connection, "audit_pages"):
        return []
    return [Cell(*row) for row in connection.execute(_CELLS, {"stream": stream, "most": most})]


def missing_ids(connection: Connection, stream: str) -> list[Range]:
    """Return the missing ids of a stream that its pages named, as ranges in the order of the pages."""
    if not _there(connection, "audit_pages"):
        return []
    return ranges(AuditStore(connection).holes(stream, MOST_HOLES))


def ranges(holes: Sequence[Hole]) -> list[Range]:
    """Return the missing ids of pages as ranges; pages that follow each other and are missing whole are one range."""
    found: list[Range] = []
    before: Hole | None = None
    for hole in (hole for hole in holes if hole.missing):
        joins = before is not None and _whole(before) and _whole(hole)
        if joins and before is not None and (hole.query, hole.page) == (before.query, before.page + 1):
            last = found.pop()
            ends = (min(last.first_id, hole.missing[0]), max(last.last_id, hole.missing[-1]))
            found.append(Range(last.first_page, hole.page, *ends, last.count + len(hole.missing)))
        else:
            found.append(Range(hole.page, hole.page, hole.missing[0], hole.missing[-1], len(hole.missing)))
        before = hole
    return found


def _whole(hole: Hole) -> bool:
    return len(hole.missing) >= hole.rows


def _there(connection: Connection, name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (f"migration.{name}",)).fetchone()
    return bool(row and row[0])
