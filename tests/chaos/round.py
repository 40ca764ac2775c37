"""A round from its plan: legs of collect and migrate, and what some rounds end with."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import invariants, snapshot, words
from tests.chaos.closing import Closings
from tests.chaos.plan import Leg, Plan, dice_of
from tests.chaos.play import Figures, NeverSucceeds, Play
from tests.chaos.scene import Scene
from tests.pipeline import STREAMS

_ACCEPT = ("migration", "accept", "refused", "--count", "100", "--reason", "Nobody waits for a person in this round.")


@dataclass
class Result:
    """What came of a round."""

    plan: Plan
    violations: list[str] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    met: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    checked: list[str] = field(default_factory=list)


def run(plan: Plan, folder: Path, *, keep: bool = False) -> Result:
    """Run a round in a folder, which goes when nothing was violated."""
    result = Result(plan)
    began = time.monotonic()
    folder.mkdir(parents=True)
    try:
        _play(result, folder)
    except Exception:  # noqa: BLE001 - a failure of the suite itself is told beside the violations
        result.violations.append(f"the suite itself failed: {traceback.format_exc()}")
    result.seconds = time.monotonic() - began
    if not result.violations and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _play(result: Result, folder: Path) -> None:
    scene = Scene(result.plan, folder)
    try:
        result.violations += Round(scene, result).violations()
        scene.shop.settle()
        result.met = {"cratejoy": dict(scene.cratejoy.met), "shopify": dict(scene.shop.met)}
    finally:
        scene.close()
        result.violations += [*words.said(scene), *words.of_the_simulators(scene)]


class Round:
    """One round on its scene."""

    def __init__(self, scene: Scene, result: Result) -> None:
        self._scene = scene
        self._plan = scene.plan
        self._result = result
        self._play = Play(scene, dice_of(scene.plan.seed, "play"), result.figures)
        self._commands = _unattended if scene.plan.unattended else _by_hand

    def violations(self) -> Iterator[str]:
        """Run all legs and yield what does not hold; what is violated ends the round."""
        try:
            yield from self._all()
        except NeverSucceeds as never:
            yield str(never)

    def _all(self) -> Iterator[str]:
        if self._plan.unattended:
            self._play.in_peace(*_ACCEPT)
        for number, leg in enumerate(self._plan.legs, start=1):
            found = [f"leg {number}: {one}" for one in self._leg(leg, number)]
            yield from found
            if found:
                return
        closings = Closings(self._scene, self._play)
        for name, attempts in self._plan.closing.items():
            self._result.checked.append(name)
            found = [f"{name}: {one}" for one in getattr(closings, name)(attempts)]
            yield from found
            if found:
                return

    def _leg(self, leg: Leg, number: int) -> Iterator[str]:
        if leg.edits:
            self._edit(leg.edits, number)
        collect, migrate = self._commands(number)
        yield from self._collect(leg, collect)
        with self._play.accepting_strays() if self._plan.unattended else nullcontext():
            yield from self._play.through(migrate, leg.migrate, self._scene.shop, self._scene.shop_nature)
        yield from self._after()

    def _collect(self, leg: Leg, command: tuple[str, ...]) -> Iterator[str]:
        cratejoy = self._scene.cratejoy
        before = {stream: set(cratejoy.ids(stream)) for stream in STREAMS}
        yield from self._play.through(command, leg.collect, cratejoy, self._plan.nature)
        found = snapshot.collected(self._scene.project, cratejoy)
        moved = found.store != before
        yield from invariants.phase_1(found, before if moved else None)
        yield from invariants.proofs(found, before)
        if moved:
            self._play.in_peace("collect")
            yield from invariants.phase_1(snapshot.collected(self._scene.project, cratejoy))
        cratejoy.settle()

    def _after(self) -> Iterator[str]:
        found = snapshot.migrated(self._scene.project, self._scene.cratejoy, self._scene.shop)
        target = self._plan.target
        yield from invariants.phase_2(found, orders=target["orders"], conflict=target["conflict"])
        replaces = target["update_policy"] == "replace"
        yield from invariants.merchants_own(self._scene.owned, found.customers, replaces=replaces)

    def _edit(self, edits: int, number: int) -> None:
        """Let life go on at Cratejoy: new people, new orders, other names, other statuses."""
        cratejoy = self._scene.cratejoy
        dice = dice_of(self._plan.seed, f"edits {number}")
        for stream in ("customers", "subscriptions", "orders"):
            cratejoy.change(stream, insert=dice.randint(1, edits))
        for one in dice.sample(cratejoy.ids("customers"), edits):
            cratejoy.change("customers", update={str(one): {"first_name": "Adele", "name": "Adele Marsh"}})
        subscriptions = cratejoy.ids("subscriptions")
        for one in dice.sample(subscriptions, min(edits, len(subscriptions))):
            status = dice.choice(["active", "cancelled", "expired"])
            cratejoy.change("subscriptions", update={str(one): {"status": status}})


def _by_hand(_: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("collect",), ("migrate",)


def _unattended(leg: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    walk = ("migration", "run", "--pause", "1s", "--until")
    return (*walk, "audited", *(["--delta"] if leg > 1 else [])), (*walk, "verified")
