"""One customer: found by id, e-mail or name; what is staged of it, what the ledger and the verification say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from target_shopify.rules import CHECKS, MET, REFUSALS

from cratejoy_migration.documents import few
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.staged import Connection, Staged
from cratejoy_migration.documents.statements import WHITE_SPACE, email_key
from cratejoy_migration.staging import StagingError

MOST = 50
"""So many customers are found at most."""
_PATIENCE = "10s"
_COLUMNS = ("name", "first_name", "last_name", "email", "num_orders", "num_subscriptions")
_LEDGER = "select to_jsonb(l) from migration.ledger l where document_key = any(%s)"
_VERDICT = """
select verdict, reason, differences, explained, checked_at from migration.verdicts where document_key = %s
"""
_MEANINGS = CHECKS | MET | REFUSALS


@dataclass(frozen=True)
class Match:
    """A customer that a search found."""

    id: int
    name: str
    email: str
    orders: int | None
    subscriptions: int | None
    status: str | None


@dataclass(frozen=True)
class Verdict:
    """What the last verification found of a customer."""

    verdict: str
    reason: str | None
    differences: Sequence[Mapping[str, str]]
    explained: Sequence[str]
    checked_at: datetime


@dataclass(frozen=True)
class Customer:
    """One customer.

    Attributes:
        id: Cratejoy id.
        documents: Of it and of all who share its e-mail, lowest id first: together they are one Shopify customer.
        left_out: Streams that cannot be looked up yet.
        ledger: The ledger's lines by Cratejoy id; empty before the migration.
        verdict: Of the last verification.
    """

    id: int
    documents: Sequence[Mapping[str, Any]]
    left_out: Sequence[str]
    ledger: Mapping[int, Mapping[str, Any]]
    verdict: Verdict | None

    @property
    def document(self) -> Mapping[str, Any]:
        """Its own document."""
        return next(one for one in self.documents if one["id"] == self.id)

    @property
    def line(self) -> Mapping[str, Any]:
        """Its own line of the ledger; empty when it was never sent."""
        return self.ledger.get(self.id, {})

    @property
    def shopify_id(self) -> str | None:
        """GID of its Shopify customer."""
        return self.line.get("shopify_id")

    @property
    def changed(self) -> bool:
        """Whether it has changed at Cratejoy since it was sent."""
        sent = self.line.get("document_hash")
        return bool(sent) and not self.left_out and sent != self.document["document_hash"]


def staged(connection: Connection) -> Staged | None:
    """Return what is staged; None when no customers are."""
    try:
        return staging.read(connection)
    except StagingError:
        return None


def search(connection: Connection, there: Staged, text: str) -> list[Match]:
    """Return the customers whose id, e-mail or name begins as somebody typed it, by id; `MOST` and one more at most.

    A number is the id of a customer, else of an order or a subscription.
    """
    words = text.replace(",", " ").split()
    if not words:
        return []
    with _patient(connection):
        if len(words) == 1 and words[0].isdecimal() and len(words[0]) <= _LONGEST:
            return _matches(connection, there, _by_number(connection, there, int(words[0])))
        if "@" in text:
            return _matches(connection, there, _by_email(connection, there, text))
        return _matches(connection, there, _by_name(connection, there, words))


_LONGEST = 18


def look(connection: Connection, there: Staged, number: int, slow: frozenset[str] = frozenset()) -> Customer | None:
    """Return a customer; None when it is not staged.

    Args:
        connection: In autocommit.
        there: What is staged.
        number: Its Cratejoy id.
        slow: Streams that are left out.
    """
    columns = {stream: found for stream, found in there.columns.items() if stream == "customers" or stream not in slow}
    with _patient(connection):
        ids = few.mates(connection, there, [number])
        documents = few.documents(connection, replace(there, columns=columns), ids)
    if number not in ids:
        return None
    left_out = tuple(stream for stream in there.columns if stream not in columns)
    return Customer(number, documents, left_out, _ledger(connection, ids), _verdict(connection, number))


def reasons(text: str | None) -> list[str]:
    """Return what the ledger's reason means, a sentence each."""
    codes = [code.strip() for code in (text or "").split(",") if code.strip()]
    if codes and all(code in _MEANINGS for code in codes):
        return [_MEANINGS[code] for code in codes]
    return [text] if text else []


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
    lines = _ledger(connection, ids)
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


def _ledger(connection: Connection, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    if not _there(connection, "ledger"):
        return {}
    rows = connection.execute(_LEDGER, ([str(number) for number in ids],))
    return {int(row[0]["document_key"]): row[0] for row in rows}


def _verdict(connection: Connection, number: int) -> Verdict | None:
    if not _there(connection, "verdicts"):
        return None
    row = connection.execute(_VERDICT, (str(number),)).fetchone()
    return Verdict(*row) if row else None


def _begins(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


@contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """Let no query take longer than a person waits."""
    connection.execute("select set_config('statement_timeout', %s, false)", (_PATIENCE,))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select set_config('statement_timeout', '0', false)")


def _there(connection: Connection, name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (f"migration.{name}",)).fetchone()
    return bool(row and row[0])
