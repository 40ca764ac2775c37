"""The two ways to carry planned work to Shopify, behind one interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from target_shopify.work import Unit


class Lane(Protocol):
    """Carries units; every entry given to it ends in one outcome in the settlement, or the run stops.

    The methods are called from the main thread.
    """

    def submit(self, unit: Unit) -> None:
        """Take a unit; waits while there is no room.

        Raises:
            RunStopped: The run cannot go on.
        """

    def finish(self) -> None:
        """Carry all that was taken to its outcome.

        Raises:
            RunStopped: The run cannot go on.
        """

    def abort(self) -> str:
        """End soon: what is in flight is settled, the rest left to the next run.

        Returns:
            What goes on at Shopify without us, as the start of a sentence; else empty.
        """

    def describe(self) -> str:
        """Return what is special about the moment, for the progress line; else empty."""
