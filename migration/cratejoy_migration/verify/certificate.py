"""The migration certificate: what was verified, when, by what, and whether anything is unexplained. Facts only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from target_shopify.report import owner_only

from cratejoy_migration.decisions import Decision
from cratejoy_migration.runs import Run
from cratejoy_migration.verify import page
from cratejoy_migration.verify.differences import KINDS
from cratejoy_migration.verify.facts import Facts
from cratejoy_migration.verify.judging import DIFFERENT, LEFT_OUT, LOADED, MERGED, ORPHAN, PENDING, REFUSED
from cratejoy_migration.verify.store import Line

FORMAT = 1
"""Of the JSON; a key that is there stays what it is."""
JSON, HTML = "certificate.json", "certificate.html"


@dataclass(frozen=True)
class Certificate:
    """A verification's result.

    Attributes:
        facts: What was found.
        unexplained: What keeps it from being clean, a sentence each.
        decisions: What a person has let through.
        runs: The latest runs of the migration, newest first.
        shop: my-shop.myshopify.com.
        run_id: Of the verification's run.
        began: When it began.
        ended: When it ended.
        versions: Of our packages, the API, the database.
        settings: Those that shape customers.
        hashes: SHA-256 over staged ids, documents, read-back.
        number: Of the verification; 0 before it is on record.
    """

    facts: Facts
    unexplained: tuple[str, ...]
    decisions: tuple[Decision, ...]
    runs: tuple[Run, ...]
    shop: str
    run_id: str
    began: datetime
    ended: datetime
    versions: dict[str, str]
    settings: dict[str, str]
    hashes: dict[str, str]
    number: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing is unexplained."""
        return not self.unexplained

    @property
    def verdict(self) -> str:
        """The verdict in one sentence."""
        if self.clean:
            return f"Every staged row is in {self.shop} as it should be, or there is a reason on record why not."
        count = len(self.unexplained)
        return f"Not everything is in {self.shop} as it should be: {count} thing{'s' * (count > 1)} unexplained."

    @property
    def line(self) -> Line:
        """What goes on record."""
        return Line(
            0, self.run_id, self.shop, self.ended, self.clean, counts(self.facts), self.versions, dict(self.hashes)
        )

    def numbered(self, number: int) -> Certificate:
        """Return it with the number under which it is on record."""
        return replace(self, number=number)

    def as_json(self) -> dict[str, Any]:
        """Return the facts for machines."""
        facts = self.facts
        return {
            "format": FORMAT,
            "verification": self.number,
            "run_id": self.run_id,
            "shop": self.shop,
            "clean": self.clean,
            "verdict": self.verdict,
            "unexplained": list(self.unexplained),
            "began_at": _moment(self.began),
            "ended_at": _moment(self.ended),
            "counts": counts(facts),
            "rows": [asdict(line) for line in facts.lines],
            "differences": [
                {"field": field, "kind": kind, "meaning": KINDS.get(kind, kind), "differences": each, "customers": all_}
                for field, kind, each, all_ in facts.differences
            ],
            "explained": [{"what": what, "customers": count} for what, count in facts.explained],
            "foreign": {
                "count": facts.foreign_count,
                "customers": [{"shopify_id": one, "cratejoy_ids": list(ids)} for one, ids in facts.foreign],
            },
            "accepted": [{**asdict(one), "decided_at": _moment(one.decided_at)} for one in self.decisions],
            "samples": facts.samples,
            "runs": [
                {
                    "run_id": run.run_id,
                    "command": run.command,
                    "state": run.state,
                    "started_at": _moment(run.started_at),
                    "seconds": round(run.seconds, 1),
                }
                for run in self.runs
            ],
            "settings": self.settings,
            "versions": self.versions,
            "hashes": dict(self.hashes),
        }

    def write(self, folder: Path) -> Path:
        """Write both files, readable by their owner only; return the path of the one for people.

        Raises:
            OSError: They cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = self.as_json()
        for name, content in (
            (JSON, orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"),
            (HTML, page.html(told).encode()),
        ):
            half = folder / f".{name}.half"
            with owner_only(half) as file:
                file.write(content)
            half.replace(folder / name)
        return folder / HTML


def counts(facts: Facts) -> dict[str, Any]:
    """Return the figures by stream: staged rows, rows by verdict, rows read back."""
    verdicts = (LOADED, MERGED, REFUSED, PENDING, DIFFERENT, LEFT_OUT, ORPHAN)
    streams: dict[str, Any] = {
        stream: {
            "staged": staged,
            **{verdict.replace(" ", "_"): facts.total(stream, verdict) for verdict in verdicts},
            **({"read_back": facts.read_back[stream]} if stream in facts.read_back else {}),
        }
        for stream, staged in facts.staged.items()
    }
    return {
        **streams,
        "foreign": facts.foreign_count,
        "shop_customers": facts.shop_customers,
        "no_longer_staged": facts.no_longer_staged,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
