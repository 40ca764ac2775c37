"""What a bookmark says, and what it becomes when somebody changes it. Pure.

A bookmark is changed so that the tap's own rules do the rest. A stream of the latest run that is not complete makes the
next collection go on with that run: it reads this stream, and leaves alone those that are complete in it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tap_cratejoy import dates

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.overview import readable_mark

State = dict[str, Any]

_SCAN = ("page", "first_page", "pass", "filter", "since", "highest_seen", "proven_so_far", "failures", "failed_at")
"""Keys of a scan under way; they become null rather than vanish, as the tap itself does it."""


@dataclass(frozen=True)
class Mark:
    """One stream's bookmark, as the tap keeps it."""

    stream: str
    state: Mapping[str, Any]

    @property
    def told(self) -> str:
        """The bookmark in a few words."""
        return readable_mark(self.state)

    @property
    def page(self) -> int | None:
        """Last page whose records are all out, in the server's own numbering."""
        return _number(self.state.get("page"))

    @property
    def last_page(self) -> int | None:
        """Number of the last page, by the server's count; None when that is not known."""
        count, size = _number(self.state.get("count")), _number(self.state.get("page_size"))
        if not count or not size:
            return None
        return (_number(self.state.get("first_page")) or 0) + (count - 1) // size

    @property
    def complete(self) -> bool:
        """Whether its last scan came to its end."""
        return bool(self.state.get("complete"))

    @property
    def proven(self) -> bool:
        """Whether that scan saw every row that the server counts."""
        return bool(self.state.get("proven"))

    @property
    def started_at(self) -> datetime | None:
        """When its scan began."""
        return dates.parse(self.state.get("scan_started_at"))

    @property
    def upto(self) -> datetime | None:
        """Of an incremental stream: up to when its rows were read; None for others."""
        return dates.parse(self.state.get("replication_key_value"))


def restarted(state: State, stream: str) -> State:
    """Return a state with which the next run scans a stream from its first page, whatever was read before.

    Raises:
        OperatorError: The stream has no bookmark.
    """
    found, mark = _of(state, stream)
    mark.update(dict.fromkeys(name for name in (*_SCAN, "replication_key_value") if name in mark))
    mark.update(run_id=_latest_run(found), records=0, complete=False, proven=False)
    return found


def continued(state: State, stream: str, page: int) -> State:
    """Return a state with which the next run goes on with a stream's scan at a page.

    Raises:
        OperatorError: The stream has no bookmark with pages, or no such page.
    """
    found, mark = _of(state, stream)
    before = Mark(stream, mark)
    size, first = _number(mark.get("page_size")), _number(mark.get("first_page")) or 0
    if not size or not isinstance(mark.get("scan_started_at"), str):
        raise OperatorError(f"{stream} was never read page by page: let it be read from its first page.")
    if page < first or (before.last_page is not None and page > before.last_page):
        last = f" to {before.last_page}" if before.last_page is not None else " on"
        raise OperatorError(f"{stream} has no page {page}: pages go from {first}{last}.")
    mark.update(dict.fromkeys(name for name in ("failures", "failed_at", "proven_so_far") if name in mark))
    mark.update(run_id=_latest_run(found), page=page, complete=False, proven=False)
    mark["pass"] = 1
    mark["records"] = min(_number(mark.get("records")) or 0, (page - first) * size)
    return found


def _of(state: State, stream: str) -> tuple[State, State]:
    """Return a copy of a state, and the bookmark of a stream in it."""
    found = copy.deepcopy(state)
    mark = marks_of(found).get(stream)
    if not isinstance(mark, dict) or not mark.get("run_id"):
        known = ", ".join(name for name, one in marks_of(found).items() if isinstance(one, dict) and one.get("run_id"))
        raise OperatorError(f"There is no bookmark of {stream}; there are: {known or 'none'}.")
    return found, mark


def _latest_run(state: State) -> str:
    """Return the run that the next one goes on with while a stream of it is not complete."""
    marks = [one for one in marks_of(state).values() if isinstance(one, dict) and one.get("run_id")]
    latest = max(marks, key=lambda mark: str(mark.get("scan_started_at") or "").rstrip("Z"))
    return str(latest["run_id"])


def marks_of(state: State) -> dict[str, Any]:
    """Return the bookmarks of a state, by stream."""
    found: dict[str, Any] = state.get("bookmarks") or {}
    return found


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
