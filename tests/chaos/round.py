"""A round from its plan: legs of collect and migrate, and all that is looked at afterwards."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import invariants, snapshot, words
from tests.chaos.plan import Leg, Plan, dice_of
from tests.chaos.play import Figures, Play
from tests.chaos.scene import Scene
from tests.pipeline import STREAMS


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
        scene = Scene(plan, folder)
        try:
            result.violations += Round(scene, result).violations()
            result.met = {"cratejoy": dict(scene.cratejoy.met), "shopify": dict(scene.shop.met)}
        finally:
            scene.close()
            result.violations += [*words.said(scene), *words.of_the_simulators(scene)]
    except Exception:  # noqa: BLE001 - a failure of the suite itself is told beside the violations
        result.violations.append(f"the suite itself failed: {traceback.format_exc()}")
    result.seconds = time.monotonic() - began
    if not result.violations and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return result


class Round:
    """One round on its scene."""

    def __init__(self, scene: Scene, result: Result) -> None:
        self._scene = scene
        self._plan = scene.plan
        self._result = result
        self._play = Play(scene, dice_of(scene.plan.seed, "play"), result.figures)

    def violations(self) -> Iterator[str]:
        """Run all legs and yield what does not hold; a leg that fails ends the round."""
        for number, leg in enumerate(self._plan.legs):
            found = [f"leg {number + 1}: {one}" for one in self._leg(leg, number)]
            yield from found
            if found:
                return
        for name in sorted(self._plan.checks):
            self._result.checked.append(name)
            yield from (f"{name}: {one}" for one in getattr(self, f"_{name}")())

    def _leg(self, leg: Leg, number: int) -> Iterator[str]:
        if leg.edits:
            self._edit(leg.edits, number)
        yield from self._collect(leg)
        yield from self._play.through("migrate", leg.migrate, self._scene.shop, self._of_the_shop)
        yield from self._after()

    def _collect(self, leg: Leg) -> Iterator[str]:
        cratejoy = self._scene.cratejoy
        before = {stream: set(cratejoy.ids(stream)) for stream in STREAMS}
        yield from self._play.through("collect", leg.collect, cratejoy, self._plan.nature)
        found = snapshot.collected(self._scene.project, cratejoy)
        moved = found.store != before
        yield from invariants.phase_1(found, before if moved else None)
        yield from invariants.proofs(found, before)
        if moved:
            yield from self._play.in_peace("collect")
            yield from invariants.phase_1(snapshot.collected(self._scene.project, cratejoy))
        cratejoy.settle()

    def _after(self) -> Iterator[str]:
        found = snapshot.migrated(self._scene.project, self._scene.cratejoy, self._scene.shop)
        target = self._plan.target
        yield from invariants.phase_2(found, orders=target["orders"], conflict=target["conflict"])
        replaces = target["update_policy"] == "replace"
        yield from invariants.merchants_own(self._scene.owned, found.customers, replaces=replaces)

    @property
    def _of_the_shop(self) -> dict[str, Any]:
        return {"token_lifetime": 60} if self._plan.grant else {}

    def _edit(self, edits: int, number: int) -> None:
        """Let life go on at Cratejoy: new people, new orders, other names, other statuses."""
        cratejoy = self._scene.cratejoy
        dice = dice_of(self._plan.seed, f"edits {number}")
        for stream in ("customers", "subscriptions", "orders"):
            cratejoy.change(stream, insert=dice.randint(1, edits))
        for one in dice.sample(cratejoy.ids("customers"), edits):
            cratejoy.change("customers", update={str(one): {"first_name": "Adele", "name": "Adele Marsh"}})
        for one in dice.sample(cratejoy.ids("subscriptions"), min(edits, len(cratejoy.ids("subscriptions")))):
            cratejoy.change(
                "subscriptions", update={str(one): {"status": dice.choice(["active", "cancelled", "expired"])}}
            )

    # What is looked at besides

    def _again(self) -> Iterator[str]:
        """A second migration of what is there writes nothing."""
        before = list(self._scene.shop.lines("customers")), list(self._scene.shop.lines("orders"))
        yield from self._play.in_peace("migrate")
        after = list(self._scene.shop.lines("customers")), list(self._scene.shop.lines("orders"))
        if before != after:
            yield "a second migration changed the shop"

    def _calm(self) -> Iterator[str]:
        """A shop that is filled in peace, one by one and without a ledger, looks the same."""
        shop = self._scene.second_shop("calm")
        try:
            variables = {**self._scene.target(shop), "TARGET_SHOPIFY_LANE": "direct"}
            yield from self._play.in_peace("calm", **variables)
            found = list(self._scene.shop.lines("customers"))
            yield from invariants.same_picture(shop.lines("customers"), found)
        finally:
            shop.close()
