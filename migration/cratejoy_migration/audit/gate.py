"""The gate before phase 2: nothing may be missing beyond what a person accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cratejoy_migration.audit.lines import Line, beyond
from cratejoy_migration.audit.verdict import ACCEPT, rows


def describes(lines: Sequence[Line], counts: Mapping[str, int], streams: Collection[str]) -> bool:
    """Return whether an audit still describes the staging: all is known, and no row was stored or deleted since.

    A later collection that stored no new row, only changed ones, takes nothing from what an audit found.

    Args:
        lines: Of the last audit.
        counts: Rows of each staging table now.
        streams: Those that are to be audited; each needs its line.
    """
    audited = {line.stream: line.rows or 0 for line in lines}
    names = {*audited, *counts}
    known = all(line.missing is not None for line in lines)
    return known and set(streams) <= set(audited) and all(audited.get(name, 0) == counts.get(name, 0) for name in names)


def recounted(lines: Sequence[Line], counts: Mapping[str, int]) -> list[Line]:
    """Return the lines of an audit with what was stored or deleted since; the figures of Cratejoy stay those of then.

    Args:
        lines: Of the last audit.
        counts: Rows of each staging table now.
    """
    found = []
    for line in lines:
        grown = counts.get(line.stream, 0) - (line.rows or 0)
        missing = None if line.missing is None else max(0, line.missing - grown)
        found.append(replace(line, missing=missing, staged=line.staged + grown, rows=counts.get(line.stream)))
    return found


def refusal(lines: Sequence[Line], accepted: Mapping[str, int]) -> str | None:
    """Return the sentence that keeps phase 2 from starting; None when it may start."""
    over = beyond(lines, accepted)
    if not over:
        return None
    unknown = [line.stream for line in lines if line.missing is None]
    if set(over) <= set(unknown):
        return f"it is not known whether all of {', '.join(unknown)} is staged: migration audit --deep tells."
    named = {stream: amount for stream, amount in over.items() if stream not in unknown}
    parts = ", ".join(f"{amount:,} of {stream}" for stream, amount in named.items())
    stream = max(named, key=lambda name: named[name])
    accept = ACCEPT.format(stream=stream, count=next(line.missing for line in lines if line.stream == stream))
    total = rows(sum(named.values()))
    return (
        f"{total} missing beyond what was accepted ({parts}). Three ways on: meltano run collect; migration backfill; "
        f"or {accept}. For a rehearsal with part of the rows, set TAP_CRATEJOY_RECORD_LIMIT for this command too."
    )


def age(line: Line, now: datetime | None = None) -> str:
    """Return how old an audit is, in words."""
    minutes = ((now or datetime.now(UTC)) - line.checked_at).total_seconds() / 60
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = int(minutes // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
