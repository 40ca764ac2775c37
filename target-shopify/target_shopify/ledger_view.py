"""What the ledger knows, for a dry run: it is read, and nothing in its database is made, locked or changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg2

from target_shopify.errors import LedgerFailed
from target_shopify.ledger import Known, NoLedger, marks_differ

_FIND = """
select document_key, shopify_id, origin, status,
    case when to_jsonb(l) ->> 'settings' = %s then document_hash end, to_jsonb(l) ->> 'shop',
    case when shopify_id is not null then to_jsonb(l) ->> 'marks' end
from migration.ledger l where document_key = any(%s)
"""
_THERE = "select to_regclass(%s) is not null"
_TOTAL = "select count(*) from migration.customer_documents"


class LedgerView(NoLedger):
    """Reads `migration.ledger`; keeps nothing.

    Args:
        url: Of its database.
        shop: my-shop.myshopify.com.
        settings_mark: Stands for the settings that shape a customer: what was written under others counts as changed.
        marks: `ledger.marks_of` the settings.

    Raises:
        LedgerFailed: The database cannot be read.
    """

    remembers = True

    def __init__(self, url: str, shop: str, settings_mark: str, marks: str = "") -> None:
        self._shop = shop
        self._mark = settings_mark
        self._marks = marks
        try:
            self._connection = psycopg2.connect(url, connect_timeout=10, application_name="target-shopify forecast")
            self._connection.set_session(readonly=True, autocommit=True)
        except psycopg2.Error as error:
            raise LedgerFailed(_told(error)) from None
        self._there = bool(self._all(_THERE, ("migration.ledger",))[0][0])

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of these documents."""
        rows = self._all(_FIND, (self._mark, list(keys))) if self._there else []
        other = next((row[5] for row in rows if row[5] and row[5] != self._shop), None)
        if other:
            raise LedgerFailed(
                f"This ledger belongs to the shop {other}, not to {self._shop}: use another database (ledger_url), or "
                "purge the old migration first."
            )
        bears = next((row[6] for row in rows if row[6] and row[6] != self._marks), None)
        if bears and self._marks:
            raise LedgerFailed(f"{marks_differ(bears, self._marks)} Nothing was written.")
        return {key: Known(*rest) for key, *rest, _, _ in rows}

    def total(self) -> int | None:
        """Return how many documents wait in staging, when this database holds them."""
        if not self._all(_THERE, ("migration.customer_documents",))[0][0]:
            return None
        return int(self._all(_TOTAL)[0][0])

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _all(self, query: str, values: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, values)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        except psycopg2.Error as error:
            raise LedgerFailed(_told(error)) from None


def _told(error: Exception) -> str:
    """Return what is wrong, without the URL."""
    return f"The ledger's database cannot be read ({type(error).__name__}): check ledger_url and the server."
