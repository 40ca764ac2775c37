"""One customer: what is staged of it and of those who share its e-mail, what ledger and verification say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from target_shopify.rules import CHECKS, MET, REFUSALS

from cratejoy_migration.documents import few
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.staged import Connection, Staged
from cratejoy_migration.staging import StagingError

MOST_TOGETHER = 100
"""So many customers of one e-mail are shown as the one that they become."""
_PATIENCE = "10s"
_LEDGER = "select to_jsonb(l) from migration.ledger l where document_key = any(%s)"
_VERDICT = """
select verdict, reason, differences, explained, checked_at from migration.verdicts where document_key = %s
"""
_ROLLED_BACK = "select max(began_at) from migration.rollbacks"
_MEANINGS = CHECKS | MET | REFUSALS


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
        verdict: Of the last verification; None when a rollback came after it.
        crowd: So many share its e-mail that the documents are its own alone; else 0.
    """

    id: int
    documents: Sequence[Mapping[str, Any]]
    left_out: Sequence[str]
    ledger: Mapping[int, Mapping[str, Any]]
    verdict: Verdict | None
    crowd: int = 0

    @property
    def whole(self) -> bool:
        """Whether all is there that its Shopify customer is made of."""
        return not self.left_out and not self.crowd

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


def look(connection: Connection, there: Staged, number: int, slow: frozenset[str] = frozenset()) -> Customer | None:
    """Return a customer; None when it is not staged.

    Args:
        connection: In autocommit.
        there: What is staged.
        number: Its Cratejoy id.
        slow: Streams that are left out.
    """
    columns = {stream: found for stream, found in there.columns.items() if stream == "customers" or stream not in slow}
    with patient(connection):
        ids = few.mates(connection, there, [number])
        crowd = len(ids) if len(ids) > MOST_TOGETHER else 0
        documents = few.documents(connection, replace(there, columns=columns), [number] if crowd else ids)
    if number not in ids:
        return None
    left_out = tuple(stream for stream in there.columns if stream not in columns)
    lines = ledger_lines(connection, [number] if crowd else ids)
    return Customer(number, documents, left_out, lines, _verdict(connection, number), crowd)


def reasons(text: str | None) -> list[str]:
    """Return what the ledger's reason means, a sentence each."""
    codes = [code.strip() for code in (text or "").split(",") if code.strip()]
    if codes and all(code in _MEANINGS for code in codes):
        return [_MEANINGS[code] for code in codes]
    return [text] if text else []


def ledger_lines(connection: Connection, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the ledger's lines of these customers, by Cratejoy id."""
    if not exists(connection, "ledger"):
        return {}
    rows = connection.execute(_LEDGER, ([str(number) for number in ids],))
    return {int(row[0]["document_key"]): row[0] for row in rows}


def _verdict(connection: Connection, number: int) -> Verdict | None:
    if not exists(connection, "verdicts"):
        return None
    row = connection.execute(_VERDICT, (str(number),)).fetchone()
    verdict = Verdict(*row) if row else None
    return None if verdict and _rolled_back_since(connection, verdict.checked_at) else verdict


def _rolled_back_since(connection: Connection, moment: datetime) -> bool:
    """Whether the shop was brought back to what it was: what was found there before does not hold any more."""
    if not exists(connection, "rollbacks"):
        return False
    row = connection.execute(_ROLLED_BACK).fetchone()
    return bool(row and row[0] and row[0] > moment)


@contextmanager
def patient(connection: Connection) -> Iterator[None]:
    """Let no query take longer than a person waits."""
    connection.execute("select set_config('statement_timeout', %s, false)", (_PATIENCE,))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select set_config('statement_timeout', '0', false)")


def exists(connection: Connection, name: str) -> bool:
    """Whether a table of the schema migration is there."""
    row = connection.execute("select to_regclass(%s) is not null", (f"migration.{name}",)).fetchone()
    return bool(row and row[0])
