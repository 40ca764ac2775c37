"""The pilot's own line in the staging database: what a pilot that was killed has done already."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]
_LOCK = zlib.crc32(b"migration pilot")
_TABLE = """
create schema if not exists migration;
create table if not exists migration.pilots (
    id bigint generated always as identity primary key,
    shop text not null,
    count_before bigint not null,
    began_at timestamptz not null default now(),
    ended_at timestamptz,
    figures jsonb not null default '{}'
);
"""
_OPEN = "select id, count_before, began_at, figures from migration.pilots where shop = %s and ended_at is null"


@dataclass
class Pilot:
    """A pilot under way.

    Attributes:
        number: Its line.
        count_before: Customers of the shop before it began.
        began_at: By the database's clock: what is newer in the ledger is the pilot's.
        figures: Measured so far, by lane.
    """

    number: int
    count_before: int
    began_at: datetime
    figures: dict[str, Any] = field(default_factory=dict)


def lock(connection: Connection) -> None:
    """Let no other pilot work with this database as long as the connection lives.

    Raises:
        OperatorError: One does.
    """
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not (row and row[0]):
        raise OperatorError("Another pilot is running: wait for its end.")


def find(connection: Connection, shop: str) -> Pilot | None:
    """Return the pilot that was begun in this shop and not ended."""
    connection.execute(_TABLE)
    row = connection.execute(_OPEN, (shop,)).fetchone()
    return Pilot(*row) if row else None


def begin(connection: Connection, shop: str, count: int) -> Pilot:
    """Write that a pilot begins, with the shop's customers before it."""
    connection.execute("insert into migration.pilots (shop, count_before) values (%s, %s)", (shop, count))
    begun = find(connection, shop)
    assert begun is not None  # noqa: S101  # written the line before
    return begun


def keep(connection: Connection, pilot: Pilot) -> None:
    """Write what was measured so far."""
    connection.execute("update migration.pilots set figures = %s where id = %s", (Jsonb(pilot.figures), pilot.number))


def end(connection: Connection, pilot: Pilot) -> None:
    """Write that the pilot has done all it was asked."""
    connection.execute("update migration.pilots set ended_at = now() where id = %s", (pilot.number,))


def others(connection: Connection, pilot: Pilot | None) -> int:
    """Return how many customers the ledger holds that no pilot under way loaded."""
    return _ledger(connection, "created_at < %s", pilot.began_at) if pilot else _ledger(connection, "true")


def loaded(connection: Connection, pilot: Pilot) -> int:
    """Return how many customers this pilot has carried already."""
    return _ledger(connection, "created_at >= %s and status <> 'unknown'", pilot.began_at)


def span(connection: Connection, run_id: str) -> tuple[int, float] | None:
    """Return the customers of a run, and the seconds from its first intent to its last outcome."""
    query = (
        "select count(*), extract(epoch from max(updated_at) - min(created_at)) from migration.ledger"
        " where run_id = %s and status <> 'refused'"
    )
    row = connection.execute(query, (run_id,)).fetchone()
    return (int(row[0]), float(row[1])) if row and row[0] else None


def _ledger(connection: Connection, condition: str, *values: Any) -> int:
    there = connection.execute("select to_regclass('migration.ledger') is not null").fetchone()
    if not (there and there[0]):
        return 0
    query = f"select count(*) from migration.ledger where {condition}"  # noqa: S608  # ours
    row = connection.execute(query, values).fetchone()
    return int(row[0]) if row else 0
