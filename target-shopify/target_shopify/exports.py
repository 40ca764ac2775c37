"""A bulk export: everything a query finds, as one file that is whole, or an error.

Platform facts (bulk queries page; schema; recorded live answers): five exports run at once for an app and shop; an
export may run for ten days; the result lies a week behind a signed address; `objectCount` counts lines, children too;
a child names its parent in `__parentId`, and stands right after it only in exports that ask for that, which are slower.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from target_shopify import operations
from target_shopify.errors import (
    WORKING_FOLDER,
    AnswerLost,
    CallRefused,
    Interrupted,
    ShopRefused,
    Unreachable,
    room_in,
)
from target_shopify.grouping import objects
from target_shopify.lanes.operation import BulkOperations, is_busy, told, whole_number
from target_shopify.report import owner_only

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient

__all__ = ["export", "objects"]

NAMESPACE = "cratejoy"
"""As it stands in the files `Export*.graphql`."""
_NAMESPACE = re.compile(r"[a-zA-Z0-9_-]{3,255}")
_TRIES = 4
"""Exports begun until one ends well."""
_DOWNLOADS = 12
"""Answers of the storage until a file is whole; only those that brought nothing new count."""
_BUSY_SECONDS = (2.0, 30.0)
_CHUNK_BYTES = 1 << 14
"""What is lost of an answer that breaks off."""
_RANGE = re.compile(r"bytes (\d+)-")


def export(
    client: ShopifyClient, query_name: str, folder: Path, logger: logging.Logger, namespace: str = NAMESPACE
) -> Path:
    """Export what a query finds.

    Args:
        client: Of the shop.
        query_name: Of a file in `operations`, such as `ExportCustomers`.
        folder: Where the file goes, readable by its owner only.
        logger: Where waiting is told.
        namespace: Of our metafields, in place of `cratejoy` in the query.

    Returns:
        Path of the JSONL file, `<query_name>.jsonl`; `objects` reads it. Whoever asked for it removes it.

    Raises:
        ShopRefused: Shopify does not run the query for this app.
        Unreachable: No export came to a good end, or its file could not be had whole.
        DiskFull: There is no room for the file.
        Interrupted: The run is stopping.
    """
    return _Export(client, query_name, folder, logger, namespace).run()


def query_text(query_name: str, namespace: str = NAMESPACE) -> str:
    """Return the text of a query for a namespace.

    Raises:
        ValueError: It is no namespace.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise ValueError("a namespace has 3 to 255 letters, digits, hyphens and underscores")
    return operations.operation(query_name).text.replace(f'"{NAMESPACE}"', f'"{namespace}"')


class _Export:
    """One export, from its start to its file."""

    def __init__(
        self, client: ShopifyClient, query_name: str, folder: Path, logger: logging.Logger, namespace: str
    ) -> None:
        self._client = client
        self._name = query_name
        self._text = query_text(query_name, namespace)
        self._path = folder / f"{query_name}.jsonl"
        self._logger = logger
        self._operations = BulkOperations(client, logger, kind="QUERY")

    def run(self) -> Path:
        self._operations.remember(str(node["id"]) for node in self._operations.listed())
        for number in range(1, _TRIES + 1):
            ended = self._operations.wait(self._start(), self._look)
            status = ended.get("status")
            if status == "COMPLETED" and self._bring(ended):
                return self._path
            if ended.get("errorCode") == "ACCESS_DENIED":
                raise ShopRefused(
                    f"The app lacks a right it needs for the export {self._name}: grant it what it reads."
                )
            how = "could not be fetched whole" if status == "COMPLETED" else f"ended as {status}"
            self._logger.info("The export %s %s (try %d of %d).", self._name, how, number, _TRIES)
        self._path.unlink(missing_ok=True)
        raise Unreachable(
            f"Shopify could not be read back: the export {self._name} came to no good end in {_TRIES} tries; "
            "the same command begins anew."
        )

    def _start(self) -> str:
        """Start the export, once there is room for one; return its GID."""
        pause, most = _BUSY_SECONDS
        while True:
            try:
                answer = self._client.call("BulkQuery", {"query": self._text}, once=True)
            except AnswerLost:
                if gid := self._operations.started_unheard():
                    return gid
                continue
            except CallRefused as refused:
                raise ShopRefused(f"Shopify does not start the export {self._name}: {refused}.") from None
            if gid := (answer.value.get("bulkOperation") or {}).get("id"):
                self._operations.remember([str(gid)])
                return str(gid)
            if not is_busy(answer.errors):
                raise ShopRefused(f"Shopify refused the export {self._name}: {told(answer.errors)}.")
            if pause == _BUSY_SECONDS[0]:
                self._logger.info("Other exports of this app are running in the shop; waiting for their end.")
            self._client.rest(pause)
            pause = min(pause * 1.5, most)

    def _look(self, state: Mapping[str, Any]) -> None:
        self._logger.debug("%s: %s, %s objects", self._name, state.get("status"), state.get("objectCount"))

    def _bring(self, ended: Mapping[str, Any]) -> bool:
        """Fetch the file; return whether it is whole, by its size and by its lines."""
        size, count = whole_number(ended.get("fileSize")), whole_number(ended.get("objectCount"))
        with room_in(WORKING_FOLDER):
            owner_only(self._path).close()
            if not ended.get("url"):
                return not count and not size
            fetched = self._fetch_all(ended, size)
        return fetched and (count is None or _lines(self._path) == count)

    def _fetch_all(self, ended: Mapping[str, Any], size: int | None) -> bool:
        """Fetch the file, going on where it broke off; the size tells when it is all there."""
        idle = 0
        while idle < _DOWNLOADS and ended.get("url"):
            before = self._path.stat().st_size
            whole = _fetch(self._client, str(ended["url"]), self._path)
            now = self._path.stat().st_size
            if now == size or (whole and size is None):
                return True
            if size is not None and now > size:
                owner_only(self._path).close()
            idle += now <= before
            self._client.rest(min(0.5 * 2**idle, 15.0))
            ended = self._operations.look(str(ended["id"]))  # the address may have been signed for a time that is over
        return False


def _fetch(client: ShopifyClient, url: str, path: Path) -> bool:
    """Append what is still missing of a file; return whether the answer ended as it promised.

    A storage that gives the whole file although a part was asked for is taken at its word, and the file begins anew.
    """
    start = path.stat().st_size
    try:
        with client.fetch(url, start) as answer:
            goes_on = answer.status_code == 206 and _begins_at(answer) == start
            if answer.status_code != 200 and not goes_on:
                return False
            with owner_only(path, append=goes_on) as file:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
                    if client.stopping:
                        raise Interrupted(15)
            return True
    except requests.RequestException:
        return False


def _begins_at(answer: requests.Response) -> int | None:
    found = _RANGE.match(answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _lines(path: Path) -> int:
    """Return the lines of a file; a last one without its end does not count."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
