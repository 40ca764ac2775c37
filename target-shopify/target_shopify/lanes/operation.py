"""One bulk operation from upload to result file.

Platform facts (bulk imports page; recorded live answers): the upload is a multipart form with every parameter as a
field and `file` last, answered 201; `key` is the stagedUploadPath; five operations run at once for an app and shop,
the next is refused with OPERATION_IN_PROGRESS; results live seven days; COMPLETED says nothing about lines.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from target_shopify import operations
from target_shopify.errors import AnswerLost, CallRefused, ShopRefused, Unreachable

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient, UserError

FINAL = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})
RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})
_POLL_SECONDS = (0.5, 10.0)
_UPLOAD_TRIES = 6
_DOWNLOAD_TRIES = 6
_CHUNK_BYTES = 1 << 20
_RESULT_DAYS = 7
_MOST_PAGES = 100
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_FILE_TROUBLE = frozenset({"INVALID_STAGED_UPLOAD_FILE", "NO_SUCH_FILE"})


class BulkOperations:
    """Runs bulk operations; safe to share between threads.

    Args:
        client: Of the shop.
        logger: Where retries are told.
        kind: Of operations that are listed: `MUTATION`, or `QUERY` for exports.
    """

    def __init__(self, client: ShopifyClient, logger: logging.Logger, kind: str = "MUTATION") -> None:
        self._client = client
        self._logger = logger
        self._kind = kind
        self._starting = threading.Lock()
        self._known: set[str] = set()

    def remember(self, gids: Iterable[str]) -> None:
        """Note operations that were there before this run."""
        self._known.update(gids)

    def start(self, path: Path, mutation: str) -> str:
        """Upload a file and start an operation over its lines; waits while too many run.

        Args:
            path: JSONL, one variables object a line.
            mutation: Name of one of our operations.

        Returns:
            The operation's GID.

        Raises:
            ShopRefused: Shopify does not take the file or the mutation.
            Unreachable: The upload fails again and again.
        """
        staged, waits, uploads = self._upload(path), 0, 1
        while True:
            gid, errors = self._run(mutation, staged)
            if gid:
                return gid
            if is_busy(errors):
                waits += 1
                self._client.rest(min(2.0 * waits, 15.0))
            elif any(error.code in _FILE_TROUBLE for error in errors) and uploads < _UPLOAD_TRIES:
                staged, uploads = self._upload(path), uploads + 1
            else:
                raise ShopRefused(f"Shopify refused a bulk operation: {told(errors)}.")

    def _run(self, mutation: str, staged: str) -> tuple[str | None, tuple[UserError, ...]]:
        variables = {
            "mutation": operations.operation(mutation).text,
            "stagedUploadPath": staged,
            "clientIdentifier": f"target-shopify-{uuid.uuid4()}",
        }
        with self._starting:
            while True:
                try:
                    answer = self._client.call("BulkRun", variables, once=True)
                except AnswerLost:
                    gid = self.started_unheard()
                    if gid is None:
                        continue
                    return gid, ()
                except CallRefused as refused:
                    raise ShopRefused(f"Shopify does not start bulk operations: {refused}.") from None
                gid = (answer.value.get("bulkOperation") or {}).get("id")
                if gid:
                    self._known.add(str(gid))
                return (str(gid) if gid else None), answer.errors

    def started_unheard(self) -> str | None:
        """Return the operation that began though the answer was lost: the newest that nobody has heard of.

        Should it begin later still, its twin's lines meet customers that are there already, and are refused.
        """
        self._client.rest(1.0)
        new = [str(node["id"]) for node in self.listed() if node["id"] not in self._known]
        self._known.update(new)
        return new[0] if new else None

    def wait(self, gid: str, on_look: Callable[[Mapping[str, Any]], None] = lambda _: None) -> Mapping[str, Any]:
        """Look at an operation until it has ended.

        Returns:
            id, status, errorCode, objectCount, fileSize, url, partialDataUrl.
        """
        pause = _POLL_SECONDS[0]
        while True:
            state = self.look(gid)
            on_look(state)
            if state.get("status") in FINAL:
                return state
            self._client.rest(pause)
            pause = min(pause * 1.3, _POLL_SECONDS[1])

    def look(self, gid: str) -> Mapping[str, Any]:
        """Return the state of an operation now; one that Shopify no longer knows counts as expired."""
        try:
            state = self._client.call("BulkOperation", {"id": gid}).value
        except CallRefused:
            state = {}
        return state or {"id": gid, "status": "EXPIRED"}

    def listed(self) -> list[Mapping[str, Any]]:
        """Return the bulk operations whose results can still be there, newest first.

        Platform facts: a filter that Shopify does not know is ignored (search syntax page); which way `reverse` turns
        the list is told differently, so it is sorted here.
        """
        since = (datetime.now(UTC) - timedelta(days=_RESULT_DAYS + 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"operation_type:{self._kind.lower()} created_at:>='{since}'"
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            try:
                page = self._client.call("BulkOperations", {"query": query, "after": after}).value
            except CallRefused as refused:
                self._logger.warning("Bulk operations cannot be listed (%s); none is waited for.", refused)
                break
            found += [node for node in page.get("nodes") or () if node.get("type") == self._kind]
            info = page.get("pageInfo") or {}
            after = info.get("endCursor")
            if not info.get("hasNextPage") or not after:
                break
        return sorted(found, key=lambda node: str(node.get("createdAt") or ""), reverse=True)

    def download(self, state: Mapping[str, Any], path: Path) -> bool:
        """Fetch an operation's result file, whole or what there is of it.

        Args:
            state: From `wait`.
            path: Where it goes.

        Returns:
            False when there is none, or it could not be had whole.
        """
        size = whole_number(state.get("fileSize"))
        gid = str(state.get("id"))
        path.write_bytes(b"")
        for attempt in range(_DOWNLOAD_TRIES):
            url = state.get("url") or state.get("partialDataUrl")
            if not url:
                return False
            if self._fetch(str(url), path) and (size is None or not state.get("url") or path.stat().st_size >= size):
                return True
            self._client.rest(min(0.5 * 2**attempt, 15.0))
            state = self.look(gid)  # the address may have been signed for a time that is over
        self._logger.warning(
            "A bulk operation's results could not be fetched whole; its lines are looked up one by one."
        )
        return False

    def _fetch(self, url: str, path: Path) -> bool:
        try:
            with self._client.fetch(url) as answer:
                if answer.status_code != 200:
                    return False
                with path.open("wb") as file:
                    for chunk in answer.iter_content(_CHUNK_BYTES):
                        file.write(chunk)
                promised = whole_number(answer.headers.get("Content-Length"))
        except requests.RequestException:
            return False
        plain = not answer.headers.get("Content-Encoding")
        return _ends_whole(path) and (promised is None or not plain or path.stat().st_size >= promised)

    def _upload(self, path: Path) -> str:
        """Return the stagedUploadPath of the uploaded file."""
        for attempt in range(_UPLOAD_TRIES):
            target = self._staged_target(path)
            fields = {one["name"]: one["value"] for one in target.get("parameters") or ()}
            key = fields.get("key")
            if key and target.get("url") and self._post(str(target["url"]), fields, path):
                return str(key)
            self._client.rest(min(2.0**attempt, 30.0))
        raise Unreachable("A file could not be uploaded to Shopify's storage; the same command goes on later.")

    def _staged_target(self, path: Path) -> Mapping[str, Any]:
        wanted = {
            "resource": "BULK_MUTATION_VARIABLES",
            "mimeType": "text/jsonl",
            "filename": path.name,
            "httpMethod": "POST",
        }
        try:
            answer = self._client.call("StagedUploadsCreate", {"input": [wanted]})
        except CallRefused as refused:
            raise ShopRefused(f"Shopify gives no place to upload to: {refused}.") from None
        if answer.errors:
            raise ShopRefused(f"Shopify gives no place to upload to: {told(answer.errors)}.")
        targets: list[dict[str, Any]] = answer.value.get("stagedTargets") or [{}]
        return targets[0]

    def _post(self, url: str, fields: Mapping[str, str], path: Path) -> bool:
        body = MultipartFile(fields, path)
        headers = {"Content-Type": body.content_type}
        try:
            answer = self._client.session.post(
                url, data=body, headers=headers, timeout=(10, 300), allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.status_code in (200, 201, 204)


class MultipartFile:
    """A multipart form whose file is read while it is sent; the file comes last, as the storage demands.

    Args:
        fields: The form's other fields, in order.
        path: Of the file.
    """

    def __init__(self, fields: Mapping[str, str], path: Path) -> None:
        boundary = uuid.uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
            "Content-Type: text/jsonl\r\n\r\n"
        )
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._path = path
        self._length = len(self._head) + path.stat().st_size + len(self._tail)
        self._pieces = self._read()
        self._rest = b""

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes of the form, at most `size`."""
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        if size < 0:
            size = len(self._rest)
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    def _read(self) -> Any:
        yield self._head
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
        yield self._tail


def is_busy(errors: tuple[UserError, ...]) -> bool:
    """Whether an operation is refused only because too many run."""
    return any(error.code in _BUSY or "already in progress" in error.message.lower() for error in errors)


def told(errors: tuple[UserError, ...]) -> str:
    """Return refusals as text, by their codes where they have some."""
    return ", ".join(error.code or error.message for error in errors) or "no reason given"


def whole_number(text: Any) -> int | None:
    """Return a count that Shopify writes as text; None when there is none."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _ends_whole(path: Path) -> bool:
    """Whether a file's last line is whole: it ends with a newline or a closing brace."""
    size = path.stat().st_size
    if not size:
        return True
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1) in (b"\n", b"}")
