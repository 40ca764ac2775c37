"""What a purge shows: the plan, what was removed, what stays and why."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.table import Table

from cratejoy_migration.overview import readable_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cratejoy_migration.purge.purge import Scope, Stock

Row = tuple[str, str, str]

WARNING = (
    "A purge is final: without ledger and before-images nothing can be verified, repaired or rolled back any more."
)


def table(stock: Stock) -> Table:
    """Return what there is, a line a table and a line a kind of file."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("what", overflow="fold")
    screen.add_column("count", justify="right", no_wrap=True)
    screen.add_column("size", justify="right", no_wrap=True)
    for row in rows(stock):
        screen.add_row(*row)
    return screen


def rows(stock: Stock) -> Iterator[Row]:
    """Yield the lines of the table: what, how many, how large."""
    tables = [one for contents in stock.tables.values() for one in contents]
    for one in tables:
        if one.rows:
            yield one.name, _count(one.rows, "row"), readable_size(one.size)
    empty = [one for one in tables if not one.rows]
    if empty:
        yield "empty tables", f"{len(empty):,}", readable_size(sum(one.size for one in empty))
    if stock.objects and not tables:
        yield "empty schemas", f"{stock.objects:,}", ""
    if stock.embedded[0]:
        yield "embedded database, .staging", _count(stock.embedded[0], "file"), readable_size(stock.embedded[1])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for remnant in stock.remnants:
        counts[remnant.what][0] += remnant.files
        counts[remnant.what][1] += remnant.size
    for what, (number, size) in counts.items():
        yield what, _count(number, "file"), readable_size(size)
    for name, label in (("runs", "Meltano's history of runs"), ("state", "Meltano's bookmarks")):
        if stock.memory.get(name):
            yield label, _count(stock.memory[name], "row"), ""


def stays(stock: Stock) -> list[str]:
    """Return what stays and why, a line each."""
    return [f"{what}: {why}." for what, why in dict.fromkeys(stock.kept)]


def proof(scope: Scope, after: Stock) -> str:
    """Return what was looked for again, and how much of it was found."""
    parts = []
    if scope.database:
        parts.append(f"{after.objects:,} objects in the schemas cratejoy and migration")
        parts.append(f"{after.embedded[0]:,} files of the embedded database")
    if scope.files:
        parts.append(f"{sum(one.files for one in after.remnants):,} files of reports, logs and runs")
        parts.append(f"{sum(after.memory.values()):,} rows of Meltano's")
    return f"Looked again: {', '.join(parts)}."


def _count(number: int, one: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {one}s"
