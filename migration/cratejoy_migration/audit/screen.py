"""What an audit looks like on the screen: one line a stream, one line a page with holes, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import Hole

MOST_PAGES = 20
"""So many pages with holes are shown."""
_MOST_IDS = 2


def table(lines: Sequence[Line], uncountable: Sequence[str]) -> Table:
    """Return the lines of an audit; columns in which nothing stands are left out."""
    optional = [
        ("extra", [line.extra for line in lines]),
        ("new since", [line.new for line in lines]),
        ("foreign", [line.foreign for line in lines]),
        ("doubled", [line.duplicates for line in lines]),
        ("test rows", [line.tests for line in lines]),
    ]
    shown = [(heading, values) for heading, values in optional if any(values)]
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("stream", no_wrap=True)
    for heading in ("at Cratejoy", "staged", "missing", *(heading for heading, _ in shown)):
        screen.add_column(heading, justify="right", no_wrap=True)
    for place, line in enumerate(lines):
        screen.add_row(
            line.stream,
            number(line.api_count),
            f"{line.staged:,}" if line.rows is not None else "no table",
            number(line.missing),
            *(f"{values[place]:,}" for _, values in shown),
            style="bold red" if line.missing != 0 else None,
        )
    for stream in uncountable:
        screen.add_row(stream, "not countable", "staged", "")
    return screen


def holes_table(holes: Sequence[tuple[str, Hole]]) -> Table:
    """Return pages with missing rows."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in (("stream", "left"), ("page", "right"), ("of rows", "right"), ("missing", "right")):
        screen.add_column(heading, justify=side, no_wrap=True)  # type: ignore[arg-type]  # a literal, to mypy a text
    screen.add_column("missing ids", no_wrap=True)
    for stream, hole in holes:
        screen.add_row(stream, f"{hole.page:,}", f"{hole.rows:,}", f"{len(hole.missing):,}", _ids(hole.missing))
    return screen


def notes(lines: Sequence[Line], pages_left: int = 0) -> Iterator[str]:
    """Yield what the tables do not say by themselves.

    Args:
        lines: Of the audit.
        pages_left: Pages with holes that are not shown.
    """
    if pages_left:
        yield f"... and {pages_left:,} more pages: table migration.audit_pages."
    for line in lines:
        if line.trouble:
            yield f"{line.stream}: {line.trouble.rstrip('.')}."
        if line.unnamed and line.pages:
            yield f"{line.stream}: Cratejoy counts {line.unnamed:,} more {_row(line.unnamed)} than its pages show."
        if line.extra:
            named = f" ({_ids(line.extra_ids)})" if len(line.extra_ids) == line.extra else ""
            rows, stay = ("row is", "it stays") if line.extra == 1 else ("rows are", "they stay")
            yield f"{line.stream}: {line.extra:,} staged {rows} not at Cratejoy (any more){named}; {stay}."
        if line.foreign:
            belong = "belongs" if line.foreign == 1 else "belong"
            owner = "order" if line.stream == "transactions" else "customer"
            yield f"{line.stream}: {line.foreign:,} {_row(line.foreign)} {belong} to {_a(owner)} that is not staged."
        if line.new:
            rows, them = _row(line.new), "it" if line.new == 1 else "them"
            yield f"{line.stream}: {line.new:,} {rows} came after the last collection; the next one brings {them}."


def number(value: int | None) -> str:
    """Return a figure, or a question mark for what is not known."""
    return "?" if value is None else f"{value:,}"


def _row(count: int) -> str:
    return "row" if count == 1 else "rows"


def _a(owner: str) -> str:
    return f"an {owner}" if owner == "order" else f"a {owner}"


def _ids(ids: Sequence[int]) -> str:
    if len(ids) <= _MOST_IDS:
        return ", ".join(map(str, ids))
    return f"{ids[0]} to {ids[-1]}"
