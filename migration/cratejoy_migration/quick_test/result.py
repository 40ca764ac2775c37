"""What a quick test came to: outcomes, and each customer's line; for the screen, for the console, as a file."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from cratejoy_migration.documents.staged import Connection
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.forecast.screen import OUTCOMES

FOLDER = "quick-test"
"""Below the folder of reports."""
FILE = "quick-test.json"
_TROUBLE = ("refused", "unknown")


@dataclass(frozen=True)
class Line:
    """One customer of a quick test.

    Attributes:
        cratejoy_id: Whose.
        outcome: As in the ledger: created, adopted, merged, updated, unchanged, refused, unknown.
        reason: Why refused, or what was repaired; as in the ledger.
        shopify_id: Of the customer in the shop, when it was sent.
    """

    cratejoy_id: int
    outcome: str
    reason: str = ""
    shopify_id: str | None = None


@dataclass(frozen=True)
class Result:
    """A quick test that came to its end.

    Attributes:
        sent: Whether it wrote into the shop.
        customers: Each customer's line.
        rows: Rows of each stream in their documents.
        seconds: How long it took.
    """

    sent: bool
    customers: tuple[Line, ...]
    rows: Mapping[str, int]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """Customers by outcome."""
        found = Counter(line.outcome for line in self.customers)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    @property
    def holds(self) -> bool:
        """Whether every customer goes, or went."""
        return bool(self.customers) and not any(self.counts.get(outcome) for outcome in _TROUBLE)

    @property
    def sentence(self) -> str:
        """What it means, and what comes next."""
        total = len(self.customers)
        good = total - sum(self.counts.get(outcome, 0) for outcome in _TROUBLE)
        verb = "are in the shop" if self.sent else "would go; nothing was written to Shopify"
        told = f"{good:,} of {total:,} customers {verb}."
        if not self.holds:
            return f"{told} Why the others do not: the reasons above."
        if self.sent:
            return f"{told} Look at them there. The whole migration takes them along. Next: meltano run collect"
        return f"{told} Next: meltano run collect, or write these to a development store: migration quick-test --send"

    def write(self, folder: Path) -> Path:
        """Write it for the console; ids and outcomes only."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / FILE
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        path.chmod(0o600)
        return path


def read(folder: Path) -> Result | None:
    """Return the last quick test; None when there is none, or its file cannot be read."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
        lines = tuple(Line(**line) for line in found["customers"])
        return Result(found["sent"], lines, found["rows"], found["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def foretold(folder: Path) -> list[Line]:
    """Return the lines of a dry run.

    Raises:
        OperatorError: It left none.
    """
    try:
        with (folder / "forecast.csv").open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError:
        raise OperatorError(f"The dry run left no forecast in {folder.name}: give access or make room.") from None
    return [Line(int(row["cratejoy_id"]), row["outcome"], row["reason"] or "") for row in rows]


def recorded(connection: Connection, ids: Sequence[int]) -> list[Line]:
    """Return what the ledger says of these customers."""
    rows = connection.execute(
        "select document_key, status, coalesce(reason, ''), shopify_id from migration.ledger"
        " where document_key = any(%s)",
        ([str(one) for one in ids],),
    )
    found = sorted((Line(int(key), *told) for key, *told in rows), key=lambda line: line.cratejoy_id)
    known = {line.cratejoy_id for line in found}
    return found + [Line(one, "unknown") for one in ids if one not in known]


def table(result: Result) -> Table:
    """Return the outcomes for the screen, and each customer that has a reason."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("Cratejoy id", no_wrap=True)
    screen.add_column("outcome", no_wrap=True)
    screen.add_column("reason", overflow="fold")
    for line in result.customers:
        screen.add_row(str(line.cratejoy_id), line.outcome, line.reason)
    return screen
