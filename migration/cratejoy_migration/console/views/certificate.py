"""What the page "Certificate" shows: the verifications on record, and the last certificate with what it leaves open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from cratejoy_migration.verify import page, store
from cratejoy_migration.verify.certificate import HTML, JSON
from cratejoy_migration.verify.differences import CHANGED, DOUBLED, KINDS
from cratejoy_migration.verify.judging import CLASSES
from cratejoy_migration.verify.store import Line

Connection = psycopg.Connection[tuple[Any, ...]]
__all__ = ["HTML", "JSON", "Certificate", "Past", "past", "read"]

_ROLLED_BACK = "select began_at from migration.rollbacks where began_at > %s order by id limit 1"
_WRITTEN = "select started_at from migration.runs where command in ('migrate', 'send') and started_at > %s limit 1"
_STREAMS = ("customers", "subscriptions", "orders")
_PAST = "select id, verified_at, clean, counts -> 'customers' from migration.verifications order by id desc limit %s"


@dataclass(frozen=True)
class Past:
    """An earlier verification, in a line."""

    id: int
    verified_at: datetime
    clean: bool
    customers: Mapping[str, int]


@dataclass(frozen=True)
class Certificate:
    """The last verification and its certificate.

    Attributes:
        line: The verification on record.
        told: What `certificate.json` says; empty when the file is gone, or is of another verification.
        folder: Where the two files lie.
        outdated: Why it says nothing of the shop as it is now; empty when it does.
    """

    line: Line
    told: Mapping[str, Any]
    folder: Path
    outdated: str = ""

    @property
    def different(self) -> int:
        """Customers that are not in the shop as they should be."""
        return int(self.line.counts.get("customers", {}).get("different", 0))

    @property
    def unexplained(self) -> list[str]:
        """What keeps it from being clean, a sentence each."""
        return [str(one) for one in self.told.get("unexplained", ())]

    @property
    def repairable(self) -> bool:
        """Whether there is something that a repair puts right without undoing what people changed in the shop."""
        found = [(one["field"], one["kind"]) for one in self.told.get("differences", ())]
        left = any(
            kind not in (CHANGED, DOUBLED) or (field == "metafield" and kind == CHANGED) for field, kind in found
        )
        return not self.outdated and bool(self.different) and (left or not self.told)

    @property
    def changed(self) -> bool:
        """Whether people changed something in the shop that a repair would undo only when told to."""
        found = self.told.get("differences", ())
        return not self.outdated and any(one["kind"] == CHANGED and one["field"] != "metafield" for one in found)

    def counts(self) -> list[dict[str, Any]]:
        """Return the rows of each stream by verdict; verdicts that no row has are left out."""
        streams = {name: self.line.counts[name] for name in _STREAMS if name in self.line.counts}
        verdicts = [name for name in CLASSES if any(one.get(name.replace(" ", "_")) for one in streams.values())]
        return [
            {
                "Stream": name,
                "Staged": one.get("staged", 0),
                **{verdict.capitalize(): one.get(verdict.replace(" ", "_"), 0) for verdict in verdicts},
            }
            for name, one in streams.items()
        ]

    def differences(self) -> list[dict[str, Any]]:
        """Return what differs, by field."""
        return [
            {
                "Field": str(one["field"]).replace("_", " "),
                "How": KINDS.get(one["kind"], one["kind"]),
                "Customers": one["customers"],
            }
            for one in self.told.get("differences", ())
        ]

    def html(self) -> str | None:
        """Return the certificate for people, made anew of its facts: nothing in the file is taken for markup."""
        try:
            return page.html(self.told) if self.told else None
        except (KeyError, TypeError, ValueError):
            return None  # of another version

    def holds(self, name: str) -> bool:
        """Return whether one of the two files is there, and of this verification."""
        return bool(self.told) and (self.folder / name).is_file()


def read(connection: Connection, folder: Path) -> Certificate | None:
    """Return the last verification; None when nothing was ever verified."""
    line = store.latest(connection)
    if line is None:
        return None
    try:
        told = json.loads((folder / JSON).read_text("utf-8"))
    except (OSError, ValueError):
        told = {}
    same = isinstance(told, dict) and told.get("verification") == line.id and told.get("run_id") == line.run_id
    return Certificate(line, told if same else {}, folder, _outdated(connection, line.verified_at))


def _outdated(connection: Connection, verified_at: datetime) -> str:
    """Return what has happened to the shop since."""
    if store.exists(connection, "rollbacks") and connection.execute(_ROLLED_BACK, (verified_at,)).fetchone():
        return "The migration was rolled back since, wholly or in part."
    if store.exists(connection, "runs") and connection.execute(_WRITTEN, (verified_at,)).fetchone():
        return "Customers were sent to the shop since."
    return ""


def past(connection: Connection, most: int = 20) -> list[Past]:
    """Return the verifications on record, newest first."""
    if not store.exists(connection, "verifications"):
        return []
    return [Past(number, at, clean, counts or {}) for number, at, clean, counts in connection.execute(_PAST, (most,))]
