"""What the plan has to know of the shop: who is still there, which orders hold them, what nobody recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from target_shopify.customers import ShopReader
from target_shopify.errors import CallRefused
from target_shopify.lanes.choice import PATIENCE_SECONDS

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

    from cratejoy_migration.rollback.hands import Hands
    from cratejoy_migration.rollback.journal import Item, Journal
    from cratejoy_migration.rollback.traces import Traces

FOREIGN = "carries another Cratejoy id"
GONE = "gone already"
NO_IMAGE = "no before-image"
_MOST_PAGES = 400
_POINTS = 3.0
"""What a glance costs (recorded rule of costs)."""


class Looks:
    """Looks at the shop; writes only into the journal.

    Args:
        client: Of the shop.
        namespace: Of our metafields.
        hands: Look side by side.
        journal: The plan.
        orders: Whether orders may be read.
    """

    def __init__(self, client: ShopifyClient, namespace: str, hands: Hands, journal: Journal, *, orders: bool) -> None:
        self._client = client
        self._namespace = namespace
        self._hands = hands
        self._journal = journal
        self._orders = orders
        self._reader = ShopReader(client, namespace)

    def complete(self, tell: Callable[[str, int], None], traces: Traces) -> None:
        """Add to the plan what only the shop knows.

        Args:
            tell: Takes what is looked at and how many so far.
            traces: Looks at everybody at once, where that ends sooner than one by one.
        """
        self._find_lost()
        if self._orders:
            self._find_orders()
        if _POINTS * self._journal.count("customer") / self._client.budget.rate > PATIENCE_SECONDS:
            tell("customers looked at, by an export", self._journal.count("customer"))
            traces.load(orders=False)
            unled = self._journal.seen_by_export(FOREIGN)
            self._journal.seen(list(self._hands.each(unled, self._glance)))
        else:
            self._glance_at_all(tell)
        self._journal.keep_buyers()

    def _glance_at_all(self, tell: Callable[[str, int], None]) -> None:
        looked = 0
        for batch in self._journal.waiting("customer"):
            self._journal.seen(list(self._hands.each(batch, self._glance)))
            looked += len(batch)
            tell("customers looked at", looked)

    def orders_of(self, gid: str) -> list[tuple[str, str | None]]:
        """Return a customer's orders: GID, and the Cratejoy id of those that are ours."""
        found: list[tuple[str, str | None]] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            variables = {"id": gid, "namespace": self._namespace, "after": after}
            page = self._client.call("CustomerOrders", variables).value.get("orders") or {}
            found += [(str(one["id"]), (one.get("orderId") or {}).get("value")) for one in page.get("nodes") or ()]
            info = page.get("pageInfo") or {}
            after = info.get("endCursor")
            if not info.get("hasNextPage") or not after:
                break
        return found

    def _find_lost(self) -> None:
        """Look for customers whose making nobody saw: a run was killed, or the answer was lost."""
        for document, gid, action in self._each(self._journal.lost(), self._lost):
            if gid:
                self._journal.found(document, gid, action)

    def _lost(self, document: str) -> tuple[str, str | None, str]:
        try:
            seen = self._reader.by_cratejoy_id(int(document))
        except CallRefused:
            return document, None, ""  # no definition, so nobody carries our id
        adopted = seen is not None and seen.state is not None and seen.state.origin == "adopted"
        return document, seen.id if seen else None, "strip" if adopted else "delete"

    def _find_orders(self) -> None:
        for owner, orders in self._each(self._journal.in_doubt(), lambda gid: (gid, self.orders_of(gid))):
            for gid, number in orders:
                if number:
                    self._journal.found_order(gid, owner, number)

    def _each(self, keys: list[str], work: Callable[[str], Any]) -> Iterable[Any]:
        return self._hands.each(keys, work)

    def _glance(self, item: Item) -> tuple[str, bool, int, str, str]:
        """Return key, whether there, number of orders, another action where this one would be wrong, and why."""
        value = self._client.call("CustomerGlance", {"id": item.key, "namespace": self._namespace}).value
        if not value.get("id"):
            return item.key, False, 0, "", ""
        orders = int(value.get("numberOfOrders") or 0)
        number = (value.get("customerId") or {}).get("value")
        if number and number not in item.documents:
            return item.key, True, orders, "leave", FOREIGN
        if item.details.get("unled"):
            seen = self._reader.by_id(item.key)
            if seen and seen.state and seen.state.origin == "adopted":
                return item.key, True, orders, "strip", NO_IMAGE
        return item.key, True, orders, "", ""
