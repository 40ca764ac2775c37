"""A person in reports and logs: their lines go; a file that is no list of lines goes as a whole."""

from __future__ import annotations

import csv
import io
import mmap
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTS = re.compile(r"\.(jsonl|csv|log(\.\d+)?|txt)$")


@dataclass(frozen=True)
class Letter:
    """What a file held of a person: lines taken out, or None when the whole file has to go."""

    path: Path
    lines: int | None

    @property
    def told(self) -> str:
        """How much of the file it is, in words."""
        if self.lines is None:
            return "whole file"
        return f"{self.lines:,} line{'' if self.lines == 1 else 's'}"


def look(folders: Iterable[Path], person: re.Pattern[bytes]) -> list[Letter]:
    """Return the files that say something of a person."""
    found = []
    for path in dict.fromkeys(path.resolve() for path in _files(folders)):
        if _mentions(path, person):
            lines = sum(1 for _, theirs in _lines(path, person) if theirs) if _LISTS.search(path.name) else None
            found.append(Letter(path, lines))
    return found


def take_out(letters: Iterable[Letter], person: re.Pattern[bytes]) -> None:
    """Rewrite lists without the person's lines, each file at once; remove the others.

    Raises:
        OSError: a file cannot be written.
    """
    for letter in letters:
        if letter.lines is None:
            letter.path.unlink(missing_ok=True)
        else:
            _rewrite(letter.path, person)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_file():
            yield folder
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in sorted(names) if not (Path(place) / name).is_symlink())


def _mentions(path: Path, person: re.Pattern[bytes]) -> bool:
    try:
        if path.stat().st_size == 0:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return person.search(content) is not None
    except FileNotFoundError:
        return False


def _rewrite(path: Path, person: re.Pattern[bytes]) -> None:
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(line for line, theirs in _lines(path, person) if not theirs)
        Path(made).replace(path)
    finally:
        Path(made).unlink(missing_ok=True)


def _lines(path: Path, person: re.Pattern[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each line with whether it is about the person; a CSV record with line breaks in it is one."""
    with path.open("rb") as file:
        records = _records(file) if path.suffix == ".csv" else file
        for line in records:
            yield line, person.search(line) is not None


def _records(file: io.BufferedReader) -> Iterator[bytes]:
    """Yield the records of a CSV file as they stand there."""
    taken: list[bytes] = []

    def feed() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line.decode("utf-8", "replace")

    for _ in csv.reader(feed()):
        yield b"".join(taken)
        taken.clear()
    if taken:
        yield b"".join(taken)
