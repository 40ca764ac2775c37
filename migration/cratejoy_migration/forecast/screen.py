"""A forecast for the screen: outcomes, reasons, points, hours on each plan, and where the lists lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from target_shopify.forecast import UNMEASURED
from target_shopify.progress import duration
from target_shopify.rules import CHECKS, MET, REFUSALS

OUTCOMES = ("created", "adopted", "merged", "updated", "unchanged", "refused", "unknown")
_MOST_REASONS = 8
_SKIPPED = {"email_taken": "The e-mail is another customer's, and conflict is skip."}
_HOUR = 3600.0


def outcomes(figures: Mapping[str, Any]) -> Table:
    """Return what would become of the documents, refusals and repairs by reason."""
    screen = _table(("documents", "left"), ("count", "right"), ("", "left"))
    counts = figures.get("counts", {})
    for outcome in OUTCOMES:
        if counts.get(outcome):
            screen.add_row(outcome, f"{counts[outcome]:,}", "")
            if outcome == "refused":
                _reasons(screen, refusals(figures))
    screen.add_row("all", f"{figures.get('documents', 0):,}", "", style="bold")
    if figures.get("repairs"):
        screen.add_row("", "", "")
        screen.add_row("repaired, of these", "", "", style="bold")
        _reasons(screen, repairs(figures))
    return screen


def plans(figures: Mapping[str, Any]) -> Table:
    """Return the time that the points take at this shop's rate and on each plan."""
    screen = _table(("one by one", "left"), ("points/s", "right"), ("time", "right"))
    for name, rate, seconds in hours(figures):
        screen.add_row(name, f"{rate:,.0f}", duration(seconds))
    return screen


def hours(figures: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Return, for this shop and for each plan, its points a second and the seconds that the points take there."""
    rates = {"this shop now": figures.get("live", {}).get("restore_rate")}
    rates |= {f"plan {name}": plan["restore_rate"] for name, plan in figures.get("plans", {}).items()}
    return [(name, rate, figures.get("points", 0) / rate) for name, rate in rates.items() if rate]


def refusals(figures: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Return each reason for which customers would be refused: code, customers, meaning; the most frequent first."""
    return _told(figures.get("refusals", {}), REFUSALS | _SKIPPED)


def repairs(figures: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Return each thing that would be repaired, in the same form."""
    return _told(figures.get("repairs", {}), CHECKS | MET)


def notes(figures: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Yield what the tables do not show: points and calls, files against single calls, and the lists."""
    yield from speeds(figures)
    yield f"To work through: {folder / 'fix-list.csv'} ({figures.get('fix_list', 0):,} lines, opens in a spreadsheet)."
    yield f"Every document:  {folder / 'forecast.csv'}"


def speeds(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the points are spent on, and how fast single calls and files are."""
    calls = ", ".join(f"{name} {count:,}" for name, count in list(figures.get("calls", {}).items())[:5])
    yield f"{figures.get('points', 0):,} points" + (f" in calls: {calls}." if calls else ".")
    yield from _measured_direct(figures.get("direct", {}))
    yield from _files(figures)


def _measured_direct(figures: Mapping[str, Any]) -> Iterator[str]:
    speed = figures.get("customers_per_second")
    if speed:
        seconds = figures["hours"] * _HOUR
        yield f"One by one as the pilot measured: {speed:,.1f} customers a second, {duration(seconds)}."


def _files(figures: Mapping[str, Any]) -> Iterator[str]:
    bulk = figures.get("bulk", {})
    if not bulk.get("customers"):
        return
    speed, even = bulk.get("lines_per_second"), bulk.get("faster_than_direct_above", 0)
    hours = bulk.get("hours_by_lines_per_second", {})
    told = (
        f"{duration(bulk['hours'] * _HOUR)} at the {speed:,.1f} lines a second that the pilot measured"
        if speed
        else UNMEASURED
    )
    yield (
        f"By file (bulk): {bulk['customers']:,} new customers cost no points, {bulk['points_left']:,} points are left; "
        f"{told}. Faster than one by one above {even:,.0f} lines a second."
    )
    if not speed and hours:
        some = ", ".join(
            f"{name}/s {duration(float(hours[name]) * _HOUR)}" for name in ("5", "25", "100") if name in hours
        )
        yield f"By file, if Shopify takes so many lines a second: {some}."


def _table(*columns: tuple[str, str]) -> Table:
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in columns:
        screen.add_column(heading, justify=side, no_wrap=bool(heading))  # type: ignore[arg-type]
    return screen


def _reasons(screen: Table, reasons: Sequence[tuple[str, int, str]]) -> None:
    for name, count, meaning in reasons[:_MOST_REASONS]:
        screen.add_row(f"  {name}", f"{count:,}", meaning, style="dim")
    if len(reasons) > _MOST_REASONS:
        rest = sum(count for _, count, _ in reasons[_MOST_REASONS:])
        screen.add_row(f"  {len(reasons) - _MOST_REASONS} more reasons", f"{rest:,}", "", style="dim")


def _told(reasons: Mapping[str, int], words: Mapping[str, str]) -> list[tuple[str, int, str]]:
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        (reason, count, words.get(reason, "")) if len(reason) <= _NAME_LENGTH else ("other", count, reason)
        for reason, count in ordered
    ]


_NAME_LENGTH = 24
