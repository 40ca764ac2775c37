"""What some rounds end with: audits, planted holes, a second migration, a verification, a rollback, a purge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos import invariants, snapshot, words
from tests.chaos.plan import Attempt, dice_of
from tests.chaos.play import Play
from tests.chaos.scene import Scene

_FEW = 12


class Closings:
    """The ends of a round, each a method that yields violations."""

    def __init__(self, scene: Scene, play: Play) -> None:
        self._scene = scene
        self._play = play
        self._dice = dice_of(scene.plan.seed, "closing")

    def audit(self, _: Sequence[Attempt]) -> Iterator[str]:
        """Nothing is missing, by counts and by pages."""
        for more in ((), ("--deep",)):
            self._play.in_peace("migration", "audit", *more)
        yield from ()

    def backfill(self, attempts: Sequence[Attempt]) -> Iterator[str]:
        """Planted holes are found and closed."""
        planted = self._plant_holes()
        status, _ = self._play.once("migration", "audit")
        if status == 0:
            yield f"an audit finds nothing missing though holes were planted: {planted}"
        nature = self._scene.plan.nature
        yield from self._play.through(("migration", "backfill"), attempts, self._scene.cratejoy, nature)
        yield from invariants.phase_1(snapshot.collected(self._scene.project, self._scene.cratejoy))

    def again(self, _: Sequence[Attempt]) -> Iterator[str]:
        """A second migration of what is there writes nothing."""
        before = self._shop_now()
        self._play.in_peace("migrate")
        if before != self._shop_now():
            yield "a second migration changed the shop"

    def verify(self, attempts: Sequence[Attempt]) -> Iterator[str]:
        """The shop read back is what was to be there, and the certificate says so."""
        command = ("migration", "verify")
        with self._play.accepting_strays():
            yield from self._play.through(command, attempts, self._scene.shop, self._scene.shop_nature)
        certificate = self._scene.project.folder / "reports" / "certificate.json"
        if not certificate.exists() or json.loads(certificate.read_text()).get("clean") is not True:
            yield "the verification ended well but left no clean certificate"

    def calm(self, _: Sequence[Attempt]) -> Iterator[str]:
        """A shop that is filled in peace, one by one and without a ledger, looks the same."""
        shop = self._scene.second_shop("calm")
        try:
            variables = {**self._scene.target(shop), "TARGET_SHOPIFY_LANE": "direct"}
            self._play.in_peace("calm", **variables)
            yield from invariants.same_picture(shop.lines("customers"), self._scene.shop.lines("customers"))
        finally:
            shop.close()

    def rollback(self, attempts: Sequence[Attempt]) -> Iterator[str]:
        """The shop is as it was before, whoever was killed meanwhile; and can be filled again."""
        command = ("migration", "rollback", "--confirm", "demo")
        yield from self._play.through(command, attempts, self._scene.shop, self._scene.shop_nature)
        yield from invariants.restored(self._scene.owned, *self._shop_now())
        left = self._scene.definitions() - self._scene.definitions_before
        if left:
            yield f"definitions are left: {', '.join(sorted(left))}"

    def purge(self, attempts: Sequence[Attempt]) -> Iterator[str]:
        """Nothing of anybody is left on our side: no row, and no file with an e-mail of the store."""
        emails = self._scene.emails
        command = ("migration", "purge", "--confirm", "demo")
        yield from self._play.through(command, attempts, self._scene.shop, self._scene.shop_nature)
        yield from words.left_behind(self._scene, emails)
        if self._scene.plan.external:
            tables = snapshot.tables_with_rows(self._scene.project)
            if tables:
                yield f"rows are left in {', '.join(tables)}"

    def _plant_holes(self) -> dict[str, int]:
        """Delete staged rows here and there; return how many of which stream."""
        planted = {}
        with self._scene.project.database() as connection:
            for stream in self._dice.sample(["customers", "subscriptions", "orders", "shipments"], 2):
                rows = connection.execute(f"select id from cratejoy.{stream} order by id").fetchall()
                start, many = self._dice.randrange(len(rows)), self._dice.randint(1, _FEW)
                gone = [number for (number,) in rows[start : start + many]]
                connection.execute(f"delete from cratejoy.{stream} where id = any(%s)", (gone,))
                planted[stream] = len(gone)
        return planted

    def _shop_now(self) -> tuple[list[Any], list[Any]]:
        return list(self._scene.shop.lines("customers")), list(self._scene.shop.lines("orders"))
