"""The parts of one running simulator."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cratejoy_sandbox.cratejoy.connections import Connections
from cratejoy_sandbox.cratejoy.faults.grammar import Faults
from cratejoy_sandbox.shopify.api import Api
from cratejoy_sandbox.shopify.bucket import Bucket
from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.faults import shopify_faults
from cratejoy_sandbox.shopify.schema import load
from cratejoy_sandbox.shopify.settings import Settings
from cratejoy_sandbox.shopify.stats import Stats
from cratejoy_sandbox.shopify.store import Store
from cratejoy_sandbox.shopify.tokens import Tokens

WORKERS: list[Callable[["Simulator"], Awaitable[None]]] = []


def worker(task: Callable[["Simulator"], Awaitable[None]]) -> Callable[["Simulator"], Awaitable[None]]:
    """Announce a coroutine that runs as long as the server; it must give way often (`await asyncio.sleep(0)`)."""
    WORKERS.append(task)
    return task


@dataclass
class Simulator:
    """A shop with its clock, limits, faults and figures."""

    settings: Settings
    store: Store
    faults: Faults = field(default_factory=shopify_faults)
    stats: Stats = field(default_factory=Stats)
    connections: Connections = field(default_factory=Connections)
    looks: Counter[int] = field(default_factory=Counter)
    """How often the status of a bulk operation was read, by its number."""

    base_url: str = "http://127.0.0.1"
    """Where this server is reached: the beginning of upload targets and result files."""

    def __post_init__(self) -> None:
        self.clock = Clock(self.settings.time_scale)
        self.bucket = Bucket(self.settings.plan, self.clock)
        self.tokens = Tokens(self.settings, self.store, self.clock)
        self._apis: dict[str, Api] = {}

    def api(self, version: str) -> Api:
        """The API of a version that is served."""
        if version not in self._apis:
            self._apis[version] = Api(self, load(version))
        return self._apis[version]

    def reset(self) -> None:
        """A new shop: no data, a full bucket, no figures."""
        self.store.reset()
        self.bucket = Bucket(self.settings.plan, self.clock)
        self.stats.reset()

    def start_workers(self) -> list["asyncio.Future[None]"]:
        """Start the background work of all modules."""
        return [asyncio.ensure_future(task(self)) for task in WORKERS]
