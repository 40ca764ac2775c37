"""Rows that appear and vanish between requests."""

import json
import random
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cratejoy_sandbox.cratejoy.faults.grammar import Hits
from cratejoy_sandbox.cratejoy.sql import quoted, select, statement
from cratejoy_sandbox.cratejoy.store import Store, add_rows, highest_id
from cratejoy_sandbox.cratejoy.tables import columns
from cratejoy_sandbox.draws import draws

NEWBORN = {"num_orders": 0, "num_subscriptions": 0, "subscription_status": "none", "total_revenue": 0}
BORN = ("placed_at", "created_at", "start_date")


def churn(store: Store, table: str, served: Sequence[int], hits: Hits) -> None:
    """Insert and delete rows as the faults that were met say."""
    if "inserted" in hits:
        insert_rows(store, table, hits["inserted"]["rows"], hits["inserted"]["seed"])
    if "deleted" in hits:
        options = hits["deleted"]
        below = max(served, default=0) if options["where"] == "behind" else None
        _delete_some(store, table, options, below)


def insert_rows(store: Store, table: str, number: int, seed: int = 0) -> list[int]:
    """Add rows like ones that are there, born now, with the highest ids; returns the ids."""
    with store.change() as connection:
        first = highest_id(connection) + 1
        chance = draws(f"{seed}-{first}")
        rows = [{**_any_row(connection, table, chance), "id": first + step} for step in range(number)]
        add_rows(connection, table, rows)
        return [row["id"] for row in rows]


def delete_rows(store: Store, table: str, ids: Sequence[int]) -> int:
    """Remove rows by id; returns how many were there."""
    marks = ", ".join("?" * len(ids))
    with store.change() as connection:
        sql = statement("DELETE FROM", table, f'WHERE "id" IN ({marks})')
        return connection.execute(sql, tuple(ids)).rowcount


def update_row(store: Store, table: str, number: int, values: dict[str, Any]) -> int:
    """Change columns of one row; returns 1, or 0 when it is not there."""
    changes = ", ".join(f"{quoted(name)} = ?" for name in values)
    with store.change() as connection:
        sql = statement("UPDATE", table, "SET", changes, 'WHERE "id" = ?')
        return connection.execute(sql, (*map(_stored, values.values()), number)).rowcount


def _stored(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _any_row(connection: sqlite3.Connection, table: str, chance: random.Random) -> dict[str, Any]:
    names = list(columns(table))
    low, high = connection.execute(select('MIN("id"), MAX("id")', table)).fetchone()
    if low is None:
        return {}
    query = select(", ".join(map(quoted, names)), table, 'WHERE "id" >= ? ORDER BY "id" LIMIT 1')
    row = dict(zip(names, connection.execute(query, (chance.randint(low, high),)).fetchone(), strict=True))
    if table == "customers":
        row |= NEWBORN | {"email": f"new.{chance.getrandbits(40):x}@example.com"}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {name: now if name in BORN else value for name, value in row.items()}


def _delete_some(store: Store, table: str, options: dict[str, Any], below: int | None) -> None:
    where, values = ("", ()) if below is None else ('WHERE "id" <= ?', (below,))
    connection = store.connection()
    total = connection.execute(select("COUNT(*)", table, where), values).fetchone()[0]
    chance = draws(f"{options['seed']}-{total}-{below}")
    places = chance.sample(range(total), min(options["rows"], total))
    query = select('"id"', table, where, 'ORDER BY "id" LIMIT 1 OFFSET ?')
    delete_rows(store, table, [connection.execute(query, (*values, place)).fetchone()[0] for place in places])
