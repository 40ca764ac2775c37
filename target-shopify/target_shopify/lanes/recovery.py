"""What an earlier run left behind at Shopify: operations that still run, results nobody has taken in."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_shopify.lanes import results
from target_shopify.lanes.operation import RUNNING, BulkOperations

if TYPE_CHECKING:
    import logging

    from target_shopify.ledger import Ledger


def recover(operations: BulkOperations, ledger: Ledger, tick: Callable[[], None], logger: logging.Logger) -> None:
    """Wait for bulk operations of an earlier run, and take in the results of those it did not see end.

    Without a ledger nothing is taken in: lines that come again meet their customers and are refused.

    Args:
        operations: Of the shop.
        ledger: Its unknown rows are what results are wanted for.
        tick: Called while waiting.
        logger: Tells what is waited for.
    """
    listed = operations.listed()
    operations.remember(str(node["id"]) for node in listed)
    unknown = ledger.unknown()
    if ledger.remembers and not unknown:
        return
    listed = [_ended(operations, node, tick, logger) if node.get("status") in RUNNING else node for node in listed]
    for node in listed:
        if ledger.unknown() == 0:
            return
        settled = _harvest(operations, ledger, node)
        if settled:
            logger.info("Took in %s results of bulk operation %s of an earlier run.", f"{settled:,}", node.get("id"))


def _ended(
    operations: BulkOperations, node: Mapping[str, Any], tick: Callable[[], None], logger: logging.Logger
) -> Mapping[str, Any]:
    logger.info("Bulk operation %s of an earlier run is still running; waiting for its end.", node.get("id"))
    return operations.wait(str(node["id"]), lambda _: tick())


def _harvest(operations: BulkOperations, ledger: Ledger, node: Mapping[str, Any]) -> int:
    if not (node.get("url") or node.get("partialDataUrl")):
        return 0
    with tempfile.TemporaryDirectory(prefix="target-shopify-") as folder:
        path = Path(folder) / "result"
        operations.download(node, path)
        return ledger.harvest(results.pairs(path))
