"""Who and what in the whole shop bears traces of a migration, by exports: the plan's look at many, and the proof."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_shopify.exports import export, objects

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient
    from target_shopify.settings import Settings

    from cratejoy_migration.rollback.journal import Journal

Row = tuple[str, str, int, str | None, bool]


class Traces:
    """Exports into the journal.

    Args:
        client: Of the shop.
        settings: Namespace and prefix.
        journal: Takes what is seen.
        folder: For working files.
        logger: Takes what a person should know.
    """

    def __init__(
        self, client: ShopifyClient, settings: Settings, journal: Journal, folder: Path, logger: logging.Logger
    ) -> None:
        self._client = client
        self._settings = settings
        self._journal = journal
        self._folder = folder
        self._logger = logger

    def load(self, *, orders: bool) -> None:
        """Bring all customers, and all orders if asked, into the journal."""
        customers = self._export("ExportTraces")
        more = self._export("ExportOrders") if orders else None
        self._journal.load_seen(self._rows(customers, more))
        for path in (customers, more):
            if path:
                path.unlink(missing_ok=True)

    def _export(self, name: str) -> Path:
        return export(self._client, name, self._folder, self._logger, self._settings.namespace)

    def _rows(self, customers: Path, orders: Path | None) -> Iterator[Row]:
        for one in objects(customers):
            yield customer_row(one, self._settings.tag_prefix)
        for one in objects(orders) if orders else ():
            number = (one.get("orderId") or {}).get("value")
            yield "order", str(one["id"]), 0, number, bool(number)


def customer_row(one: dict[str, Any], prefix: str) -> Row:
    """Return what an exported customer is like; a tag counts as a trace when nobody but us would write it."""
    number = (one.get("customerId") or {}).get("value")
    marks = (f"{prefix}migrated".casefold(), f"{prefix}id-".casefold())
    tagged = any(tag.casefold() == marks[0] or tag.casefold().startswith(marks[1]) for tag in one.get("tags") or ())
    traces = bool(number or one.get("syncState") or tagged)
    return "customer", str(one["id"]), int(one.get("numberOfOrders") or 0), number, traces
