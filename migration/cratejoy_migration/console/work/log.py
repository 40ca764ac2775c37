"""The log of one run: a line a moment, with the step, how grave it is, and the words; its owner alone can read it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cratejoy_migration.console.work.talk import plain

_FIELDS = 4
_TAIL_BYTES = 400_000
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Characters that end a line, or tell a terminal what to do: a line is one line, whatever a program said."""


@dataclass(frozen=True)
class Entry:
    """One line of a log."""

    at: datetime
    step: str
    level: str
    text: str


class Log:
    """Writes the log of a run; a full disk ends no run."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def line(self, step: str, text: str) -> None:
        """Write what a program said, where it says anything to people."""
        if said := plain(text):
            self.note(step, said.level, said.text)

    def note(self, step: str, level: str, text: str) -> None:
        """Write a line of our own."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        words = _UNSEEN.sub(" ", text.replace("\t", "  "))
        try:
            os.write(self._descriptor, f"{at}\t{step}\t{level}\t{words}\n".encode("utf-8", "replace"))
        except OSError:
            return  # the record in the database says how the run ended


def read(file: Path, most: int = 500) -> list[Entry]:
    """Return the last lines of a log, oldest first; none of a run that has written nothing."""
    try:
        with file.open("rb") as opened:
            opened.seek(0, os.SEEK_END)
            opened.seek(max(0, opened.tell() - _TAIL_BYTES))
            lines = opened.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    return [entry for entry in map(_entry, lines) if entry][-most:]


def _entry(line: str) -> Entry | None:
    parts = line.split("\t", _FIELDS - 1)
    if len(parts) < _FIELDS:
        return None  # the tail begins within a line
    try:
        return Entry(datetime.fromisoformat(parts[0]), *parts[1:])
    except ValueError:
        return None
