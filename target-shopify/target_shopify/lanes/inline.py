"""A lane without calls to wait for: each unit is settled at once, in the main thread. For rehearsals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_shopify.lanes import Means
    from target_shopify.lanes.direct import Carrier
    from target_shopify.work import Unit

_UNITS_A_TICK = 200


class InlineLane:
    """Settles units as they come.

    Args:
        carrier: Does the work of one unit.
        means: Settlement and clock.
    """

    def __init__(self, carrier: Carrier, means: Means) -> None:
        self._carrier = carrier
        self._settlement = means.settlement
        self._client = means.client
        self._tick = means.tick
        self._units = 0

    def submit(self, unit: Unit) -> None:
        """Settle a unit."""
        self._settlement.settle(self._carrier.settle(unit))
        self._units += 1
        if self._units % _UNITS_A_TICK == 0:
            self._tick()

    def finish(self) -> None:
        """Nothing is left."""

    def abort(self) -> str:
        """Nothing is under way."""
        self._client.stop()
        return ""

    def describe(self) -> str:
        """Return nothing special."""
        return ""
