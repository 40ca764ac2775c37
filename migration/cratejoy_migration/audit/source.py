"""The configured Cratejoy, asked through the tap's own client: counts of collections, and single elements."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from tap_cratejoy.client import CratejoyClient
from tap_cratejoy.errors import Forbidden, NotFound, StreamFailed, Unreachable
from tap_cratejoy.pages import Page, PageReader
from tap_cratejoy.pagination import Lanes
from tap_cratejoy.settings import Settings

from cratejoy_migration.audit.scope import Scope

BARE = {"with": ""}
"""Asks for rows without related data (Cratejoy docs: working with relationships); a refusal is healed by the reader."""
UNCOUNTED = "Cratejoy"
"""How the trouble begins that a deep audit is free of: it counts rows, not what Cratejoy says of them."""
T = TypeVar("T")


@dataclass(frozen=True)
class Counted:
    """What Cratejoy says of the size of a stream.

    Attributes:
        count: Rows that a collection takes; None when it cannot be told, and `trouble` says why.
        tests: Test rows that are left out.
        trouble: A sentence.
    """

    count: int | None
    tests: int = 0
    trouble: str = ""


class Cratejoy:
    """One client and its threads, for as long as a command asks."""

    def __init__(self, settings: Settings, logger: logging.Logger) -> None:
        self.settings = settings
        self.logger = logger
        self.client = CratejoyClient(settings, logger)
        self.lanes = Lanes(settings.concurrency, lambda: None)
        self._welcome = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.stop()
        self.lanes.close()

    def reader(self, path: str, params: Mapping[str, str], size: int, base: int | None = None) -> PageReader:
        """Return a reader of the pages of a collection."""
        return PageReader(self.client, path, params, size=size, base=base, logger=self.logger)

    def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Ask in a lane, so that Ctrl-C ends the waiting."""
        return self.lanes.result(self.lanes.submit(work, *arguments))

    def count(self, scope: Scope) -> Counted:
        """Ask how many rows of a stream a collection takes: one request a query, one row each.

        Raises:
            TapError: Cratejoy is away, or refuses the credentials; what concerns this stream alone is told instead.
        """
        try:
            counted = self._count(scope)
        except Unreachable:
            raise
        except Forbidden as refusal:
            if not self.may_ask():
                raise
            return Counted(None, trouble=str(refusal))
        except StreamFailed as failure:
            return Counted(None, trouble=str(failure))
        self._welcome = True
        return counted

    def there(self, path: str, wanted: Iterable[int], known: int | None) -> dict[int, bool]:
        """Ask for single elements: is each still there?

        Args:
            path: The collection.
            wanted: Their ids.
            known: An id that is there. Where even this one is not to be had, elements of this collection cannot be
                asked for, and nothing is said about any (of two collections no source shows an element).

        Returns:
            True or False by id; ids that could not be asked for are left out.
        """
        if known is None or self.do(self._is_there, path, known) is not True:
            return {}
        numbers = list(wanted)
        answers = self.lanes.in_order(lambda number: self._is_there(path, number), numbers)
        return {number: answer for number, answer in zip(numbers, answers, strict=True) if answer is not None}

    def may_ask(self) -> bool:
        """Whether the credentials are good for anything: wrong ones are refused with 403 everywhere."""
        if not self._welcome:
            try:
                self._first_row("/products/", {})
            except Forbidden:
                return False
        return True

    def _is_there(self, path: str, number: int) -> bool | None:
        try:
            answer = self.client.get(f"{path}{number}/", check=lambda data: isinstance(data, dict))
        except NotFound:
            return False
        except Unreachable:
            raise
        except StreamFailed:
            return None
        return True if answer.data.get("id") == number else None

    def _count(self, scope: Scope) -> Counted:
        tests = {"is_test": "true"}
        total = left_out = 0
        for query in scope.queries:
            page, obeyed = self._first_row(scope.path, query)
            if page.count is None:
                return Counted(None, trouble=f"{UNCOUNTED} tells no count")
            if query and not (obeyed and all(scope.late(row) for row in page.rows)):
                return Counted(None, trouble=f"{UNCOUNTED} does not count by date here")
            total += page.count
            if scope.drops_tests and page.count:
                marked, obeyed = self._first_row(scope.path, {**query, **tests})
                if marked.count is None or not (obeyed and all(row.get("is_test") is True for row in marked.rows)):
                    return Counted(None, trouble=f"{UNCOUNTED} does not count test rows apart here")
                left_out += marked.count
        return Counted(total - left_out, left_out)

    def _first_row(self, path: str, query: Mapping[str, str]) -> tuple[Page, bool]:
        """Return a page of one row, and whether every parameter was accepted."""
        reader = self.reader(path, query, 1)
        page = self.do(reader.open)
        return page, set(query) <= set(reader.params)
