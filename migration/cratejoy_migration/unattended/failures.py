"""What a failed step means, by its own sentence: wait and try again, give up, or ask a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum


class Kind(StrEnum):
    """What follows from a failure."""

    HEALS = "heals"
    FULL = "full"
    FINAL = "final"
    DECISION = "decision"
    UNKNOWN = "unknown"


_SIGNS: dict[Kind, tuple[str, ...]] = {
    Kind.DECISION: ("conflict is fail", "max_refusals allows"),
    Kind.FULL: (r"disk\b.*\bfull", "no disk space", "No space left", "Disk quota"),
    Kind.FINAL: (
        # Credentials, rights, addresses
        r"\((?:400|401|402|403|404|405|406|423|3\d\d)\)",
        "lacks (?:the scope|a right)",
        "refuses (?:the|this) user",
        "refused a token",
        "This is the shop",
        "serves API version",
        "must not hold",
        # Settings
        r"settings of \S+ cannot be used",
        r"is missing \(set",
        "cannot tell the settings",
        "is not a PostgreSQL URL",
        r"\btakes? ",
        "not a valid choice",
        "A stream map",
        "A setting cannot be read",
        "report_dir cannot be used",
        "No such (?:command|option)",
        # The staging database as somebody made it
        "does not exist on its server",
        "too old",
        "is read-only",
        r"rename (?:the|it)\b",
        "purge the old migration",
        "install the project again",
        "was made by",
        "does not run as root",
        "cannot write",
    ),
    Kind.HEALS: (
        "(?:cannot|could not) be reached",
        "without success",
        "not answered however often",
        "gave no access token",
        "nothing but (?:throttling|429)",
        "connection .* lost",
        "shut down",
        "starting or stopping",
        "short of resources",
        "out of memory",
        "no free connection",
        r"[Aa]nother (?:program|collection|run|\S+ of|'\S+) ",
        "is already running",
        "just ending",
        "database is away",
        "does not (?:finish|come up|end)",
        "could not be read: ",
        "not proven complete",
        "has gone",
        "file or disk error",
    ),
}
"""Signs in our own sentences, looked for in this order."""

_SAID = (
    re.compile(r"^Error: (?P<text>.+)"),
    re.compile(r"\[[a-z]+ *\] *(?P<plugin>[a-z-]+) +(?P=plugin): (?P<text>.+)"),
    re.compile(r"\[(?:error|critical) *\] *(?!meltano\b)[a-z-]+ +(?P<text>.+)"),
    re.compile(r"^(?P<plugin>tap-cratejoy|target-shopify): (?P<text>.+)"),
)
_LATE = re.compile(r"reasons above|own message above|could not be read, see above")
_VERDICT = re.compile(r"rows? stays? missing|missing beyond what was accepted")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def kind_of(sentence: str) -> Kind:
    """Return what follows from a failure that was told in this sentence."""
    return next((kind for kind, signs in _SIGNS.items() if re.search("|".join(signs), sentence)), Kind.UNKNOWN)


def said(lines: Sequence[str]) -> list[str]:
    """Return the sentences with which a program and those below it said why they failed.

    Args:
        lines: The last lines of its output.
    """
    sentences = (_sentence(_COLOUR.sub("", line).strip()) for line in lines)
    return [sentence for sentence in sentences if sentence and not _LATE.search(sentence)]


def told(lines: Sequence[str]) -> str:
    """Return the one sentence that says why a program failed; empty when it said nothing."""
    sentences = said(lines)
    causes = [sentence for sentence in sentences if not is_verdict(sentence)]
    return next(reversed(causes or sentences), "")


def is_verdict(sentence: str) -> bool:
    """Whether a sentence says that a check was made and does not hold."""
    return bool(_VERDICT.search(sentence))


def _sentence(line: str) -> str:
    found = next(filter(None, (pattern.search(line) for pattern in _SAID)), None)
    return found["text"].strip() if found else ""
