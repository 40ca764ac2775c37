"""Rows that came to Cratejoy after the last collection: they wait for the next one and are no hole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tap_cratejoy import dates

from cratejoy_migration.audit import staged as staging
from cratejoy_migration.audit.lines import Line, newcomers
from cratejoy_migration.audit.scope import COUNTABLE, Scope
from cratejoy_migration.audit.source import Cratejoy

Mark = Mapping[str, Any]


def at_collection(mark: Mark | None, earlier: Line | None) -> int | None:
    """Return how many rows a stream had when it was last known to be read whole; None when that is not known.

    Args:
        mark: The stream's bookmark, as the tap saves it.
        earlier: What the last audit found; if that was nothing amiss, and after the scan, its count counts too.
    """
    if not mark or not mark.get("complete") or mark.get("filter") or type(mark.get("count")) is not int:
        return None
    counts = [int(mark["count"])]
    began = dates.parse(mark.get("scan_started_at"))
    if earlier and began and earlier.checked_at > began and not earlier.missing and not earlier.new:
        counts.append(earlier.api_count or 0)
    return max(counts)


def new_rows(
    cratejoy: Cratejoy,
    connection: staging.Connection,
    scope: Scope,
    mark: Mark | None,
    earlier: Line | None,
    counted: int,
) -> int:
    """Return how many rows, staged or not, came after the last collection; 0 when that cannot be told.

    A stream that is read whole is told by the counts then and now. One that was last read from a date on is told by the
    rows dated after that collection began, which costs a request.

    Raises:
        TapError: Cratejoy is away.
    """
    if not scope.whole:
        return 0
    if mark and mark.get("complete") and mark.get("filter"):
        began = dates.parse(mark.get("scan_started_at"))
        return _dated_after(cratejoy, connection, scope, began) if began else 0
    return newcomers(counted, at_collection(mark, earlier))


def _dated_after(cratejoy: Cratejoy, connection: staging.Connection, scope: Scope, moment: datetime) -> int:
    key = COUNTABLE[scope.stream].incremental_key
    if key is None:
        return 0
    late = replace(scope, keys=(key,), since=moment)
    counted = cratejoy.count(late).count
    staged = staging.look(connection, late)
    return max(0, counted - staged.distinct) if counted is not None and staged is not None else 0
