"""What a purge leaves behind: a file with its counts and nothing of anybody, for whoever is asked later."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = "purge-%Y%m%dT%H%M%SZ.txt"


@dataclass(frozen=True)
class Proof:
    """A proof that was kept.

    Attributes:
        at: When the purge ended, in UTC.
        text: What it said: what was removed, what stays, what was looked for again.
    """

    at: datetime
    text: str


def name_of(at: datetime) -> str:
    """Return the name of the file of a purge that ended at this moment."""
    return at.astimezone(UTC).strftime(_NAME)


def keep(project: Path, proof: Proof, shop: str) -> None:
    """Write the file; its owner alone can read it.

    Raises:
        OSError: It cannot be written.
    """
    head = f"Purge of {shop}, ended {proof.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.\n\n"
    descriptor = os.open(project / name_of(proof.at), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(head + proof.text)


def last(project: Path) -> Proof | None:
    """Return the latest proof in the project's folder; None when there is none that can be read."""
    for file in sorted(project.glob("purge-*.txt"), reverse=True):
        try:
            at = datetime.strptime(file.name, _NAME).replace(tzinfo=UTC)
            return Proof(at, file.read_text("utf-8"))
        except (ValueError, OSError):
            continue
    return None
