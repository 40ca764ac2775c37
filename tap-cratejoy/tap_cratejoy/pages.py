"""Reading one page: its parameters, its base, the smaller windows it is split into when it fails."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_cratejoy.errors import NotFound, Refused, Unhealed, Unreachable
from tap_cratejoy.records import Record, whole_id
from tap_cratejoy.windows import Window, base_of

if TYPE_CHECKING:
    import logging

    from tap_cratejoy.client import CratejoyClient

PART_RETRIES = 2
"""Retries of a part that can be split further; single rows get all that the settings allow."""
FAILED_PARTS = 40
"""So many failing parts of one page are endured before what is left of it counts as failed."""
LIKELY_ROWS = 100
"""Rows a page that every source knows to work; a refusal of more without a reason is taken to be about the number."""
NAMED = ("property", "filter", "parameter", "relation", "__")
"""What a refusal speaks of when it is not about the number of rows."""
HOPELESS_PARTS = 3
"""The same while nothing of the page came at all."""
SPLITS_IN_A_ROW = 2
"""After so many split pages in a row the rest is read in parts from the start."""


@dataclass
class Page:
    """What one page brought.

    Attributes:
        index: Place in the collection, counted from 0.
        number: The server's own number.
        rows: Raw records.
        count: The server's total for the query, None when it sent none that can be used.
        following: The envelope's `next` as sent.
        suspect: Texts may hold what Postgres cannot store.
        failed: Windows that could not be read, in words.
        new: How many ids the current pass had not seen before; filled in by the walk.
    """

    index: int
    number: int
    rows: list[Record]
    count: int | None = None
    following: Any = None
    suspect: bool = False
    failed: list[str] = field(default_factory=list)
    new: int = 0


class PageReader:
    """Reads pages of one query of one collection; safe to share between threads once the first page was read.

    Args:
        client: Sends the requests.
        path: The collection: `/customers/`.
        params: Our own parameters, sent with every request.
        size: Rows a page.
        base: Number of the first page, where it is known already.
        logger: Where splits are told.
    """

    def __init__(
        self,
        client: CratejoyClient,
        path: str,
        params: Mapping[str, str],
        *,
        size: int,
        base: int | None = None,
        logger: logging.Logger,
    ) -> None:
        self.client = client
        self.path = path
        self.params = dict(params)
        self.size = size
        self.base = base
        self._logger = logger
        self._part_size: int | None = None
        self._settled = False
        self._hopeless = False
        self._concessions = 0
        self._splits_in_a_row = 0
        self._lock = threading.Lock()

    def number(self, index: int) -> int:
        """Return the server's number of a page; until the base is known, pages count from 0."""
        return index + (self.base or 0)

    def index(self, number: int) -> int:
        """Return the index of a page, from the server's number."""
        return max(0, number - (self.base or 0))

    def open(self) -> Page:
        """Read the first page and settle what the server really does: page base, page size, largest `limit`.

        Raises:
            StreamFailed: As the client raises it.
        """
        page = self.read(0)
        if page.failed and not page.rows:
            raise Unhealed(f"GET {self.path}: nothing of the first page can be read, at no page size.")
        if page.following and page.rows and len(page.rows) != self.size and not page.failed:
            self._logger.info("%s serves %d rows a page instead of %d", self.path, len(page.rows), self.size)
            self.size = len(page.rows)
        return page

    def find_base(self) -> None:
        """Learn the base from a page of one row, when a scan goes on without knowing it."""
        if self.base is None:
            self._conceding(lambda: self._fetch(Window(0, 1), retries=None))

    def doubt_base(self) -> None:
        """Check a base of 1 against the first page: when page 1 is another one, `next` lied and pages count from 0."""
        if self.base == 1:
            first = self._fetch(Window(0, self.size), retries=None)
            claimed = self._fetch(Window(0, self.size), retries=None, numbered=True)
            if ids(claimed.rows) != ids(first.rows):
                self._logger.warning("%s numbers its pages from 0, not from 1 as its first next said", self.path)
                self.base = 0

    def peek(self, index: int) -> Page:
        """Read a page with a single attempt.

        Raises:
            TapError: As the client raises it.
        """
        return self._fetch(Window(index, self.size), retries=0)

    def read_closely(self, index: int) -> Page:
        """Read a page in ten windows, because as a whole it came short.

        Raises:
            StreamFailed: As `read`.
        """
        size = max(1, self.size // 10)
        return self._conceding(lambda: self._read_parts(index, deque(Window(index, self.size).cut(size))))

    def read(self, index: int) -> Page:
        """Read a page, in smaller windows when it fails at its size.

        Until the server has accepted a request, what it refuses is given up: parameters, large pages. A scan that goes
        on has to find this out once more.

        Args:
            index: Place in the collection, counted from 0.

        Returns:
            The page; `failed` names the windows that no retry healed.

        Raises:
            StreamFailed: The server is away, or refuses for good.
        """
        return self._conceding(lambda: self._read(index), first=index == 0)

    def _read(self, index: int) -> Page:
        whole = Window(index, self.size)
        if self._part_size:
            return self._read_parts(index, deque(whole.cut(self._part_size)))
        try:
            page = self._fetch(whole, retries=PART_RETRIES if self._hopeless else None)
        except Unreachable:
            raise
        except Unhealed as failure:
            if self.client.stopping:
                raise
            self._logger.warning("%s Reading page %d in smaller windows.", failure, self.number(index))
            page = self._read_parts(index, deque(whole.split()))
            self._hopeless = not page.rows
            self._note_split(page)
            if not whole.split():
                page.failed.append(self._name(whole))
            return page
        self._hopeless = False
        with self._lock:
            self._splits_in_a_row = 0
        return page

    def _read_parts(self, index: int, parts: deque[Window]) -> Page:
        page = Page(index, self.number(index), [], following=True)
        while parts:
            part = parts.popleft()
            try:
                if part.index and self.base is None:
                    self.find_base()
                answer = self._fetch(part, retries=self._patience(part, page))
            except (NotFound, Refused) as refusal:
                if not _is_beyond(part, page, refusal):
                    raise
                break
            except Unreachable:
                raise
            except Unhealed:
                if self.client.stopping:
                    raise
                if part.size > 1 and len(page.failed) < (FAILED_PARTS if page.rows else HOPELESS_PARTS):
                    parts.extendleft(reversed(part.split()))
                else:
                    page.failed.append(self._name(part))
                continue
            _join(page, answer)
        page.number = self.number(index)
        return page

    def _patience(self, part: Window, page: Page) -> int | None:
        """Return how often a part is tried again: as often as any request once it is one row among rows that came."""
        return None if part.size == 1 and page.rows else PART_RETRIES

    def _note_split(self, page: Page) -> None:
        """When page after page fails whole and succeeds in parts, stop asking for whole pages."""
        with self._lock:
            self._splits_in_a_row += 1
            if self._splits_in_a_row >= SPLITS_IN_A_ROW and not page.failed and self.size > 1:
                self._part_size = Window(0, self.size).split()[0].size
                self._logger.warning(
                    "%s fails at %d rows a page; its pages are read %d rows at a time from here on",
                    self.path,
                    self.size,
                    self._part_size,
                )

    def _fetch(self, window: Window, *, retries: int | None, numbered: bool = False) -> Page:
        params = {**self.params, "limit": str(window.size)}
        if window.index or numbered:
            params["page"] = str(self.number(window.index))
        answer = self.client.get(self.path, params, retries=retries, check=_is_envelope)
        self._settled = True
        envelope = answer.data
        if window.index == 0 and self.base is None:
            self.base = base_of(envelope.get("next"))
        count = envelope.get("count")
        return Page(
            window.index,
            self.number(window.index),
            envelope["results"],
            count if type(count) is int and count >= 0 else None,
            envelope.get("next"),
            answer.suspect,
        )

    def _conceding(self, ask: Callable[[], Page], *, first: bool = False) -> Page:
        while True:
            before = self._concessions
            try:
                return ask()
            except Refused as refused:
                with self._lock:
                    if self._concessions == before:
                        if not self._concede(refused, first=first):
                            raise
                        self._concessions += 1

    def _concede(self, refused: Refused, *, first: bool) -> bool:
        """Give up one thing that a 400 may be about; False when there is nothing left to give up."""
        if refused.status not in (400, 413, 422):
            return False
        about = " ".join(refused.reasons).lower()
        if _is_about_size(about) or (self.size > LIKELY_ROWS and not any(word in about for word in NAMED)):
            return self._shrink(first=first)
        if self._settled or "page" in about:
            return False
        for name in [
            *(key for key in self.params if "__" in key),
            *(key for key in self.params if key == "with"),
        ]:
            self.params = {key: value for key, value in self.params.items() if key != name}
            self._logger.warning("%s refuses %s; reading without it", self.path, name)
            return True
        return False

    def _shrink(self, *, first: bool) -> bool:
        """Ask for smaller pages from the first page on; later the page size is fixed, and pages are read in parts."""
        size = self.size if first else self._part_size or self.size
        if size == 1:
            return False
        if first:
            self.size = size // 2
            self._logger.warning("%s refuses the page size; trying %d rows a page", self.path, self.size)
        else:
            self._part_size = Window(0, size).split()[0].size
            self._logger.warning("%s refuses the page size; reading %d rows at a time", self.path, self._part_size)
        return True

    def _name(self, window: Window) -> str:
        rows = window.rows
        return f"rows {rows.start} to {rows.stop - 1} (page {self.number(window.index)} at {window.size} rows a page)"


def ids(rows: list[Record]) -> list[int]:
    """Return the ids of raw rows, in order, as far as records can be made of them."""
    return [value for row in rows if (value := whole_id(row.get("id"))) is not None]


def _is_about_size(about: str) -> bool:
    words = (
        "limit",
        "page size",
        "page_size",
        "per page",
        "per_page",
        "maximum",
        "max ",
        "too many",
        "too large",
        "too big",
    )
    return any(word in about for word in words)


def _is_beyond(part: Window, page: Page, refusal: NotFound | Refused) -> bool:
    """Whether a refused part lies behind the last row, after parts that were read: the end, not a failure."""
    if not page.rows and not page.failed:
        return False
    return isinstance(refusal, NotFound) or (page.count is not None and part.rows.start >= page.count)


def _join(page: Page, part: Page) -> None:
    page.rows.extend(part.rows)
    page.count = part.count if part.count is not None else page.count
    page.following = part.following
    page.suspect |= part.suspect


def _is_envelope(data: Any) -> bool:
    results = data.get("results") if isinstance(data, dict) else None
    return isinstance(results, list) and all(isinstance(row, dict) for row in results)
