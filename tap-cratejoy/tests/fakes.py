"""A Cratejoy in memory that behaves as a test says, for the parts of the tap that need no HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from tap_cratejoy.bookmarks import Bookmark, Run
from tap_cratejoy.client import Answer
from tap_cratejoy.errors import TapError
from tap_cratejoy.pagination import Lanes
from tap_cratejoy.scan import Query, Scan

LOGGER = logging.getLogger("test")
RUN = Run("run-1", resumed=False)
RESUMED = Run("run-1", resumed=True)


class FakeCratejoy:
    """Serves `ids` in ascending order, `limit` a page, and lets a test interfere.

    Args:
        ids: The rows that exist; a test may change the list between requests.
        base: Number of the first page.
        before: Called before each request with this fake and the page number asked for (None when unnumbered).
        answer: Called with the honest envelope and the request's parameters; returns the one to send, or raises.
        cap: Largest page the server serves.
    """

    stopping = False

    def __init__(
        self,
        ids: list[int],
        *,
        base: int = 0,
        before: Callable[[FakeCratejoy, int | None], None] | None = None,
        answer: Callable[[dict[str, Any], dict[str, str]], dict[str, Any]] | None = None,
        cap: int = 1000,
    ) -> None:
        self.ids = ids
        self.base = base
        self.before = before
        self.answer = answer
        self.cap = cap
        self.requests: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def get(
        self, path: str, params: dict[str, str] | None = None, *, retries: int | None = None, check: Any = None
    ) -> Answer:
        with self._lock:
            params = dict(params or {})
            self.requests.append(params)
            number = int(params["page"]) if "page" in params else None
            if self.before:
                self.before(self, number)
            limit = min(int(params["limit"]), self.cap)
            index = 0 if number is None else number - self.base
            rows = self.ids[index * limit : (index + 1) * limit] if index >= 0 else []
            more = (index + 1) * limit < len(self.ids)
            envelope: dict[str, Any] = {
                "count": len(self.ids),
                "next": f"?page={index + self.base + 1}&limit={limit}" if more else None,
                "prev": None,
                "results": [{"id": row} for row in rows],
            }
            if self.answer:
                envelope = self.answer(envelope, params)
            return Answer(envelope, suspect=False)

    @property
    def pages_asked(self) -> list[int | None]:
        """Page numbers asked for, None for the unnumbered first page."""
        return [int(request["page"]) if "page" in request else None for request in self.requests]


def scan_of(
    server: Any,
    *,
    size: int = 10,
    state: dict[str, Any] | None = None,
    run: Run = RUN,
    passes: int = 2,
    concurrency: int = 1,
    queries: list[Query] | None = None,
) -> tuple[Scan, list[int]]:
    """Run a whole scan and return it with the ids it emitted, in order."""
    bookmark = Bookmark(state if state is not None else {})
    if not bookmark.under_way(run):
        bookmark.state.update(run_id=run.run_id, scan_started_at="2026-01-01T00:00:00Z", records=0, complete=False)
    lanes = Lanes(concurrency, lambda: None)
    scan = Scan(
        client=server,
        lanes=lanes,
        bookmark=bookmark,
        path="/customers/",
        params={},
        size=size,
        queries=queries or [Query()],
        passes=passes,
        logger=LOGGER,
    )
    emitted: list[int] = []
    try:
        for page in scan.pages(run):
            emitted.extend(row["id"] for row in page.rows)
            scan.settle(page)
    except TapError as error:
        scan.failed.append(str(error))
    finally:
        lanes.close()
    return scan, emitted
