"""The background work of orders: deleted ones let go of their customers after a while."""

import asyncio

from cratejoy_sandbox.shopify.orders.changing import release_customers, system_call
from cratejoy_sandbox.shopify.simulator import Simulator, worker

OFTEN = 0.1


@worker
async def let_go(simulator: Simulator) -> None:
    """Look a few times a second."""
    while True:
        if simulator.store.execute("SELECT 1 FROM order_releases LIMIT 1").fetchone():
            with simulator.store.transaction():
                release_customers(system_call(simulator))
        await asyncio.sleep(OFTEN)
