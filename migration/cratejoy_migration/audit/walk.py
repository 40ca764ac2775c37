"""One walk over all pages of a collection, for its ids: goes on where an earlier one was killed, repeats when unsure.

Reading, page base, splitting, the end of the collection are the tap's (`PageReader`, `PageWalk`); this decides when
what was seen is enough. It is when the distinct ids are as many as Cratejoy counts, and the count never fell, and the
page that was read first still is what it was: a row that goes while others are read pulls all later rows forward, past
the place of reading. Rows that come at the end meanwhile do no harm; where several requests are out at once they can
make the count seem to fall, which costs another pass and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap64
from tap_cratejoy.completeness import Tally
from tap_cratejoy.errors import TapError
from tap_cratejoy.pages import Page, PageReader, ids
from tap_cratejoy.pagination import PageWalk

from cratejoy_migration.audit.source import BARE, Cratejoy


@dataclass(frozen=True)
class Place:
    """Where an earlier walk stands.

    Attributes:
        index: The last page whose ids are kept, counted from 0.
        ids: The ids of that page, in order.
        size: Rows a page as they were served.
        base: Number of the first page, None while unknown.
        count: The last count.
        seen: All ids so far.
    """

    index: int
    ids: list[int]
    size: int
    base: int | None
    count: int | None
    seen: BitMap64 = field(repr=False)


class Walk:
    """Reads all pages of one query.

    Attributes:
        seen: The ids of all passes.
        count: Cratejoy's latest count.
        settled: Whether the last pass saw everything.
        failed: Windows that could not be read, in words.
        pass_number: Which pass, from 1.
    """

    def __init__(self, cratejoy: Cratejoy, path: str, query: dict[str, str], size: int, *, passes: int) -> None:
        self._cratejoy = cratejoy
        self._passes = passes
        self._path = path
        self.reader: PageReader = cratejoy.reader(path, {**BARE, **query}, size)
        self.seen = BitMap64()
        self.tally = Tally()
        self.failed: list[str] = []
        self.settled = False
        self.pass_number = 1
        self._fell = False
        self._first: Page | None = None

    @property
    def count(self) -> int | None:
        """Cratejoy's latest count."""
        return self.tally.count

    def resume(self, place: Place) -> bool:
        """Return whether an earlier walk can be gone on with: its last page is still the same.

        Raises:
            StreamFailed: The page cannot be read.
        """
        reader = self._cratejoy.reader(self._path, self.reader.params, place.size, place.base)
        if place.base is None and place.index:
            return False
        page = self._cratejoy.do(reader.read, place.index)
        if page.failed or ids(page.rows) != place.ids or (page.count or 0) < (place.count or 0):
            return False
        self.reader, self._first = reader, page
        self.tally = Tally(seen=BitMap64(place.seen), count=place.count, pages=1, rows=len(place.seen))
        self.seen = BitMap64(place.seen)
        return True

    def pages(self) -> Iterator[Page]:
        """Yield every page of every pass; after a resume, from the page where the earlier walk stood.

        Raises:
            StreamFailed: Nothing more can be read.
        """
        start = self._first.index if self._first else 0
        resumed = self._first is not None
        first = self._first or self._cratejoy.do(self.reader.open)
        walk = PageWalk(self.reader, self._cratejoy.lanes, self.tally, early=not resumed)
        yield from self._counted(walk.forward(start, first))
        self.settled = self._is_settled(None if self.tally.proven and not resumed else first)
        while not self.settled and not self.failed and self.pass_number <= self._passes:
            yield from self._counted(self._again())
            self.settled = self.tally.proven and not self.failed

    def _again(self) -> Iterator[Page]:
        """Read once more: downwards first, so that rows that are pulled forward are met; then upwards."""
        before = self.tally
        moving = before.moved or (not before.steady and before.distinct != before.count)
        short = before.count is not None and before.distinct < before.count
        highest = max(0, (before.distinct - 1) // self.reader.size)
        self.pass_number += 1
        self._cratejoy.logger.info(
            "%s: %s ids for a count of %s; reading once more", self._path, f"{before.distinct:,}", before.count
        )
        self.tally = Tally(count=before.count)
        walk = PageWalk(self.reader, self._cratejoy.lanes, self.tally, close=highest if short else 0)
        self._cratejoy.do(self.reader.doubt_base)
        if self.pass_number % 2 == 0 and before.count is not None:
            return walk.backward(highest, one_by_one=moving)
        return walk.forward()

    def _counted(self, pages: Iterator[Page]) -> Iterator[Page]:
        previous = self.tally.count
        for page in pages:
            self._fell |= page.count is not None and previous is not None and page.count < previous
            previous = page.count if page.count is not None else previous
            self.failed.extend(page.failed)
            self.seen |= (
                self.tally.seen if not self.seen else BitMap64(number for number in ids(page.rows) if number > 0)
            )
            yield page

    def _is_settled(self, first: Page | None) -> bool:
        """Whether the pass saw everything; `first` is looked at again where the pass alone does not prove it."""
        if self.failed or self._fell or self.tally.distinct != self.tally.count:
            return False
        return first is None or self._same(first)

    def _same(self, first: Page) -> bool:
        try:
            again = self._cratejoy.do(self.reader.peek, first.index)
        except TapError:
            return False
        # The first page may have been the last one, and have grown.
        return ids(again.rows)[: len(first.rows)] == ids(first.rows)
