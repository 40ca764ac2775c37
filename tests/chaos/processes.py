"""The processes of a round, found by a mark in their environment or by the files of its database, and killed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from tests.chaos.project import Run

MARK = "CHAOS_RUN"
"""Variable that marks everything a command starts."""
_SUPERVISOR = "cratejoy_migration.staging.supervisor"
_ARGUMENTS_LOOKED_AT = 3
PROGRAMS = frozenset(
    {
        "meltano",
        "migration",
        "tap-cratejoy",
        "staging-target-postgres",
        "staging-tap-postgres",
        "staging-target-shopify",
    }
)


def members(mark: str) -> list[psutil.Process]:
    """Return the processes that descend from the start with this mark, whatever became of their parents.

    The supervisor of the embedded database is no part of it: it serves whoever comes.
    """
    found = []
    for number in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if f"{MARK}={mark}\0".encode() in Path(f"/proc/{number}/environ").read_bytes():
                process = psutil.Process(number)
                if _SUPERVISOR not in process.cmdline():
                    found.append(process)
    return found


def victims(who: str, run: Run, project: Path, dice: random.Random) -> list[psutil.Process]:
    """Return the processes that a victim's name stands for; none when there is none right now.

    Args:
        who: The name of a program, or `runner` (Meltano, or the shell), `everything`, `supervisor`, `postgres`
            (the postmaster), `backend` (the server's end of one connection).
        run: What was started.
        project: The folder of the round.
        dice: Chooses among several.
    """
    if who in ("postgres", "backend"):
        return _server(who, project / ".staging", dice)
    if who == "supervisor":
        return _of_file(project / ".staging" / "supervisor.lock")
    mine = members(run.mark)
    if who == "everything":
        return mine
    if who == "runner":
        return [process for process in mine if process.pid == run.pid]
    return [process for process in mine if who in _names(process)]


def kill(processes: Iterable[psutil.Process], who: str) -> list[str]:
    """Kill processes and return the name of each that was there to be killed.

    Args:
        processes: Who is to die.
        who: The victim's name, for those that are no program of ours.
    """
    killed = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            known = sorted(_names(process) & PROGRAMS)
            process.kill()
            killed.append(known[0] if known else "shell" if who in ("runner", "everything") else who)
    return killed


def _server(who: str, staging: Path, dice: random.Random) -> list[psutil.Process]:
    found = _of_file(staging / "data" / "postmaster.pid")
    if who == "postgres" or not found:
        return found
    with contextlib.suppress(psutil.Error):
        children = [child for child in found[0].children() if "staging 127.0.0.1" in " ".join(child.cmdline())]
        return [dice.choice(children)] if children else []
    return []


def _of_file(path: Path) -> list[psutil.Process]:
    """Return the process whose number is the first line of a file, when it is a program of this project's Postgres."""
    try:
        process = psutil.Process(int(path.read_text().split("\n", 1)[0]))
        line = " ".join(process.cmdline())
    except (OSError, ValueError, psutil.Error):
        return []
    return [process] if str(path.parent).partition("/.staging")[0] in line else []


def _names(process: psutil.Process) -> set[str]:
    with contextlib.suppress(psutil.Error):
        return {Path(part).name for part in process.cmdline()[:_ARGUMENTS_LOOKED_AT]}
    return set()
