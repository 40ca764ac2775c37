"""What runs and commands say, as a page says it: states in words, sentences without command lines. Pure."""

from __future__ import annotations

import re

_STATES = {
    "starting": "Running",
    "running": "Running",
    "done": "Done",
    "unheld": "Done, and what it checks does not hold",
    "waiting": "Waits for a decision",
    "failed": "Failed",
    "stopped": "Stopped",
    "killed": "Was killed",
    "to do": "To do",
}
_STATES_IN_SHORT = {"unheld": "Done, does not hold"}
_COMMAND = (
    r"`?(?:meltano (?:run|invoke)|migration (?:accept|audit|backfill|bookmarks|documents|forecast|pilot|probe|purge|"
    r"quick-test|ready|repair|report|retry|rollback|run|status|unlock|verify))\b"
)
_IN_BRACKETS = re.compile(r" \((?:migration|meltano) (?![^)]*, process \d)[^)]*\)")
"""Not who holds the store, which is told by the name of its program."""
_ONWARD = re.compile(r"(?:^| )(?:Next|Three ways on): .*")
_CLAUSE = re.compile(
    rf"(?:[;,:] (?:(?:or|with|run|run first:) )?|(?:^| )To [\w ]{{1,40}}: ){_COMMAND}.*?(?=\. [A-Z]|\.?$)"
)
"""The end of a sentence from where it tells what to type, or a whole one that tells nothing else."""
_BUILD = "another `migration documents`", "another build of the documents"


def state(name: str) -> str:
    """Return the state of a run or a step for people."""
    return _STATES.get(name, name)


def state_in_short(name: str) -> str:
    """Return the state of a run in two or three words, for a table."""
    return _STATES_IN_SHORT.get(name, state(name))


def without_commands(sentence: str) -> str:
    """Return what a command found, without what it tells people to type next; empty when it says nothing else."""
    found = _IN_BRACKETS.sub("", _ONWARD.sub("", sentence.replace(*_BUILD)))
    found = _CLAUSE.sub("", found).strip().rstrip(" .;,")
    return f"{found}." if found else ""
