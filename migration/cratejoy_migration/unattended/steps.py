"""What each move is, as a command of this project; exit status 0 holds, 1 does not or cannot, 3 asks a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cratejoy_migration.unattended.failures import is_verdict, said
from cratejoy_migration.unattended.planner import Move
from cratejoy_migration.unattended.streams import only

QUIET = {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"}
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "collect": ("meltano", "run", "migration:unlock", "tap-cratejoy", "target-postgres"),
    "audit": ("migration", "audit"),
    "backfill": ("migration", "backfill"),
    "ready": ("migration", "ready"),
    "forecast": ("migration", "forecast"),
    "migrate": ("meltano", "run", "migrate"),
    "verify": ("migration", "verify"),
    "repair": ("migration", "repair"),
}
"""Each move and its command; a stream's name goes along where a move has one."""
DECISION = 3


@dataclass(frozen=True)
class Command:
    """A program to be run.

    Attributes:
        words: Its path and arguments.
        variables: Added to the environment.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def command(move: Move) -> Command:
    """Return what is to be run for a move."""
    program, *arguments = COMMANDS[move.name]
    path = str(Path(sys.executable).parent / program)
    if program == "meltano":
        return Command((path, *arguments), {**QUIET, **(only(move.stream) if move.stream else {})})
    return Command((path, *arguments, *(["--stream", move.stream] if move.stream else [])))


def came_to_its_end(move: Move, status: int, lines: Sequence[str]) -> bool:
    """Whether a command did its work, and what it checks does not hold; one that could not do it says why."""
    checks = COMMANDS[move.name][0] == "migration" and status == 1 and bool(lines)
    return checks and all(map(is_verdict, said(lines))) and not any("Traceback" in line for line in lines)
