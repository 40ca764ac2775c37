"""What is staged of a stream: rows, distinct ids, rows without their owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cratejoy_migration.audit.scope import CHILDREN, COUNTABLE, Scope
from cratejoy_migration.documents.staged import Staged

Connection = psycopg.Connection[tuple[Any, ...]]

_COLUMNS = """
select c.relname::text, a.attname::text, format_type(a.atttypid, null)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = 'cratejoy' and c.relkind in ('r', 'p', 'v', 'm') and c.relname = any(%s)
order by 1, a.attnum
"""
_DISTINCT = "select count(*) from (select t.id from cratejoy.{stream} t where {condition} group by t.id) found"
_DISTINCT_BY_KEY = "select count(*) from cratejoy.{stream} t where {condition}"
_ROWS = "select count(*), count(*) - count(distinct id) from cratejoy.{stream}"
_ROWS_BY_KEY = "select count(*), 0 from cratejoy.{stream}"
_FOREIGN = """
select count(*) from (select {owner} as owner from cratejoy.{stream} t offset 0) t
left join cratejoy.{of} o on o.id = t.owner
where o.id is null
"""
_KEYED = """
select exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = to_regclass(%s) and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
        and a.attname = 'id')
"""


@dataclass(frozen=True)
class StagedStream:
    """The figures of one staging table; see `Line`."""

    distinct: int
    rows: int
    duplicates: int
    foreign: int


def tables(connection: Connection) -> dict[str, frozenset[str]]:
    """Return the columns of the staging table of each stream that has one."""
    names = [*COUNTABLE, *CHILDREN]
    return {name: frozenset(found) for name, found in _columns(connection, names).items() if "id" in found}


def look(connection: Connection, scope: Scope) -> StagedStream | None:
    """Return what is staged of a countable stream; None when it has no table."""
    columns = _columns(connection, [scope.stream, "customers", "orders"])
    if "id" not in columns.get(scope.stream, {}):
        return None
    condition, values = scope.condition(frozenset(columns[scope.stream]))
    distinct_ids, every_row = (
        (_DISTINCT_BY_KEY, _ROWS_BY_KEY) if _keyed(connection, scope.stream) else (_DISTINCT, _ROWS)
    )
    distinct = _query(connection, distinct_ids.format(stream=scope.stream, condition=condition), values)[0]
    rows, duplicates = _query(connection, every_row.format(stream=scope.stream))
    return StagedStream(distinct, rows, duplicates, _foreign(connection, scope.stream, columns))


def row_counts(connection: Connection) -> dict[str, int]:
    """Return the rows of each staging table of a countable stream."""
    found = [stream for stream in tables(connection) if stream in COUNTABLE]
    return {stream: _query(connection, f"select count(*) from cratejoy.{stream}")[0] for stream in found}  # noqa: S608  # from the table of streams


def _foreign(connection: Connection, stream: str, columns: dict[str, dict[str, str]]) -> int:
    """Count the rows whose customer is not staged; of transactions, which name none, those whose order is not."""
    staged = Staged(columns, ledger=False)
    if "customer_id" in columns[stream] or "customer" in columns[stream]:
        of, owner = "customers", staged.owner(stream, "t")
    elif "order_id" in columns[stream]:
        of, owner = "orders", "t.order_id"
    else:
        return 0
    if "id" not in columns.get(of, {}):
        return _query(connection, f"select count(*) from cratejoy.{stream}")[0]  # noqa: S608  # from the table of streams
    return _query(connection, _FOREIGN.format(owner=owner, stream=stream, of=of))[0]


def _keyed(connection: Connection, stream: str) -> bool:
    """Whether the table itself sees to it that no id comes twice."""
    row = connection.execute(_KEYED, (f"cratejoy.{stream}",)).fetchone()
    return bool(row and row[0])


def _columns(connection: Connection, names: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(_COLUMNS, (names,)):
        found.setdefault(table, {})[column] = kind
    return found


def _query(connection: Connection, text: str, values: list[Any] | None = None) -> tuple[int, ...]:
    row = connection.execute(sql.SQL(text), values).fetchone()
    return tuple(int(value) for value in row or (0, 0))
