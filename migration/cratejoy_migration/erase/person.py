"""Who is meant: the Cratejoy ids, addresses and Shopify customers of one person, from an address or an id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from cratejoy_migration.documents.statements import WHITE_SPACE
from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]
_KEY = f"nullif(regexp_replace(lower({{}}), '{WHITE_SPACE}', '', 'g'), '')"
_MATES = "select id, lower(btrim(email)), {key} from cratejoy.customers where {condition}"
_RELATED = "select id from {} where customer_id = any(%(ids)s) order by id"
_LEDGER = """
select cratejoy_id, shopify_id from migration.ledger where document_key = any(%(keys)s)
    or shopify_id in (select shopify_id from migration.ledger where document_key = any(%(keys)s))
"""


@dataclass
class Person:
    """One person on our side.

    Attributes:
        ids: Cratejoy ids: all customers with the same address, as the documents join them.
        emails: Addresses in small letters, as spelt and without white space; for comparing, not for showing.
        gids: Customers in Shopify.
        orders: Ids of staged orders.
        subscriptions: Ids of staged subscriptions.
    """

    ids: set[int] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    gids: set[str] = field(default_factory=set)
    orders: list[int] = field(default_factory=list)
    subscriptions: list[int] = field(default_factory=list)

    @property
    def values(self) -> dict[str, list[Any]]:
        """Return what the rules compare with."""
        ids = sorted(self.ids)
        return {
            "ids": ids,
            "keys": [str(number) for number in ids],
            "gids": sorted(self.gids),
            "orders": self.orders,
            "subscriptions": self.subscriptions,
        }


def find(connection: Connection, given: str) -> Person:
    """Return the person that an address or an id stands for.

    Args:
        connection: To the staging database.
        given: E-mail address or Cratejoy customer id.

    Raises:
        OperatorError: it is neither.
    """
    found, given = Person(), given.strip()
    if given.isascii() and given.isdigit() and len(given) < 19:
        found.ids.add(int(given))
        _add_mates(connection, found, "id = any(%(ids)s)")
    elif "@" in given[1:-1]:
        row = connection.execute(f"select {_KEY.format('%s::text')}", (given,)).fetchone()
        found.emails |= {given.lower(), str(row[0]) if row else given.lower()}
    else:
        raise OperatorError("Name a person by e-mail address or by Cratejoy customer id. Nothing was removed.")
    _add_mates(connection, found, f"{_KEY.format('email')} = any(%(emails)s)")
    _add_ledger(connection, found)
    add_related(connection, found)
    return found


def add_related(connection: Connection, found: Person) -> None:
    """Look up the ids of a person's orders and subscriptions: rows of other streams belong to them."""
    for stream in ("orders", "subscriptions"):
        if _has(connection, f"cratejoy.{stream}", "id", "customer_id"):
            query = sql.SQL(_RELATED).format(sql.Identifier("cratejoy", stream))
            setattr(found, stream, [row[0] for row in connection.execute(query, found.values)])


def _add_mates(connection: Connection, found: Person, condition: str) -> None:
    if not _has(connection, "cratejoy.customers", "id", "email"):
        return
    values = {"ids": sorted(found.ids), "emails": sorted(found.emails)}
    for number, spelt, key in connection.execute(_MATES.format(key=_KEY.format("email"), condition=condition), values):
        found.ids.add(number)
        found.emails |= {one for one in (spelt, key) if one and "@" in one}


def _add_ledger(connection: Connection, found: Person) -> None:
    if not _has(connection, "migration.ledger", "document_key", "cratejoy_id", "shopify_id"):
        return
    for number, gid in connection.execute(_LEDGER, found.values):
        found.ids |= {number} - {None}
        found.gids |= {gid} - {None}


def _has(connection: Connection, table: str, *columns: str) -> bool:
    row = connection.execute(
        "select count(*) from pg_attribute where attrelid = to_regclass(%s) and attname = any(%s) and not attisdropped",
        (table, list(columns)),
    ).fetchone()
    return bool(row and row[0] == len(columns))
