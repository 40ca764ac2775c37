"""What there is after a round, read once: the store, the staging tables, the ledger, the shop, the bookmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.chaos.project import Project
from tests.chaos.servers import Cratejoy, Server
from tests.pipeline import STREAMS

OWNED_STREAMS = ("subscriptions", "orders")
_OWNED = """
select t.id, coalesce(t.customer_id, (to_jsonb(t)->'customer'->>'id')::bigint) from cratejoy.{stream} t
"""
_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema')
"""
_LEDGER = "select to_jsonb(l) from migration.ledger l"


@dataclass
class Snapshot:
    """Both ends and what lies between.

    Attributes:
        store: Ids of each stream at Cratejoy.
        staged: Ids of each stream in the staging database.
        owners: For subscriptions and orders, the customer of each staged id.
        ledger: Its rows by document key.
        customers: The shop's customers, as the sandbox dumps them.
        orders: The shop's orders.
        bookmarks: By stream.
        mails: Mails that customers would have got.
    """

    store: dict[str, set[int]]
    staged: dict[str, list[int]]
    owners: dict[str, dict[int, int | None]]
    ledger: dict[str, dict[str, Any]]
    customers: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    bookmarks: dict[str, dict[str, Any]]
    mails: int = 0
    given: dict[int, str | None] = field(default_factory=dict)


def collected(project: Project, cratejoy: Cratejoy) -> Snapshot:
    """Read what phase 1 left."""
    store = {stream: set(cratejoy.ids(stream)) for stream in STREAMS}
    with project.database() as connection:
        staged = {stream: _ids(connection, stream) for stream in STREAMS}
    return Snapshot(store, staged, {}, {}, [], [], project.bookmarks())


def migrated(project: Project, cratejoy: Cratejoy, shop: Server) -> Snapshot:
    """Read what both phases left."""
    found = collected(project, cratejoy)
    shop.settle()
    with project.database() as connection:
        for stream in OWNED_STREAMS:
            found.owners[stream] = dict(connection.execute(_OWNED.format(stream=stream)).fetchall())
        found.given = dict(connection.execute("select id, email from cratejoy.customers").fetchall())
        found.ledger = {row["document_key"]: row for (row,) in connection.execute(_LEDGER)}
    found.customers, found.orders = list(shop.lines("customers")), list(shop.lines("orders"))
    found.mails = shop.mails
    return found


def tables_with_rows(project: Project) -> list[str]:
    """Return the tables of the migration that hold any row."""
    with project.database() as connection:
        names = [name for (name,) in connection.execute(_TABLES)]
        return [name for name in names if connection.execute(f"select exists (select from {name})").fetchone()[0]]


def _ids(connection: Any, stream: str) -> list[int]:
    return [row[0] for row in connection.execute(f"select id from cratejoy.{stream}")]
