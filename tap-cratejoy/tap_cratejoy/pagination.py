"""Walking the pages of a collection: several ahead at once, handed out strictly in order, ended for a named reason.

End of a scan (Cratejoy docs: collections; public clients call `next` unreliable): an empty page, a `next` that is null
or leads back, or nothing new any more; each of them only counts where the number of rows seen agrees, because each of
them has been seen to lie.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any, TypeVar

from tap_cratejoy.completeness import Tally
from tap_cratejoy.errors import NotFound, Refused, StreamFailed, TapError
from tap_cratejoy.pages import Page, PageReader, ids
from tap_cratejoy.windows import last_index, next_page

BARREN_PAGES = 10
"""So many pages in a row that bring nothing new end a scan that, by its count, should go on."""
DEAD_PAGES = 3
"""After so many pages in a row of which nothing could be read, see whether there is any point in going on."""
_POLL_SECONDS = 0.25

T = TypeVar("T")


class Lanes:
    """The threads that requests run in, and waiting for them in a way that a signal can end.

    Args:
        width: Requests in flight at most.
        check: Called now and then while waiting; raises to end the run.
    """

    def __init__(self, width: int, check: Callable[[], None]) -> None:
        self.width = width
        self._check = check
        self._pool: Executor = ThreadPoolExecutor(width, thread_name_prefix="cratejoy")

    def submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Start work in a thread."""
        return self._pool.submit(work, *args)

    def result(self, future: Future[T]) -> T:
        """Return what a thread brought, or raise what it raised."""
        while True:
            self._check()
            try:
                return future.result(_POLL_SECONDS)
            except NotYet:
                if future.done():  # in this very moment, or by a TimeoutError of its own
                    return future.result()

    def in_order(self, work: Callable[[Any], T], items: Iterable[Any], width: int | None = None) -> Iterator[T]:
        """Do the same work on many items, `width` at once, and hand out the results in order."""
        width = width or self.width
        ahead: deque[Future[T]] = deque()
        try:
            for item in items:
                ahead.append(self.submit(work, item))
                if len(ahead) >= width:
                    yield self.result(ahead.popleft())
            while ahead:
                yield self.result(ahead.popleft())
        finally:
            _cancel(ahead)

    def close(self) -> None:
        """Drop work that has not begun; what runs is left to end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Inline(Lanes):
    """Work done at once in the calling thread, for walks that run in a lane themselves."""

    def __init__(self) -> None:
        super().__init__(1, lambda: None)

    def submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Do the work and return it done."""
        future: Future[T] = Future()
        try:
            future.set_result(work(*args))
        except TapError as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Early:
    """The last page of a collection, read at the beginning.

    Attributes:
        index: Its place.
        result: The page, None when it could not be read then.
    """

    index: int
    result: Future[Page | None]


class PageWalk:
    """One pass over one query of one collection.

    Args:
        reader: Reads its pages.
        lanes: The threads to read in.
        tally: Counts what was seen; the walk ends by it.
        early: Whether to read the last page right after the first.
        close: Pages below this index that come short are read in smaller windows as well.
    """

    def __init__(self, reader: PageReader, lanes: Lanes, tally: Tally, *, early: bool = False, close: int = 0) -> None:
        self._reader = reader
        self._lanes = lanes
        self._tally = tally
        self._early_wanted = early
        self._close = close
        self._barren = 0
        self._dead = 0
        self.ended = ""

    @property
    def last(self) -> int:
        """Index of the last page that the server's count promises; -1 while nothing is known."""
        return last_index(self._tally.count, self._reader.size)

    def forward(self, start: int = 0, first: Page | None = None) -> Iterator[Page]:
        """Walk up to the end.

        Args:
            start: Index of the first page to read.
            first: The page at `start`, where it was read already.

        Yields:
            Pages in order, each counted before it is handed out.

        Raises:
            StreamFailed: Nothing more can be read.
        """
        ahead: deque[Future[Page]] = deque()
        upcoming = start
        early: Early | None = None
        again: Future[bool] | None = None
        if first is not None:
            upcoming += 1
            if self._take(first):
                yield first
                return
            early = self._send_early(start)
            yield first
        try:
            while True:
                while len(ahead) < self._lanes.width and (upcoming <= self.last or not ahead):
                    ahead.append(self._early_page(early, upcoming) or self._lanes.submit(self._read, upcoming))
                    upcoming += 1
                if first is not None and early is not None and again is None and upcoming > self.last:
                    again = self._lanes.submit(self._stands_still, first)
                page = self._lanes.result(ahead.popleft())
                done = self._take(page)
                if done and again is not None and not self._lanes.result(again):
                    self._tally.steady, self._tally.moved = False, True
                yield page
                if done:
                    return
        finally:
            _cancel(ahead)

    def backward(self, reached: int, *, one_by_one: bool) -> Iterator[Page]:
        """Walk to the end first and from there down to the first page.

        Rows that are deleted pull later rows forward, towards the pages a downward walk has still to read: none of
        those that stay can slip through, as long as the server looks at the pages in that order.

        Args:
            reached: Index of the last page that is known to have rows.
            one_by_one: Ask for a page only when the one above it is there, because rows are moving.

        Yields:
            Pages, descending but for the end.

        Raises:
            StreamFailed: Nothing more can be read.
        """
        top = max(min(self.last, reached), 0)
        yield from self.forward(top)
        width = 1 if one_by_one else self._lanes.width
        indexes = list(range(top - 1, -1, -1))
        if one_by_one:  # each page once more after the one below it: what moved up between the two is still caught
            indexes = [index for low in indexes for index in (low, low + 1)]
        for page in self._lanes.in_order(self._read, indexes, width):
            self._take(page)
            yield page

    def _read(self, index: int) -> Page:
        try:
            page = self._reader.read(index)
            short = index < self._close and len(page.rows) < self._reader.size and not page.failed
            return _richer(page, self._reader.read_closely(index)) if short else page
        except NotFound:
            if index == 0:
                raise
            if index <= self.last:
                self._reader.peek(0)  # the page may not be there; a collection that is gone raises once more
        except Refused:
            if index <= self.last:
                raise
        return Page(index, self._reader.number(index), [], self._tally.count)

    def _send_early(self, start: int) -> Early | None:
        """Read the last page right after the first, where a scan begins at its beginning.

        Rows that come while it runs are then never taken for rows that were there: an insert and a delete that cancel
        out in `count` leave a hole in what was seen, and the pass is not proven.
        """
        if not self._early_wanted or start or self.last < 1:
            return None
        return Early(self.last, self._lanes.submit(self._peek, self.last))

    def _peek(self, index: int) -> Page | None:
        """Return a page, None when a single attempt does not bring it."""
        try:
            return self._reader.peek(index)
        except TapError:
            return None

    def _stands_still(self, first: Page) -> bool:
        """Look at the first page once more, at the end: whatever went from it has pulled all others forward."""
        again = self._peek(0)
        return again is None or (again.count == first.count and ids(again.rows) == ids(first.rows))

    def _early_page(self, early: Early | None, index: int) -> Future[Page] | None:
        """Return the page that was read early, when its turn comes and nothing has moved since."""
        if early is None or early.index != index or index != self.last:
            return None
        page = self._lanes.result(early.result)
        if page is None:
            return None
        if page.count != self._tally.count:
            self._tally.steady = False
            return None
        ready: Future[Page] = Future()
        ready.set_result(page)
        return ready

    def _take(self, page: Page) -> bool:
        """Count a page; True when it is the last one, and `ended` says why."""
        page.new = self._tally.add(ids(page.rows), page.count)
        self._dead = self._dead + 1 if page.failed and not page.rows else 0
        if self._dead and self._dead % DEAD_PAGES == 0 and not self._lanes.result(self._lanes.submit(self._lives)):
            raise StreamFailed(
                f"{self._reader.path}: {self._dead} pages in a row could not be read, the last one page {page.number}, "
                "nor could the last page of all; the same command goes on there."
            )
        self.ended = self._end(page) or ""
        return bool(self.ended)

    def _lives(self) -> bool:
        """Whether the far end of the collection can be read, so that it makes sense to go on towards it."""
        try:
            self._reader.peek(max(self.last, 0))
        except TapError:
            return False
        return True

    def _end(self, page: Page) -> str | None:
        known, reached, beyond = self._tally.count is not None, self._tally.reached, page.index > self.last
        if page.failed:
            return None if page.new or not beyond else "nothing beyond the count can be read"
        self._barren = self._barren + 1 if page.new == 0 else 0
        if not page.rows and (not known or reached or beyond):
            return "an empty page"
        if self._barren >= BARREN_PAGES:
            return f"{BARREN_PAGES} pages in a row without a new row"
        if not page.rows:
            return None
        following = next_page(page.following)
        leads_back = following is not None and following <= page.number
        if not page.following and (reached or (not known and len(page.rows) < self._reader.size)):
            return "next is null"
        if reached and (leads_back or page.new == 0):
            return "next leads back" if leads_back else "every row was seen"
        if page.new == 0 and (beyond or not known) and not self._may_be_the_first_again(page):
            return "nothing new beyond the count" if known else "nothing new"
        return None

    def _may_be_the_first_again(self, page: Page) -> bool:
        """Whether a page of rows seen before may be the first page by its number: until the base is known."""
        return page.index == 1 and self._reader.base is None


def _richer(page: Page, close: Page) -> Page:
    """Return the reading of a page that brought more rows; windows that failed in the other one do not matter."""
    return close if len(close.rows) > len(page.rows) else page


def _cancel(futures: deque[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
