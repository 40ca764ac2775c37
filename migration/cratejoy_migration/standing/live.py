"""A run that goes on, in words: how far, how fast, how long still. Pure."""

from __future__ import annotations

from target_shopify.progress import duration

from cratejoy_migration.history import done
from cratejoy_migration.runs import Run

LEAST_SECONDS = 2.0
"""A shorter run says nothing of speed."""


def sentence(run: Run) -> str:
    """Return what a running program is doing: `migrate is running: 1,200 of 2,000 (60 %), 9.9/s, 2 min left`."""
    told = ", ".join(part for part in (*_far(run), f"for {duration(run.seconds)}") if part)
    return f"{run.command} is running: {told}"


def rate(run: Run) -> float | None:
    """Return how many rows or documents a second a run came to; None when it is too short to say."""
    count = done(run.figures)
    return count / run.seconds if count and run.seconds >= LEAST_SECONDS else None


def _far(run: Run) -> list[str]:
    count, total, speed = done(run.figures), run.figures.get("total"), rate(run)
    if run.command == "run":
        return [str(run.figures.get("step") or "")]
    if not count:
        return []
    told = [f"{count:,} of {total:,} ({min(100, 100 * count // total)} %)" if total else f"{count:,} rows"]
    if speed:
        told.append(f"{speed:,.1f}/s")
        told += [f"{duration((total - count) / speed)} left"] if total and total > count else []
    return told
