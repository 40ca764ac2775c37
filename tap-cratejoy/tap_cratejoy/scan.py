"""One scan of one stream: its queries, the passes over each, and what they prove together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pyroaring import BitMap64

from tap_cratejoy import dates
from tap_cratejoy.completeness import Tally
from tap_cratejoy.pages import Page, PageReader
from tap_cratejoy.pagination import Lanes, PageWalk

if TYPE_CHECKING:
    import logging

    from tap_cratejoy.bookmarks import Bookmark, Run
    from tap_cratejoy.client import CratejoyClient


@dataclass(frozen=True)
class Query:
    """What a scan asks a collection for.

    Attributes:
        key: Date property to filter by, None for all rows.
        since: Inclusive lower bound.
    """

    key: str | None = None
    since: datetime | None = None

    @property
    def bound(self) -> str | None:
        """The lower bound in whole seconds, as the filter takes it (Cratejoy docs: filtering)."""
        return dates.render(self.since.replace(microsecond=0)) if self.since else None

    @property
    def params(self) -> dict[str, str]:
        """The filter as URL parameters; `ge`, not `gte`."""
        return {f"{self.key}__ge": self.bound} if self.key and self.bound else {}


@dataclass
class Outcome:
    """What the passes over one query came to."""

    query: Query
    distinct: int = 0
    count: int | None = None
    proven: bool = False
    passes: int = 0
    ended: str = ""

    @property
    def missing(self) -> int:
        """Rows the server counts that no pass saw."""
        return max(0, (self.count or 0) - self.distinct)


@dataclass
class Scan:
    """Reads all queries of a stream, page by page, from where the bookmark stands.

    The caller takes each page from `pages`, emits its records, then calls `settle`.

    Attributes:
        path: The collection.
        params: Parameters of every request.
        size: Rows a page to ask for.
        queries: One or more, read one after the other.
        passes: Further passes while a query is not proven.
        failed: Windows that could not be read, in words.
        outcomes: One a query that came to its end.
    """

    client: CratejoyClient
    lanes: Lanes
    bookmark: Bookmark
    path: str
    params: Mapping[str, str]
    size: int
    queries: Sequence[Query]
    passes: int
    logger: logging.Logger
    failed: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    query: Query = field(default_factory=Query)
    pass_number: int = 1
    tally: Tally = field(default_factory=Tally)
    _frozen: bool = False
    _highest: int = 0
    _reader: PageReader = field(init=False, repr=False)

    def pages(self, run: Run) -> Iterator[Page]:
        """Yield every page of every pass.

        Raises:
            StreamFailed: Nothing more can be read.
        """
        left = self._queries_left() if self.bookmark.under_way(run) else []
        resumed = bool(left)
        if not resumed:
            self.bookmark.start_over()
        for query in left or self.queries:
            self.query = query
            yield from self._passes(query, resumed=resumed)
            resumed = False
            if len(self.queries) > 1:
                self.bookmark.state["proven_so_far"] = self.proven
            if self.failed:
                return

    @property
    def proven(self) -> bool:
        """Whether every query so far was proven."""
        before = self.bookmark.state.get("proven_so_far") is not False
        return before and bool(self.outcomes) and all(outcome.proven for outcome in self.outcomes)

    def settle(self, page: Page) -> None:
        """Move the bookmark past a page whose records are all out; a page with holes in it holds it back."""
        if page.rows:
            self._highest = max(self._highest, page.index)
        if page.failed:
            self.failed.extend(page.failed)
            self._frozen = True
        if not self._frozen and (page.rows or self.bookmark.state.get("page") is None):
            self.bookmark.page_done(
                page=page.number, page_size=self._reader.size, first_page=self._reader.base, count=page.count
            )

    def hold(self, reason: str) -> None:
        """Keep the bookmark where it is: something that belongs to the page could not be read."""
        self.failed.append(reason)
        self._frozen = True

    def _queries_left(self) -> Sequence[Query]:
        """Return the query that was under way and those after it; none when it is no longer asked for."""
        state = self.bookmark.state
        since = dates.parse(state.get("since"))
        stored = [Query(query.key, since or query.since) if query.key else query for query in self.queries]
        under_way = [place for place, query in enumerate(stored) if query.key == state.get("filter")]
        return stored[under_way[0] :] if under_way else []

    def _passes(self, query: Query, *, resumed: bool) -> Iterator[Page]:
        tally, walk, pages = self._first_pass(query, resumed=resumed)
        yield from pages
        outcome = Outcome(query, passes=1)
        seen = BitMap64(tally.seen)
        while not tally.proven and outcome.passes <= self.passes and not self.failed:
            outcome.passes += 1
            self._announce(tally, outcome)
            moving = tally.moved or (not tally.steady and tally.distinct != tally.count)
            short = tally.count is not None and not tally.start_rows and tally.distinct < tally.count
            tally = self.tally = Tally(count=tally.count)
            walk = PageWalk(self._reader, self.lanes, tally, close=self._highest if short else 0)
            self._turn(query, outcome.passes)
            yield from self._again(walk, outcome.passes, moving=moving)
            seen |= tally.seen
        outcome.distinct = tally.start_rows + len(seen)
        outcome.count, outcome.proven, outcome.ended = (
            tally.count,
            tally.proven and not self.failed,
            walk.ended,
        )
        self.outcomes.append(outcome)

    def _first_pass(self, query: Query, *, resumed: bool) -> tuple[Tally, PageWalk, Iterator[Page]]:
        state = self.bookmark.state
        size, base = (state["page_size"], state.get("first_page")) if resumed else (self.size, None)
        self._reader = PageReader(
            self.client, self.path, {**self.params, **query.params}, size=size, base=base, logger=self.logger
        )
        start = 0
        if resumed:
            if base is None and state["page"] > 1:
                self.lanes.result(self.lanes.submit(self._reader.find_base))
            start = max(0, self._reader.index(state["page"]) - 1)
            self.logger.info("%s goes on at page %d", self.path, self._reader.number(start))
        count = state.get("count") if resumed else None
        self._turn(query, 1, resumed=bool(start))
        self._highest = start
        if start:
            tally = self.tally = Tally(start_rows=start * size, count=count)
            walk = PageWalk(self._reader, self.lanes, tally)
            return tally, walk, walk.forward(start)
        tally = self.tally = Tally()
        walk = PageWalk(self._reader, self.lanes, tally, early=True)
        first = self.lanes.result(self.lanes.submit(self._reader.open))
        return tally, walk, walk.forward(0, first)

    def _again(self, walk: PageWalk, number: int, *, moving: bool) -> Iterator[Page]:
        self.lanes.result(self.lanes.submit(self._reader.doubt_base))
        downward = number % 2 == 0 and self.tally.count is not None
        return walk.backward(self._highest, one_by_one=moving) if downward else walk.forward()

    def _turn(self, query: Query, number: int, *, resumed: bool = False) -> None:
        self.pass_number = number
        self.bookmark.turn_to(number=number, filter_key=query.key, since=query.bound, resumed=resumed)

    def _announce(self, tally: Tally, outcome: Outcome) -> None:
        why = "the scan was interrupted" if tally.start_rows else f"{tally.distinct} ids for a count of {tally.count}"
        if not tally.start_rows and tally.distinct == tally.count:
            why = "rows came or went meanwhile"
        self.logger.info("%s is not proven complete (%s); pass %d", self.path, why, outcome.passes)
