"""The background work: every open operation gets its turn, one slice after the other."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from cratejoy_sandbox.cratejoy.faults.grammar import Visit
from cratejoy_sandbox.shopify.bulk.queries import QueryFailed, QueryRun
from cratejoy_sandbox.shopify.bulk.record import KIND, open_operations, save, shop_seconds
from cratejoy_sandbox.shopify.bulk.results import finish
from cratejoy_sandbox.shopify.bulk.runs import MutationRun
from cratejoy_sandbox.shopify.faults.bulk import START
from cratejoy_sandbox.shopify.registry import Entity
from cratejoy_sandbox.shopify.simulator import worker

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

LOGGER = logging.getLogger("cratejoy_sandbox")
IDLE = 0.02
WAITS = {"CREATED": 0.1, "RUNNING": 1.0, "CANCELING": 0.5}
"""Seconds of shop time that an operation is in a state at least: live ones end after 1 to 3."""
LONGEST = 86_400
"""Seconds of shop time that an operation may run (Shopify's page on bulk imports)."""


@worker
async def run_operations(simulator: "Simulator") -> None:
    """Move all open operations on, for as long as the server runs."""
    work = Work(simulator)
    while True:
        moved = False
        numbers = open_operations(simulator.store)
        work.forget_all_but(numbers)
        for number in numbers:
            moved = await work.safely_moved(number) or moved
            await asyncio.sleep(0)
        await asyncio.sleep(0 if moved else IDLE)


class Work:
    """The operations that this process runs."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator
        self.runs: dict[int, MutationRun | QueryRun] = {}

    def forget_all_but(self, numbers: list[int]) -> None:
        """Close the runs of operations that are gone."""
        for number in self.runs.keys() - set(numbers):
            self.runs.pop(number).close()

    async def safely_moved(self, number: int) -> bool:
        """Move one operation on; a failure of the sandbox itself ends no other operation."""
        try:
            return await self.move(number)
        except Exception:
            LOGGER.critical("The sandbox itself failed at the end of bulk operation %s", number, exc_info=True)
            return False

    async def move(self, number: int) -> bool:
        """Move one operation on; True when it did anything but wait."""
        try:
            end = self._step(number)
        except Exception:
            LOGGER.critical("The sandbox itself failed in bulk operation %s", number, exc_info=True)
            end = ("FAILED", "INTERNAL_SERVER_ERROR")
        if isinstance(end, bool):
            return end
        run = self.runs.pop(number, None)
        if run:
            run.close()
        await finish(self.simulator, number, *end)
        return True

    def _step(self, number: int) -> bool | tuple[str, str | None]:
        """A slice in one transaction; how the operation ends, if it does."""
        store = self.simulator.store
        with store.transaction():
            operation = store.get(KIND, number)
            if operation is None:
                return False
            if operation["status"] == "CANCELING":
                late = shop_seconds(self.simulator.clock, operation["canceled"]) >= WAITS["CANCELING"]
                return ("CANCELED", None) if late else False
            moved = self._start(operation) if operation["status"] == "CREATED" else self._go_on(operation)
            if moved is True:
                save(store, operation)
            return moved

    def _start(self, operation: Entity) -> bool:
        if operation["faults"] is None:
            visit = Visit("bulk", operations=[_runner(operation)], at=START)
            operation["faults"] = self.simulator.faults.hits(visit)
            return True
        waits = operation["faults"].get("bulk_stays_created", {}).get("seconds", WAITS["CREATED"])
        if shop_seconds(self.simulator.clock, operation["made"]) < waits:
            return False
        operation["status"] = "RUNNING"
        operation["started"] = time.time()
        return True

    def _go_on(self, operation: Entity) -> bool | tuple[str, str | None]:
        ended = self._overwritten(operation)
        if ended:
            return "FAILED", "INTERNAL_SERVER_ERROR"
        before = operation["done"]
        try:
            last = self._run(operation).run_slice(operation)
        except QueryFailed as failed:
            return "FAILED", failed.code
        save(self.simulator.store, operation)
        fails = operation["faults"].get("bulk_fails")
        if fails and operation["done"] >= fails["lines"]:
            return "FAILED", fails["code"]
        ran = shop_seconds(self.simulator.clock, operation["started"])
        if last and ran >= WAITS["RUNNING"]:
            return "COMPLETED", None
        return ("FAILED", "TIMEOUT") if ran > LONGEST else bool(operation["done"] > before)

    def _run(self, operation: Entity) -> MutationRun | QueryRun:
        number = operation["id"]
        if number not in self.runs and operation["type"] == "QUERY":
            self.runs[number] = QueryRun(self.simulator, operation)
        elif number not in self.runs:
            path = self.simulator.store.folder / self._upload(operation)[0]
            self.runs[number] = MutationRun(self.simulator, operation, path)
        return self.runs[number]

    def _upload(self, operation: Entity) -> tuple[str, str]:
        sql = "SELECT file, etag FROM bulk_uploads WHERE key = ?"
        row: tuple[str, str] = self.simulator.store.execute(sql, (operation["key"],)).fetchone()
        return row

    def _overwritten(self, operation: Entity) -> bool:
        """Whether the file is another than the one that the operation was started with."""
        return operation["type"] == "MUTATION" and self._upload(operation)[1] != str(operation["etag"])


def _runner(operation: Entity) -> str:
    return "bulkOperationRunMutation" if operation["type"] == "MUTATION" else "bulkOperationRunQuery"
