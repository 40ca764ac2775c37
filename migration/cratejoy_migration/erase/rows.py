"""A person's rows in the staging database: deleted where they are the person's own, redacted where they are others'."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cratejoy_migration.erase import mentions, rules
from cratejoy_migration.erase.person import Person, add_related

Connection = psycopg.Connection[tuple[Any, ...]]
_TABLES = """
select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum), array_agg(format_type(a.atttypid, null))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = any(%s) and c.relkind = 'r'
group by 1, 2 order by 1, 2
"""
_SUPPRESS = """
create schema if not exists migration;
create table if not exists migration.erased (
    cratejoy_id bigint primary key, erased_at timestamptz not null default now()
)
"""
_LEAVE_OUT = (
    "insert into migration.erased (cratejoy_id) select unnest(%s::bigint[]) on conflict (cratejoy_id) do nothing"
)


@dataclass(frozen=True)
class Found:
    """What a table held of a person."""

    table: str
    deleted: int
    redacted: int


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    columns: dict[str, str]

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def erase(connection: Connection, person: Person, tell: Callable[[str], None]) -> list[Found]:
    """Remove a person from all tables; the caller's transaction commits it or not.

    Args:
        connection: With an open transaction.
        person: Who.
        tell: Takes the name of the table that is looked through.
    """
    found = []
    pattern = mentions.address(person.emails)
    for table in _tables(connection, ["cratejoy", "migration"]):
        tell(f"{table.schema}.{table.name}")
        deleted = _delete(connection, table, person)
        changed = _redact(connection, table, person, pattern) if pattern else 0
        if deleted or changed:
            found.append(Found(f"{table.schema}.{table.name}", deleted, changed))
    return found


def keep_out(connection: Connection, person: Person) -> None:
    """Write down that these Cratejoy ids must not come back; nothing else of them."""
    if person.ids:
        connection.execute(_SUPPRESS)
        connection.execute(_LEAVE_OUT, (sorted(person.ids),))


def remove_returned(connection: Connection) -> int:
    """Delete what was collected again of erased people; return how many rows."""
    if connection.execute("select to_regclass('migration.erased')").fetchone() == (None,):
        return 0
    ids = {row[0] for row in connection.execute("select cratejoy_id from migration.erased")}
    if not ids:
        return 0
    person = Person(ids=ids)
    add_related(connection, person)
    return sum(_delete(connection, table, person) for table in _tables(connection, ["cratejoy"]))


def _tables(connection: Connection, schemas: list[str]) -> list[_Table]:
    rows = connection.execute(_TABLES, (schemas,)).fetchall()
    return [_Table(schema, name, dict(zip(names, kinds, strict=True))) for schema, name, names, kinds in rows]


def _delete(connection: Connection, table: _Table, person: Person) -> int:
    rule = rules.own_rows(table.schema, table.name, table.columns.keys())
    if rule is None:
        return 0
    query = sql.SQL("delete from {} where {}").format(table.sql, sql.SQL(rule))
    return connection.execute(query, person.values).rowcount


def _redact(connection: Connection, table: _Table, person: Person, pattern: Any) -> int:
    changed = 0
    for place, row in _mentioning(connection, table, person):
        new = {
            name: mentions.redacted(value, pattern)
            for name, value in row.items()
            if table.columns[name] in ("text", "jsonb", "json", "character varying")
        }
        different = {name: value for name, value in new.items() if value != row[name]}
        if different:
            connection.execute(_update(table, list(different)), [*_adapted(table, different), place])
            changed += 1
    return changed


def _mentioning(connection: Connection, table: _Table, person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and content of rows with an address in them, or something like it."""
    query = sql.SQL(
        "select whole_.ctid::text, to_jsonb(whole_) from {} whole_,"
        " lateral (select lower(whole_::text) as text offset 0) said_"
        " where exists (select from unnest(%s::text[]) one_ where strpos(said_.text, one_) > 0)"
    ).format(table.sql)
    with connection.cursor(name="mentions") as cursor:
        cursor.execute(query, (sorted(person.emails),))
        yield from cursor


def _update(table: _Table, names: list[str]) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names)
    return sql.SQL("update {} set {} where ctid = %s::tid").format(table.sql, columns)


def _adapted(table: _Table, values: dict[str, Any]) -> list[Any]:
    return [
        Jsonb(value) if table.columns[name].startswith("json") and value is not None else value
        for name, value in values.items()
    ]
