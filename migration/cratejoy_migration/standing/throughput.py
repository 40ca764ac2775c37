"""The history of runs with how much and how fast, for the screen and for machines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from target_shopify.progress import duration

from cratejoy_migration.history import done
from cratejoy_migration.runs import WRITES, Run
from cratejoy_migration.standing import live

UNITS = {
    "collect": "rows",
    "migrate": "customers",
    "send": "customers",
    "documents": "customers",
    "forecast": "documents",
}
"""What a run's count is of."""


def table(history: Sequence[Run]) -> Table:
    """Return a line a run, newest last, and the time of all together."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in (
        ("began", "left"), ("command", "left"), ("ended", "left"), ("took", "right"), ("done", "right"),
        ("a second", "right"), ("points/s", "right"),
    ):  # fmt: skip
        screen.add_column(heading, justify=side, no_wrap=True)  # type: ignore[arg-type]
    for run in reversed(history):
        one = measured(run)
        screen.add_row(
            f"{run.started_at.astimezone():%d %b %H:%M}", run.command, run.state, duration(run.seconds),
            f"{one['count']:,} {one['unit']}" if one["count"] and one["unit"] else "",
            _figure(one["per_second"]), _figure(one["points_per_second"]),
        )  # fmt: skip
    screen.add_section()
    screen.add_row("all together", "", "", duration(total(history)), "", "", "", style="bold")
    return screen


def measured(run: Run) -> dict[str, Any]:
    """Return a run for machines: count, unit, rates a second."""
    points = run.figures.get("points") if run.command in WRITES else None
    slow = run.seconds >= live.LEAST_SECONDS
    return {
        "run_id": run.run_id,
        "command": run.command,
        "state": run.state,
        "started_at": run.started_at.isoformat(),
        "seconds": round(run.seconds, 1),
        "count": done(run.figures) if run.command in UNITS else None,
        "unit": UNITS.get(run.command),
        "per_second": _rounded(live.rate(run)) if run.command in UNITS else None,
        "points": points,
        "points_per_second": _rounded(points / run.seconds) if points and slow else None,
        "figures": run.figures,
    }


def total(history: Iterable[Run]) -> float:
    """Return the seconds of all runs together; what runs inside another counts once.

    Args:
        history: In any order.
    """
    spans = sorted((run.started_at, run.ended_at) for run in history)
    seconds, until = 0.0, None
    for began, ended in spans:
        start = began if until is None or began > until else until
        if ended > start:
            seconds += (ended - start).total_seconds()
            until = ended
    return seconds


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)


def _figure(number: float | None) -> str:
    return "" if number is None else f"{number:,.1f}"
