"""What the commands say, as a page says it: without command lines. Pure."""

from __future__ import annotations

import re

_IN_BRACKETS = re.compile(r" \((?:migration|meltano) [^)]*\)")


def without_commands(sentence: str) -> str:
    """Return what a command found, without what it tells people to type next."""
    found = _IN_BRACKETS.sub("", sentence.partition(" Next: ")[0]).rstrip(" .;,")
    return f"{found}."
