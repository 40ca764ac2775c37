"""Finding customers: by Cratejoy id, e-mail or name, by an order's or a subscription's id, by Shopify's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cratejoy_migration.console.views.customer import exists, ledger_lines, patient
from cratejoy_migration.documents.staged import Connection, Staged
from cratejoy_migration.documents.statements import WHITE_SPACE, email_key

MOST = 50
"""So many customers are found at most."""
_LONGEST = 18
_MOST_LETTERS = 300
_MOST_WORDS = 6
"""A name is looked for by every way to part its words in two, each a query or two: the first ones find it as well."""
_COLUMNS = ("name", "first_name", "last_name", "email", "num_orders", "num_subscriptions")
_BY_GID = "select document_key from migration.ledger where shopify_id = %s limit %s"


@dataclass(frozen=True)
class Match:
    """A customer that a search found."""

    id: int
    name: str
    email: str
    orders: int | None
    subscriptions: int | None
    status: str | None


def search(connection: Connection, there: Staged, text: str) -> list[Match]:
    """Return the customers whose id, e-mail or name begins as somebody typed it, by id; `MOST` and one more at most.

    A number is the id of a customer, else of an order or a subscription, else of a Shopify customer.
    """
    text = text.replace("\0", "").strip()[:_MOST_LETTERS]  # a NUL is what PostgreSQL knows in no text
    words = text.replace(",", " ").split()
    if not words:
        return []
    with patient(connection):
        if len(words) == 1 and words[0].isdecimal() and len(words[0]) <= _LONGEST:
            return _matches(connection, there, _by_number(connection, there, int(words[0])))
        if "@" in text:
            return _matches(connection, there, _by_email(connection, there, text))
        return _matches(connection, there, _by_name(connection, there, words[:_MOST_WORDS]))


def _by_number(connection: Connection, there: Staged, number: int) -> list[int]:
    found = connection.execute("select id from cratejoy.customers where id = %s", (number,)).fetchone()
    if found:
        return [number]
    for stream in ("orders", "subscriptions"):
        if there.has(stream):
            owner = there.owner(stream, "t")
            query = f"select {owner} from cratejoy.{stream} t where t.id = %s"  # noqa: S608  # our own names
            row = connection.execute(query.encode(), (number,)).fetchone()
            if row and row[0] is not None:
                return [row[0]]
    if exists(connection, "ledger"):
        gid = f"gid://shopify/Customer/{number}"
        return [int(row[0]) for row in connection.execute(_BY_GID, (gid, MOST + 1)) if str(row[0]).isdecimal()]
    return []


def _by_email(connection: Connection, there: Staged, text: str) -> list[int]:
    if not there.has("customers", "email"):
        return []
    key = re.sub(WHITE_SPACE, "", text.lower())
    query = f"select id from cratejoy.customers where {email_key(there)} like %s limit {MOST + 1}"  # noqa: S608
    return [number for (number,) in connection.execute(query.encode(), (_begins(key),))]


def _by_name(connection: Connection, there: Staged, words: Sequence[str]) -> list[int]:
    """Find by first and last name in either order, by either when it is one word, and by the whole name."""
    lowered = [word.lower() for word in words]
    whole = _begins(" ".join(lowered))
    both = there.has("customers", "first_name", "last_name")
    names = [name for name in ("last_name", "first_name", "name") if there.has("customers", name)]
    parts = [(f"lower({name}) like %s", [whole]) for name in names]
    if both and len(lowered) > 1:
        condition = "lower(first_name) like %s and lower(last_name) like %s"
        for place in range(1, len(lowered)):
            one, other = _begins(" ".join(lowered[:place])), _begins(" ".join(lowered[place:]))
            parts += [(condition, [one, other]), (condition, [other, one])]
    found: dict[int, None] = {}
    for condition, values in parts:
        query = f"select id from cratejoy.customers where {condition} limit {MOST + 1}"  # noqa: S608
        found |= dict.fromkeys(number for (number,) in connection.execute(query.encode(), values))
        if len(found) > MOST:
            break
    return list(found)[: MOST + 1]


def _matches(connection: Connection, there: Staged, ids: Sequence[int]) -> list[Match]:
    columns = [f"to_jsonb(c) -> '{name}'" if there.has("customers", name) else "null" for name in _COLUMNS]
    query = f"select id, {', '.join(columns)} from cratejoy.customers c where id = any(%s) order by id"  # noqa: S608
    rows = connection.execute(query.encode(), (list(ids),)).fetchall()
    lines = ledger_lines(connection, ids)
    return [
        Match(
            number,
            str(name or " ".join(filter(None, (first, last)))),
            str(email or ""),
            orders,
            subscriptions,
            lines.get(number, {}).get("status"),
        )
        for number, name, first, last, email, orders, subscriptions in rows
    ]


def _begins(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"
