"""What the page "Forecast" shows: the figures of the last dry run, whether they hold, and the fix list."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from target_shopify.fix_list import HEADINGS
from target_shopify.progress import duration

from cratejoy_migration import decisions, runs
from cratejoy_migration.forecast import screen
from cratejoy_migration.forecast.verdict import Verdict, judge

Connection = psycopg.Connection[tuple[Any, ...]]

FILE, FIX_LIST = "forecast.json", "fix-list.csv"
MOST_LINES = 1_000
"""So many lines of the fix list are shown; the file has them all."""
_ON_RECORD = "select exists (select from migration.runs where command = 'forecast' and state = 'done')"
PERSONAL = ("name", "e-mail", "value now")
"""Columns of the fix list that tell who somebody is."""


@dataclass(frozen=True)
class Forecast:
    """The last forecast.

    Attributes:
        figures: As the command wrote them.
        made_at: When.
        verdict: Whether it holds, and what to do next.
    """

    figures: Mapping[str, Any]
    made_at: datetime
    verdict: Verdict

    @property
    def documents(self) -> int:
        """Customers that were looked at."""
        return int(self.figures.get("documents", 0))

    @property
    def refused(self) -> int:
        """Customers that would be refused."""
        return int(self.figures.get("counts", {}).get("refused", 0))

    @property
    def repaired(self) -> int:
        """Repairs in all."""
        return sum(self.figures.get("repairs", {}).values())

    @property
    def lines(self) -> int:
        """Lines of the fix list."""
        return int(self.figures.get("fix_list", 0))

    def outcomes(self) -> list[tuple[str, int]]:
        """Return what would become of the customers."""
        counts = self.figures.get("counts", {})
        return [(name, counts[name]) for name in screen.OUTCOMES if counts.get(name)]

    def hours(self) -> list[tuple[str, float, str]]:
        """Return, for this shop and for each plan, its points a second and how long the points take there."""
        return [(name, rate, duration(seconds)) for name, rate, seconds in screen.hours(self.figures)]


def read(connection: Connection, folder: Path) -> Forecast | None:
    """Return the last forecast; None when there is none."""
    path = folder / FILE
    try:
        figures = json.loads(path.read_text("utf-8"))
        made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError):
        return None
    if not isinstance(figures, dict):
        return None
    accepted = decisions.accepted(connection, "refused").get("all")
    return Forecast(figures, made_at, judge(figures, accepted.amount if accepted else None))


def on_record(connection: Connection) -> bool:
    """Return whether a forecast was ever made, be its file there or not."""
    row = connection.execute(_ON_RECORD).fetchone() if runs.there(connection) else None
    return bool(row and row[0])


def fix_list(folder: Path, most: int = MOST_LINES) -> list[dict[str, str]]:
    """Return the first lines of the fix list; empty when there is none."""
    try:
        with (folder / FIX_LIST).open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            next(lines, None)
            return [dict(zip(HEADINGS, line, strict=False)) for line in islice(lines, most)]
    except (OSError, ValueError, csv.Error):
        return []
