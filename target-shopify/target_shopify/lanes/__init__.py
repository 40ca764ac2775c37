"""The two ways to carry planned work to Shopify, behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from target_shopify.client import ShopifyClient
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.settlement import Settlement
    from target_shopify.work import Unit


@dataclass(frozen=True)
class Means:
    """What a lane works with.

    Attributes:
        client: Of the shop; its budget tells how many hands are needed.
        settlement: Takes the outcomes.
        options: Of the mapping.
        tick: Called while waiting, from the main thread.
        logger: Takes what a person should know.
        workspace: Makes a folder for files of this run.
    """

    client: ShopifyClient
    settlement: Settlement
    options: MappingOptions
    tick: Callable[[], None]
    logger: logging.Logger
    workspace: Callable[[], Path]


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
