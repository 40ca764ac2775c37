"""What is known of a scan between runs: one plain dictionary a stream, readable as a progress report.

The keys of the contract are `page`, `page_size`, `records`, `count`, `scan_started_at`, `run_id`, `complete`, `proven`
and, for incremental streams, `replication_key` and `replication_key_value`. Besides these a scan that is under way
keeps `first_page` (the number of the collection's first page), `pass`, `filter` and `since` (the query it reads),
`proven_so_far` (the queries before it) and `highest_seen` (what the replication key value will become); one that fails
`failures` and `failed_at` (how often without progress, and where).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tap_cratejoy import dates

State = dict[str, Any]
_SCAN_KEYS = ("page", "first_page", "pass", "filter", "since", "highest_seen", "proven_so_far")
STATE_TYPES: dict[str, type] = {
    **dict.fromkeys(("page", "page_size", "first_page", "pass", "records", "count", "failures"), int),
    **dict.fromkeys(("run_id", "scan_started_at", "replication_key_value", "filter", "since", "highest_seen"), str),
}
_FAILURE_KEYS = ("failures", "failed_at")
_ENDURED_FAILURES = 2


@dataclass(frozen=True)
class Run:
    """The run that scans belong to.

    Attributes:
        run_id: Its name in every bookmark.
        resumed: Whether an earlier process began it.
    """

    run_id: str
    resumed: bool


def choose_run(bookmarks: Mapping[str, State], streams: Iterable[str], now: datetime) -> Run:
    """Go on with the predecessor when it is unfinished, else begin anew.

    Args:
        bookmarks: State by stream.
        streams: The streams selected now.
        now: The present, for the name of a new run.

    Returns:
        The run to write into every bookmark.
    """
    known = [state for name in streams if (state := bookmarks.get(name)) and state.get("run_id")]
    latest = max(known, key=lambda state: _order(str(state.get("scan_started_at") or "")), default=None)
    if latest is not None:
        members = [state for state in known if state["run_id"] == latest["run_id"]]
        if any(not state.get("complete") and not _gave_up(state) for state in members):
            return Run(str(latest["run_id"]), resumed=True)
    stamp = dates.render(now.replace(microsecond=0)).replace(":", "").replace("-", "")
    return Run(f"{stamp}-{uuid.uuid4().hex[:6]}", resumed=False)


def _gave_up(state: State) -> bool:
    """A stream that fails at the same place again and again must not keep all others from being scanned anew."""
    return int(state.get("failures") or 0) >= _ENDURED_FAILURES


class Bookmark:
    """The state of one stream.

    Args:
        state: The stream's dictionary within the tap's state; changed in place.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    def belongs_to(self, run: Run) -> bool:
        """Whether this stream's scan is part of the run."""
        return bool(self.state.get("run_id") == run.run_id)

    def done_in(self, run: Run) -> bool:
        """Whether this run has nothing left to do for the stream."""
        return run.resumed and self.belongs_to(run) and bool(self.state.get("complete"))

    def under_way(self, run: Run) -> bool:
        """Whether a scan of this run stopped in its first pass and can go on from its page."""
        state = self.state
        return (
            run.resumed
            and self.belongs_to(run)
            and _whole(state.get("page"), 0)
            and _whole(state.get("page_size"), 1)
            and isinstance(state.get("scan_started_at"), str)
            and (state.get("pass") or 1) == 1
        )

    def plan(self, run: Run, now: datetime) -> None:
        """Enter the stream in the run before its turn comes."""
        if not self.belongs_to(run):
            self._forget(*_SCAN_KEYS, *_FAILURE_KEYS)
            self.state.update(run_id=run.run_id, scan_started_at=dates.render(now), complete=False, proven=False)

    def begin(self, now: datetime) -> None:
        """A new scan starts from the first page."""
        self._forget(*_SCAN_KEYS)
        self.state.update(
            scan_started_at=dates.render(now.replace(microsecond=0)), records=0, complete=False, proven=False
        )

    def turn_to(self, *, number: int, filter_key: str | None, since: str | None, resumed: bool = False) -> None:
        """A pass over a query starts, or goes on.

        Args:
            number: Which pass, from 1.
            filter_key: Property the query filters by.
            since: Its lower bound, RFC 3339.
            resumed: The pass goes on where an earlier run stopped; its page stays until the next one is out.
        """
        self._forget("filter", "since")
        if filter_key is not None:
            self.state.update(filter=filter_key, since=since)
        if not resumed:
            self._forget("page")
        self.state["pass"] = number

    def page_done(self, *, page: int, page_size: int, first_page: int | None, count: int | None) -> None:
        """All records of a page were emitted."""
        self.state.update(page=page, page_size=page_size, count=count)
        if first_page is not None:
            self.state["first_page"] = first_page

    def add_records(self, number: int) -> None:
        """So many more records were emitted."""
        self.state["records"] = int(self.state.get("records") or 0) + number

    def saw(self, value: str | None) -> None:
        """A record carried this replication key value (RFC 3339); future dates do not count."""
        if value and _order(value) <= _order(self.state["scan_started_at"]):
            self.state["highest_seen"] = max(value, self.state.get("highest_seen") or "", key=_order)

    def finish(self, *, complete: bool, proven: bool, replication_key: str | None) -> None:
        """The scan ended; only now the replication key value moves, and never back."""
        highest = self.state.get("highest_seen")
        if complete:
            self._forget(*_FAILURE_KEYS, "proven_so_far")
        else:
            self.state["pass"] = int(self.state.get("pass") or 1) + 1  # not to go on at its last page: scan again
        self.state.update(complete=complete, proven=proven)
        if replication_key and complete:
            self.state["replication_key"] = replication_key
            if highest:
                before = dates.normalize(self.state.get("replication_key_value")) or ""
                value = max(highest, before, key=_order)
                self.state["replication_key_value"] = value

    def fail(self) -> None:
        """The stream failed; failures without progress in between are counted."""
        place = self.state.get("page")
        before = int(self.state.get("failures") or 0)
        self.state["failures"] = before + 1 if self.state.get("failed_at") == place else 1
        self.state["failed_at"] = place

    def start_over(self) -> None:
        """The queries are read from the first one on."""
        self._forget("proven_so_far")

    def _forget(self, *names: str) -> None:
        """Set keys to null rather than remove them.

        Meltano lays the state of a run that did not end over the state before: what is removed would come back.
        """
        for name in names:
            if name in self.state:
                self.state[name] = None


def _whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _order(value: str) -> str:
    """Return a key under which RFC 3339 texts in UTC sort by time, with or without fractions of a second."""
    return value.rstrip("Z")
