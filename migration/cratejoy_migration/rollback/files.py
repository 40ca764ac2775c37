"""Deleting by the file: bulk operations that delete one order or customer a line."""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from target_shopify.client import UserError
from target_shopify.errors import ShopRefused
from target_shopify.lanes.bulk import OPERATIONS
from target_shopify.lanes.operation import RUNNING, BulkOperations
from target_shopify.lanes.results import results
from target_shopify.report import owner_only

from cratejoy_migration.rollback.deleting import is_gone
from cratejoy_migration.rollback.journal import BATCH, Item, Result
from cratejoy_migration.rollback.looks import GONE

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient

MOST_LINES = 200_000
"""Lines a file; each is below 100 bytes, and a file may have 100 MB."""


@dataclass(frozen=True)
class Kind:
    """What is deleted by the file.

    Attributes:
        operation: Of the target.
        root: Its root field.
        deleted: The field that holds the GID of what was deleted.
        gid: Begin of its GIDs.
        line: Variables of one line.
    """

    operation: str
    root: str
    deleted: str
    gid: str
    line: Callable[[str], dict[str, Any]]


KINDS = {
    "order": Kind("OrderDelete", "orderDelete", "deletedId", "gid://shopify/Order/", lambda gid: {"orderId": gid}),
    "customer": Kind(
        "CustomerDelete", "customerDelete", "deletedCustomerId", "gid://shopify/Customer/",
        lambda gid: {"input": {"id": gid}},
    ),
}  # fmt: skip


class Files:
    """Runs deletions as bulk operations, five at a time.

    Args:
        client: Of the shop.
        logger: Takes what a person should know.
        folder: For working files; its own, removed by `close`.
    """

    def __init__(self, client: ShopifyClient, logger: logging.Logger, folder: Path) -> None:
        self._operations = BulkOperations(client, logger)
        self._folder = folder
        self._pool = ThreadPoolExecutor(OPERATIONS, thread_name_prefix="rollback-bulk")

    def wait_for_earlier(self) -> None:
        """Wait for operations that a killed run left running; what they deleted is found gone."""
        listed = self._operations.listed()
        self._operations.remember(str(node["id"]) for node in listed)
        for node in listed:
            if node.get("status") in RUNNING:
                self._operations.wait(str(node["id"]))

    def delete(self, kind: str, batches: Iterable[Sequence[Item]], count: int) -> Iterator[list[Result]]:
        """Delete items; yield what was deleted, batch by batch. What is not told of was refused or not answered.

        Args:
            kind: order or customer.
            batches: Of items.
            count: How many they are.
        """
        lines = min(max(-(-count // OPERATIONS), BATCH), MOST_LINES)
        for group in _groups(_parts(kind, batches, lines, self._folder), OPERATIONS):
            for path, numbers, found in self._pool.map(lambda part: self._operate(kind, *part), group):
                yield from _settled(KINDS[kind], numbers, found)
                path.unlink(missing_ok=True)
                found.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the working files; operations that run go on at Shopify."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _operate(self, kind: str, path: Path, numbers: array[int]) -> tuple[Path, array[int], Path]:
        gid = self._operations.start(path, KINDS[kind].operation)
        state = self._operations.wait(gid)
        if state.get("errorCode") == "ACCESS_DENIED":
            raise ShopRefused(f"The app may not delete {kind}s (ACCESS_DENIED): grant it the scope write_{kind}s.")
        found = path.with_suffix(".result")
        self._operations.download(state, found)
        return path, numbers, found


def _parts(kind: str, batches: Iterable[Sequence[Item]], most: int, folder: Path) -> Iterator[tuple[Path, array[int]]]:
    """Yield files of lines, each with the numbers of what its lines delete."""
    number, numbers, file = 0, array("Q"), None
    path = folder / "none"
    for batch in batches:
        for item in batch:
            if file is None:
                number += 1
                path = folder / f"{kind}-{number}.jsonl"
                file, numbers = owner_only(path), array("Q")
            file.write(orjson.dumps(KINDS[kind].line(item.key)) + b"\n")
            numbers.append(int(item.key.rpartition("/")[2]))
            if len(numbers) == most:
                file.close()
                yield path, numbers
                file = None
    if file is not None:
        file.close()
        yield path, numbers


def _groups(parts: Iterable[Any], size: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for part in parts:
        group.append(part)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _settled(kind: Kind, numbers: array[int], path: Path) -> Iterator[list[Result]]:
    batch: list[Result] = []
    for result in results(path):
        line = result.get("__lineNumber")
        data = result.get("data")
        payload = data.get(kind.root) if isinstance(data, dict) else None
        if not isinstance(payload, dict) or not isinstance(line, int) or not 0 <= line < len(numbers):
            continue
        errors = [UserError((), str(one.get("message") or ""), one.get("code")) for one in payload["userErrors"] or ()]
        if payload.get(kind.deleted) or is_gone(errors):
            reason = "" if payload.get(kind.deleted) else GONE
            batch.append(Result(f"{kind.gid}{numbers[line]}", "done", reason))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
