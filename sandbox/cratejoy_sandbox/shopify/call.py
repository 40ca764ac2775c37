"""What a resolver is given of the world: the shop, the store, the clock, and who is asking."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.settings import Settings
from cratejoy_sandbox.shopify.store import Store

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

APP_ID = 310_000_000_001
"""Number of the one app that the simulator knows; its reserved namespace is `app--310000000001--...`."""


@dataclass
class Call:
    """One request, or one line of a bulk operation."""

    simulator: "Simulator"
    version: str
    scopes: frozenset[str]
    search_warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The shop's data; a mutation is inside a transaction."""
        return self.simulator.store

    @property
    def settings(self) -> Settings:
        """Kind of shop."""
        return self.simulator.settings

    @property
    def clock(self) -> Clock:
        """The shop's time."""
        return self.simulator.clock

    def mail(self, why: str) -> None:
        """Note that Shopify would now send mail to a customer."""
        self.simulator.stats.mailed(why)
