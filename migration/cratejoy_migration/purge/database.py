"""Our part of a staging database: what it holds, and its removal in one transaction that spares everything else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]
SCHEMAS = ["cratejoy", "migration"]
"""Everything in them is ours; nothing outside is."""
_NAMED = 5
_LOCK_PATIENCE = "15s"
_TABLES = """
select n.nspname, c.relname, pg_total_relation_size(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind in ('r', 'm') order by 1, 2
"""
_LEFT = """
select count(*) from pg_namespace n left join pg_depend d
    on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid and d.deptype = 'n'
where n.nspname = any(%s)
"""
_FOREIGN = """
select count(*) from pg_depend d join pg_namespace n on n.oid = d.refobjid
where d.refclassid = 'pg_namespace'::regclass and d.deptype = 'n'
    and n.nspname <> all(%s) and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
"""
_OUTSIDE = """
with outside as (
    select oid from pg_namespace
    where nspname <> all(%s) and nspname <> 'information_schema' and nspname !~ '^pg_'
), relations as (select oid from pg_class where relnamespace in (select oid from outside))
select 'pg_class'::regclass::oid, oid, 0 from relations
union all select 'pg_proc'::regclass, oid, 0 from pg_proc where pronamespace in (select oid from outside)
union all select 'pg_type'::regclass, oid, 0 from pg_type where typnamespace in (select oid from outside)
union all select 'pg_constraint'::regclass, oid, 0 from pg_constraint where connamespace in (select oid from outside)
union all select 'pg_attrdef'::regclass, oid, 0 from pg_attrdef where adrelid in (select oid from relations)
union all select 'pg_policy'::regclass, oid, 0 from pg_policy where polrelid in (select oid from relations)
union all select 'pg_trigger'::regclass, oid, 0 from pg_trigger
    where not tgisinternal and tgrelid in (select oid from relations)
union all select 'pg_class'::regclass, attrelid, attnum from pg_attribute
    where attnum > 0 and not attisdropped and attrelid in (select oid from relations)
"""
"""Everything outside our schemas that could go with them: class, object, column."""
_DROP = "drop schema if exists cratejoy, migration cascade"

Object = tuple[int, int, int]


@dataclass(frozen=True)
class Content:
    """A table of ours; bytes with its indexes."""

    name: str
    rows: int
    size: int


def content(connection: Connection) -> list[Content]:
    """Return what our schemas hold, rows counted exactly."""
    found = connection.execute(_TABLES, (SCHEMAS,)).fetchall()
    return [Content(f"{schema}.{name}", _count(connection, schema, name), size) for schema, name, size in found]


def left(connection: Connection) -> int:
    """Return how many objects our schemas still hold, the schemas themselves among them."""
    return _number(connection, _LEFT, (SCHEMAS,))


def foreign(connection: Connection) -> int:
    """Return how many objects of others this database holds."""
    return _number(connection, _FOREIGN, (SCHEMAS,))


def shop(connection: Connection) -> str | None:
    """Return the name of the shop that the ledger belongs to, None when no ledger knows one."""
    if not _has(connection, "ledger", "shop"):
        return None
    row = connection.execute("select min(shop) from migration.ledger where shop is not null").fetchone()
    return row[0].removesuffix(".myshopify.com") if row and row[0] else None


def rollback_under_way(connection: Connection) -> bool:
    """Return whether a rollback has begun and is not finished."""
    if not _has(connection, "rollbacks", "began_at"):
        return False
    query = "select count(*) from migration.rollbacks where began_at is not null and ended_at is null"
    return _number(connection, query, ()) > 0


def drop(connection: Connection) -> None:
    """Remove our schemas with all they hold: wholly or, when anything of others would go along, not at all.

    Raises:
        OperatorError: something of others hangs on ours, a table is in use, or the user may not remove it.
    """
    lost: set[Object] = set()
    try:
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', %s, true)", (_LOCK_PATIENCE,))
            connection.execute("select set_config('client_min_messages', 'warning', true)")
            before = _outside(connection)
            connection.execute(_DROP)
            lost = before - _outside(connection)
            if lost:
                raise psycopg.Rollback
    except psycopg.errors.LockNotAvailable:
        raise OperatorError(
            "A program or a psql session holds a table that is to be purged: end it. Nothing was removed."
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise OperatorError(
            "The user of STAGING_DATABASE_URL does not own all that is in the schemas cratejoy and migration: let "
            "their owner run the purge. Nothing was removed."
        ) from None
    if lost:
        raise OperatorError(
            f"What others made hangs on what is to be purged: {_described(connection, lost)}. Drop or change it first. "
            "Nothing was removed."
        )


def forget_statistics(connection: Connection) -> None:
    """Rewrite the server's statistics, which hold frequent values of dropped tables; where we may."""
    with suppress(psycopg.Error):
        connection.execute("select set_config('client_min_messages', 'error', false)")
        connection.execute("select set_config('lock_timeout', '5s', false)")
        connection.execute("vacuum (full) pg_catalog.pg_statistic")
        connection.execute("checkpoint")


def _outside(connection: Connection) -> set[Object]:
    return {(row[0], row[1], row[2]) for row in connection.execute(_OUTSIDE, (SCHEMAS,))}


def _described(connection: Connection, lost: set[Object]) -> str:
    """Return the names of what would go, tables and views before their columns."""
    whole = {one for one in lost if one[2] == 0}
    relations = {one[1] for one in whole}
    chosen = sorted(whole | {one for one in lost if one[1] not in relations})
    query = "select distinct pg_describe_object(c, o, s) from unnest(%s::oid[], %s::oid[], %s::int[]) x (c, o, s)"
    columns = [[one[place] for one in chosen] for place in range(3)]
    names = [row[0] for row in connection.execute(query, columns)]
    told = sorted(name for name in names if not name.startswith("type ")) or sorted(names)
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ", ".join(told[:_NAMED]) + more


def _has(connection: Connection, table: str, column: str) -> bool:
    query = (
        "select count(*) from information_schema.columns"
        " where table_schema = 'migration' and table_name = %s and column_name = %s"
    )
    return _number(connection, query, (table, column)) > 0


def _count(connection: Connection, schema: str, name: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))).fetchone()
    return int(row[0]) if row else 0


def _number(connection: Connection, query: Any, values: tuple[Any, ...]) -> int:
    row = connection.execute(query, values).fetchone()
    return int(row[0]) if row else 0
