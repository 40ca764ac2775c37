"""What a rollback will do and what it has done: for the screen, as JSON, and line by line as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table
from target_shopify.report import owner_only

from cratejoy_migration.rollback.deleting import LINGERS

Count = tuple[str, str, str, str, int]
"""Kind, action, state, reason, how many."""

_WHAT = {
    "order": "orders we made",
    "customer": "customers we made",
    "adopted": "customers adopted",
    "definition": "metafield definitions",
    "document": "ledger rows, no customer",
}
_PLANNED = {
    "delete": "deleted",
    "restore": "restored",
    "strip": "stay, our traces go",
    "leave": "stay as they are",
    "forget": "forgotten",
}
_STATES = {"done": "", "kept": "stayed", "refused": "REFUSED", "planned": "NOT DONE YET"}
_DONE = {
    "delete": "deleted",
    "restore": "restored",
    "strip": "stayed, our traces gone",
    "leave": "stayed as they are",
    "forget": "forgotten",
}


def unfinished(counts: Iterable[Count]) -> int:
    """Return how many items are not undone though they were to be."""
    return sum(count for _, _, state, _, count in counts if state in ("planned", "refused"))


def plan_table(counts: Sequence[Count]) -> Table:
    """Return what will be done."""
    return _table(words(counts, planned=True))


def result_table(counts: Sequence[Count]) -> Table:
    """Return what was done."""
    return _table(words(counts, planned=False))


def words(counts: Iterable[Count], *, planned: bool) -> Iterator[tuple[str, int, str, str]]:
    """Yield lines for people: what, how many, what becomes or became of it, why."""
    for kind, action, state, reason, count in _ordered(counts):
        becomes = _PLANNED[action] if planned else _outcome(kind, action, state)
        yield _WHAT[kind], count, becomes, reason


def notes(
    counts: Sequence[Count], stays: Mapping[str, int], seen: Mapping[str, Mapping[str, int]], strangers: int
) -> Iterable[str]:
    """Yield what the table does not say."""
    for what, figure in seen.items():
        yield f"Looked back at {figure['in_shop']:,} {what} of the shop: {figure['with_traces']:,} bear our traces."
    if stays:
        listed = ", ".join(f"{name} {count:,}" for name, count in stays.items())
        yield f"Changed by others since, and left as it is, in adopted customers: {listed}."
    if strangers:
        yield (
            f"With traces of a migration, but not of this ledger, so left alone: {strangers:,} (in rollback.json; of "
            "another migration, or ours were merged into them in the shop)."
        )
    if any(reason == LINGERS for _, _, _, reason, _ in counts):
        yield "Shopify still holds customers whose orders are deleted: run the same command again later."


def figures(shop: str, counts: Sequence[Count], stays: Mapping[str, int]) -> dict[str, Any]:
    """Return what `rollback.json` holds."""
    return {
        "shop": shop,
        "complete": unfinished(counts) == 0,
        "items": [
            {"kind": kind, "action": action, "state": state, "reason": reason or None, "count": count}
            for kind, action, state, reason, count in _ordered(counts)
        ],
        "changed_since": dict(stays),
    }


def write(folder: Path, told: Mapping[str, Any], listed: Iterable[Sequence[Any]]) -> Path:
    """Write `rollback.json`, and `rollback.csv` with what was not simply undone; return the latter's path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with owner_only(folder / "rollback.json") as file:
        file.write(orjson.dumps(dict(told), option=orjson.OPT_INDENT_2) + b"\n")
    path = folder / "rollback.csv"
    with owner_only(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        rows = csv.writer(text)
        rows.writerow(("kind", "id", "cratejoy_ids", "action", "state", "reason", "changed_since"))
        rows.writerows((*row[:2], " ".join(row[2]), *row[3:]) for row in listed)
        text.flush()
        text.detach()
    return path


def _outcome(kind: str, action: str, state: str) -> str:
    if state == "kept" and action == "delete":
        return _DONE["strip"] if kind == "customer" else "stayed"
    return _DONE[action] if state in ("done", "kept") else _STATES[state]


def _ordered(counts: Iterable[Count]) -> list[Count]:
    kinds = list(_WHAT)
    return sorted(counts, key=lambda one: (kinds.index(one[0]), one[1], one[2], one[3]))


def _table(rows: Iterable[tuple[str, int, str, str]]) -> Table:
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("what", no_wrap=True)
    screen.add_column("count", justify="right", no_wrap=True)
    screen.add_column("becomes", no_wrap=True)
    screen.add_column("why")
    for what, count, becomes, why in rows:
        screen.add_row(what, f"{count:,}", becomes, why)
    return screen
