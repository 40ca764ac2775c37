"""The end of an operation: its result file, shuffled, and the operation's last state."""

import asyncio
import random
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cratejoy_sandbox.shopify.bulk.record import KIND, save
from cratejoy_sandbox.shopify.registry import Entity

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

CHUNK = 5_000


async def finish(simulator: "Simulator", number: int, status: str, code: str | None) -> None:
    """Write the result file, then end the operation; a canceled one has none (seen live)."""
    operation = simulator.store.get(KIND, number)
    if operation is None:
        return
    name = f"{secrets.token_hex(16)}.jsonl"
    size = 0
    if status != "CANCELED" and operation["results"]:
        size = await _write(simulator, operation, simulator.store.folder / name)
    _end(simulator, operation, status, code, (name, size))


async def _write(simulator: "Simulator", operation: Entity, path: Path) -> int:
    """All results in a random order, those of a query as they are; the size of the file."""
    places = list(range(operation["results"]))
    if operation["type"] == "MUTATION":
        random.shuffle(places)
    with path.open("wb") as file:
        for start in range(0, len(places), CHUNK):
            for place in places[start : start + CHUNK]:
                file.write(_result(simulator, operation["id"], place))
            await asyncio.sleep(0)
        return file.tell()


def _result(simulator: "Simulator", number: int, place: int) -> bytes:
    sql = "SELECT body FROM bulk_results WHERE operation = ? AND place = ?"
    row = simulator.store.execute(sql, (number, place)).fetchone()
    return bytes(row[0]) if row else b""


def _end(simulator: "Simulator", operation: Entity, status: str, code: str | None, file: tuple[str, int]) -> None:
    store = simulator.store
    with store.transaction():
        current = store.get(KIND, operation["id"])
        if current is None:
            return
        current |= {"status": status, "errorCode": code, "ended": time.time()}
        if status != "CANCELED":
            current |= {"completedAt": simulator.clock.now(), "fileSize": file[1]}
            current["file"] = file[0] if file[1] else None
        save(store, current)
        store.execute("DELETE FROM bulk_open WHERE id = ?", (operation["id"],))
        store.execute("DELETE FROM bulk_results WHERE operation = ?", (operation["id"],))
