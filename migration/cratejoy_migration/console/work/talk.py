"""What the programs of a run say, in plain words: which lines are for people, and how grave they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

NOTE, WARNING, ERROR = "note", "warning", "error"
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FRAMED = re.compile(r"^\S+Z \[(?P<level>[a-z]+) *\] (?P<who>[\w-]+) +(?P<text>.*)$")
_STANDARD = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \| (?P<level>[A-Z]+) +\| (?P<who>[\w.-]+) +\| (?P<text>.*)$")
_PLAIN = re.compile(r"^(?P<level>Error|Warning): (?P<text>.*)$")
_PLUMBING = re.compile(
    r"^(Environment |Schedule |Extractor |Running job|Block |Loading |Incremental state|No state|Found state|Using |"
    r"v\d+\.\d+\.\d+, Meltano SDK)"
)
"""What Meltano says of its own work."""
_ARGUMENTS = re.compile(r"(?:\s+\w[\w.]*=(?:'[^']*'(?!\S)|[^\s']\S*))+$")
"""What Meltano's console puts behind each line: run_id, string_id, stdio. Each value can be read in one way only."""
_LEVELS = {"warning": WARNING, "error": ERROR, "critical": ERROR}


@dataclass(frozen=True)
class Said:
    """One line for people.

    Attributes:
        level: note, warning or error.
        text: What was said, with the program before it where several speak.
    """

    level: str
    text: str


def plain(line: str) -> Said | None:
    """Return what a line of a program says to people; None when it says nothing to them."""
    bare = _COLOUR.sub("", line).rstrip()
    if not bare.strip():
        return None
    if found := _PLAIN.match(bare):
        return Said(_LEVELS[found["level"].lower()], found["text"])
    found = _FRAMED.match(bare) or _STANDARD.match(bare)
    if not found:
        return Said(NOTE, bare)
    level, who = _LEVELS.get(found["level"].lower(), NOTE), found["who"]
    text = _ARGUMENTS.sub("", found["text"]).strip()
    if who == "meltano" and level == NOTE:
        return None
    inner = _STANDARD.match(text) or _PLAIN.match(text)
    if inner:
        level, text = _LEVELS.get(inner["level"].lower(), NOTE), inner["text"]
    text = text.removeprefix(f"{who}: ").removeprefix(f"{who} ").strip()
    return Said(level, text) if text and not (level == NOTE and _PLUMBING.match(text)) else None
