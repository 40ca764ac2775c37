"""One command of a round: attempts under faults and kills, then in peace until it succeeds."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plan import Attempt, Event
from tests.chaos.processes import kill, victims
from tests.chaos.project import Run
from tests.chaos.scene import Scene
from tests.chaos.servers import Server

RUN_SECONDS = 600
"""Within this a command ends, whatever happens to it: every fault of a round is over long before."""
PAUSES = (1, 2, 5, 15, 30, 0)
"""Seconds after each try in peace that failed; a killed run counts as a living one for half a minute."""
MANY = 1_000
"""More rows than any stream of a round has."""
_LOOK_SECONDS = 0.04
_ORPHAN_SECONDS = 120


class NeverSucceeds(Exception):
    """A command fails though nothing stands in its way any more; what follows it cannot be looked at."""


@dataclass
class Figures:
    """What happened in a round.

    Attributes:
        killed: Processes by name.
        missed: Kills whose victim had ended before.
        unrest: Tries in peace that failed; what was killed before may still hold something.
        away: How often a platform went away.
        runs: Commands by how they ended: `well`, `badly`, `killed`.
    """

    killed: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    unrest: int = 0
    away: int = 0
    runs: Counter[str] = field(default_factory=Counter)


class Play:
    """Runs the commands of a round.

    Args:
        scene: What they run on.
        dice: Decides what the plan leaves open: which of several processes, and whether orphans are waited for.
        figures: Counted into.
    """

    def __init__(self, scene: Scene, dice: random.Random, figures: Figures) -> None:
        self._scene = scene
        self._dice = dice
        self._figures = figures

    def through(
        self, command: Sequence[str], attempts: Sequence[Attempt], platform: Server, nature: dict[str, Any]
    ) -> Iterator[str]:
        """Yield violations of a command on its way to success."""
        for attempt in attempts:
            platform.faults(**{**nature, **attempt.faults})
            yield from self._attempt(command, attempt, platform)
        platform.faults(**nature)
        self.in_peace(*command)

    def in_peace(self, *command: str, **variables: str) -> None:
        """Run a command until it succeeds.

        Raises:
            NeverSucceeds: It does not; that is a violation.
        """
        last = ""
        for pause in PAUSES:
            run = self._scene.project.start(*command, **variables)
            status = self._end(run)
            if status == 0:
                return
            self._figures.unrest += 1
            last = f"ended with {status}" if status is not None else f"did not end within {RUN_SECONDS} s"
            last = f"{last}, see {run.said_in.name}"
            time.sleep(pause)
        raise NeverSucceeds(f"{' '.join(command)} does not succeed without faults: it {last}")

    @contextmanager
    def accepting_strays(self) -> Iterator[None]:
        """For a while let through what names no customer, where this Cratejoy nulls relations: nobody can carry it."""
        if "nulls" not in self._scene.plan.nature:
            yield
            return
        self._accept(MANY)
        try:
            yield
        finally:
            self._accept(0)

    def _accept(self, count: int) -> None:
        reason = "What names no customer cannot be carried."
        for stream in ("orders", "subscriptions"):
            self.in_peace(
                "migration", "accept", "missing", "--stream", stream, "--count", str(count), "--reason", reason
            )

    def once(self, *command: str, **variables: str) -> tuple[int | None, str]:
        """Run a command once in peace; return its exit status and all it said."""
        run = self._scene.project.start(*command, **variables)
        return self._end(run), run.said

    def _attempt(self, command: Sequence[str], attempt: Attempt, platform: Server) -> Iterator[str]:
        base = platform.asked()
        run = self._scene.project.start(*command)
        for event in attempt.events:
            if not self._moment(event, run, platform, base):
                self._figures.missed += event.what == "kill"
                continue
            self._happen(event, run)
        if self._end(run) is None:
            yield f"{' '.join(command)} did not end within {RUN_SECONDS} s, see {run.said_in.name}"

    def _moment(self, event: Event, run: Run, platform: Server, base: int) -> bool:
        """Wait for the moment of an event; False when the run ends before."""
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline and not run.ended:
            there = platform.asked() - base >= event.after if event.after else bool(self._victims(event, run))
            if there:
                time.sleep(event.pause)
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def _happen(self, event: Event, run: Run) -> None:
        servers = {"cratejoy": self._scene.cratejoy, "shopify": self._scene.shop}
        if event.what == "away":
            servers[event.who].add_fault(away=event.seconds)
            self._figures.away += 1
        elif event.who in servers:
            servers[event.who].restart(event.seconds)
            self._figures.killed[f"local {event.who.capitalize()}"] += 1
        elif killed := kill(self._victims(event, run), event.who):
            self._figures.killed.update(killed)
        else:
            self._figures.missed += 1

    def _victims(self, event: Event, run: Run) -> list[Any]:
        """Return who is to die; a database server that is not the project's own loses a connection instead."""
        who = "backend" if self._scene.plan.external and event.who in ("postgres", "supervisor") else event.who
        if who in ("cratejoy", "shopify"):
            return [run]
        return victims(who, run, self._scene.database, self._dice)

    def _end(self, run: Run) -> int | None:
        status = run.wait(RUN_SECONDS)
        self._figures.runs["well" if status == 0 else "killed" if status == -9 else "badly"] += 1
        if status is None or (status == -9 and self._dice.random() < 0.5 and not run.rest(_ORPHAN_SECONDS)):
            run.end()
        return status
