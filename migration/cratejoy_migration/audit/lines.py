"""The arithmetic of an audit: what is missing from counts and ids, and how much more than a person accepted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

ALL = "all"
"""The subject of a decision that speaks of all streams together."""


_COLUMNS = frozenset({"stream", "api_count", "staged", "missing", "extra", "checked_at"})


@dataclass(frozen=True)
class Line:
    """What an audit found of one stream.

    Attributes:
        stream: Its name.
        api_count: Rows at Cratejoy that a collection takes, None when unknown.
        staged: Distinct ids staged.
        missing: Rows at Cratejoy that are not staged; None when unknown.
        extra: Rows staged that are not at Cratejoy (any more).
        rows: Rows of the staging table, None without a table.
        new: Further rows at Cratejoy that came after the last collection and wait for the next one.
        unnamed: How many of the missing rows Cratejoy counts and never showed, so that they have no id.
        foreign: Rows that belong to a customer (or an order) that is not staged.
        duplicates: Rows of the staging table that repeat an id.
        tests: Test rows at Cratejoy that are left out, as configured.
        pages: Pages read by a deep audit, 0 for one of counts only.
        extra_ids: The first of the extra ids, where a deep audit named them.
        trouble: Why something is not known, in a sentence.
        checked_at: When.
    """

    stream: str
    api_count: int | None
    staged: int
    missing: int | None
    extra: int = 0
    rows: int | None = None
    new: int = 0
    unnamed: int = 0
    foreign: int = 0
    duplicates: int = 0
    tests: int = 0
    pages: int = 0
    extra_ids: list[int] = field(default_factory=list)
    trouble: str = ""
    checked_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def details(self) -> dict[str, Any]:
        """What `migration.audit` keeps in its column `details`."""
        return {name: value for name, value in asdict(self).items() if name not in _COLUMNS}


def known(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return those details that a line has today; another version may have kept others."""
    names = {one.name for one in fields(Line)} - _COLUMNS
    return {name: value for name, value in details.items() if name in names}


def by_counts(stream: str, counted: int | None, staged: int, new: int = 0, **more: Any) -> Line:
    """Return the line of a stream from its counts alone.

    Args:
        stream: Its name.
        counted: Cratejoy's count of what is wanted, None when unknown.
        staged: Distinct ids staged.
        new: Rows that came to Cratejoy after the last collection, staged or not.
        more: Further attributes of the line.
    """
    if counted is None:
        return Line(stream, None, staged, None, **more)
    short = max(0, counted - staged)
    waiting = min(max(0, new), short)
    return Line(stream, counted, staged, short - waiting, max(0, staged - counted), new=waiting, **more)


def beyond(lines: Iterable[Line], accepted: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows of each stream are missing beyond what was accepted; streams that hold are left out.

    A decision about one stream covers that stream; one about all of them covers what is left, in their order. A
    stream of which nothing is known counts as one row that no decision about an amount can cover.

    Args:
        lines: Of the audit.
        accepted: Rows by stream, or by `all`.
    """
    left = accepted.get(ALL, 0)
    found = {}
    for line in lines:
        if line.missing is None:
            found[line.stream] = 1
            continue
        over = max(0, line.missing - accepted.get(line.stream, 0))
        covered = min(over, left)
        left -= covered
        if over > covered:
            found[line.stream] = over - covered
    return found


def newcomers(counted: int | None, at_collection: int | None) -> int:
    """Return how many rows came after a collection that read the whole stream, by the two counts; 0 when unknown."""
    return max(0, counted - at_collection) if counted is not None and at_collection is not None else 0
