"""Many calls in flight, as many as the shop's points allow; results come back to the one thread that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from target_shopify.lanes.direct import hands_for

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Hands:
    """Threads that work side by side.

    Args:
        client: Of the shop; its budget decides how many calls are really in flight.
        most: Calls in flight at most; None to follow the shop's limits.
    """

    def __init__(self, client: ShopifyClient, most: int | None) -> None:
        self._pool = ThreadPoolExecutor(most or hands_for(client.budget.rate), thread_name_prefix="rollback")

    def each(self, items: Iterable[_In], work: Callable[[_In], _Out]) -> Iterator[_Out]:
        """Yield what `work` returns for each item, in order.

        Raises:
            RunStopped: A call could not be made; what was done is not undone.
        """
        return self._pool.map(work, items)

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
