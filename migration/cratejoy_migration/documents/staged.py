"""What is staged of the streams that documents are made of; only the customers have to be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from cratejoy_migration.documents.kept import nested
from cratejoy_migration.staging import StagingError

Connection = psycopg.Connection[tuple[Any, ...]]

_COLUMNS = """
select c.relname::text, a.attname::text, format_type(a.atttypid, null)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = 'cratejoy' and c.relkind in ('r', 'p', 'v', 'm') and c.relname = any(%s)
order by c.relname, a.attnum
"""
_STREAMS = ["customers", "customer_addresses", "subscriptions", "orders"]


@dataclass(frozen=True)
class Staged:
    """Columns of each staged stream, in their order and with their types; and whether a ledger is there."""

    columns: dict[str, dict[str, str]]
    ledger: bool

    def has(self, stream: str, *columns: str) -> bool:
        """Return whether the stream's table is there, with these columns."""
        return stream in self.columns and set(columns) <= self.columns[stream].keys()

    def owner(self, stream: str, alias: str) -> str:
        """Return the SQL of the id of the customer to whom a row belongs: customer_id, else the embedded customer's."""
        ways = [f"{alias}.customer_id"] if self.has(stream, "customer_id") else []
        if self.has(stream, "customer"):
            embedded = f"{nested(alias, 'customer', self.columns[stream])} ->> 'id'"
            ways.append(f"case when {embedded} ~ '^[0-9]{{1,18}}$' then ({embedded})::bigint end")
        return f"coalesce({', '.join(ways)})" if ways else "null::bigint"


def read(connection: Connection) -> Staged:
    """Look at the staging database.

    Raises:
        StagingError: no customers are staged.
    """
    columns: dict[str, dict[str, str]] = {}
    for stream, column, kind in connection.execute(_COLUMNS, (_STREAMS,)):
        columns.setdefault(stream, {})[column] = kind
    if "id" not in columns.get("customers", ()):
        raise StagingError("no customers are staged yet; run first: meltano run collect")
    row = connection.execute("select to_regclass('migration.ledger') is not null").fetchone()
    return Staged({name: found for name, found in columns.items() if "id" in found}, bool(row and row[0]))
