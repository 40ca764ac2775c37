"""What a purge leaves behind: a file with its counts and nothing of anybody, for whoever is asked later.

It is begun before anything is removed, so that a purge that is killed has left its list; the next one goes on in it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = "purge-%Y%m%dT%H%M%SZ.txt"
WHOLE = "Nothing is left."
"""The last line of a purge that removed everything."""


@dataclass(frozen=True)
class Proof:
    """The file of a purge.

    Attributes:
        file: Where it is.
        at: When the purge began, in UTC.
        text: What it says: what there was, what stays, what was looked for again.
    """

    file: Path
    at: datetime
    text: str

    @property
    def is_whole(self) -> bool:
        """Whether the purge came to its end, and nothing was left."""
        return self.text.rstrip().endswith(WHOLE)


def begin(project: Path, shop: str, at: datetime, plan: str) -> Path:
    """Write down what is about to be removed, in the file of a purge that was not finished or in a new one.

    Raises:
        OSError: It cannot be written.
    """
    moment = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    file = unfinished(project)
    if file:
        _write(file, f"\nNot finished; gone on with on {moment}.\n\n{plan}")
        return file
    file = project / at.astimezone(UTC).strftime(_NAME)
    _write(file, f"Purge of {shop}, begun on {moment}.\n\n{plan}")
    return file


def end(file: Path, at: datetime, text: str) -> None:
    """Write down what came of it.

    Raises:
        OSError: It cannot be written.
    """
    _write(file, f"\nEnded on {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.\n\n{text}")


def unfinished(project: Path) -> Path | None:
    """Return the file of a purge that did not come to its end; None when there is none."""
    found = last(project)
    return found.file if found and not found.is_whole else None


def last(project: Path) -> Proof | None:
    """Return the latest proof in the project's folder; None when there is none that can be read."""
    for file in sorted(project.glob("purge-*.txt"), reverse=True):
        try:
            at = datetime.strptime(file.name, _NAME).replace(tzinfo=UTC)
            return Proof(file, at, file.read_text("utf-8"))
        except (ValueError, OSError):
            continue
    return None


def _write(file: Path, text: str) -> None:
    """Add to a file that its owner alone can read; it is on the disk afterwards."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(descriptor)
