"""The staging tables on one screen: rows, sizes, bookmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLES = """
select n.nspname, c.relname, pg_total_relation_size(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('cratejoy', 'migration') and c.relkind = 'r'
order by 1, 2
"""
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class StagedTable:
    """One table of the staging database; size in bytes with its indexes."""

    schema: str
    name: str
    rows: int
    size: int


def staged_tables(url: str) -> list[StagedTable]:
    """Return what the schemas cratejoy and migration hold, rows counted exactly.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        found = connection.execute(_TABLES).fetchall()
        return [StagedTable(schema, name, _count(connection, schema, name), size) for schema, name, size in found]


def place(url: str) -> str:
    """Return which database a URL names, without user and password."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return f"{parts.get('dbname', '')} on {parts.get('host', 'localhost')}:{parts.get('port', 5432)}"


def table(staged: list[StagedTable], marks: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the screen's table: one line a staged table."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in (("table", "left"), ("rows", "right"), ("size", "right"), ("last state", "left")):
        screen.add_column(heading, justify=side, no_wrap=heading != "last state")  # type: ignore[arg-type]
    for one in staged:
        mark = marks.get(one.name) if one.schema == "cratejoy" else None
        screen.add_row(f"{one.schema}.{one.name}", f"{one.rows:,}", readable_size(one.size), readable_mark(mark))
    return screen


def readable_size(size: float) -> str:
    """Return a number of bytes as people read it."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}"


def readable_mark(mark: Mapping[str, Any] | None) -> str:
    """Return a stream's bookmark in a few words."""
    if not mark:
        return ""
    counted = ""
    if mark.get("complete"):
        progress = "complete, proven" if mark.get("proven") else "complete"
    else:
        progress = f"at page {mark.get('page', '?')}"
        counted = f", {mark['records']:,} of {mark['count']:,} read" if _counts(mark) else ""
    upto = f", up to {mark['replication_key_value']}" if mark.get("replication_key_value") else ""
    return progress + counted + upto


def _counts(mark: Mapping[str, Any]) -> bool:
    return isinstance(mark.get("records"), int) and isinstance(mark.get("count"), int)


def _count(connection: psycopg.Connection[Any], schema: str, name: str) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
