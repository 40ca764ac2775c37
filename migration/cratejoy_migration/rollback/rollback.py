"""A rollback from plan to proof: orders we made, customers we made, adopted customers, definitions; then a look back.

Every step takes what the journal still has to do, so that the same command goes on wherever an earlier one ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from target_shopify.lanes.choice import PATIENCE_SECONDS, direct_seconds

from cratejoy_migration.rollback.definitions import delete_definitions
from cratejoy_migration.rollback.deleting import LINGERS, OWN_ORDERS, Deleting
from cratejoy_migration.rollback.files import Files
from cratejoy_migration.rollback.journal import Item, Result
from cratejoy_migration.rollback.looks import Looks
from cratejoy_migration.rollback.restoring import Restoring

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient
    from target_shopify.settings import Settings

    from cratejoy_migration.rollback.hands import Hands
    from cratejoy_migration.rollback.journal import Journal
    from cratejoy_migration.rollback.traces import Traces

LINGER_SECONDS = 600.0
"""So long a customer's deletion is tried again after its orders are gone."""
_PAUSES = (1.0, 60.0)
STILL_THERE = "still there"
ORDER_STAYS = "an order of ours could not be deleted"


@dataclass(frozen=True)
class Means:
    """What a rollback works with.

    Attributes:
        client: Of the shop.
        settings: Namespace, prefix, lane.
        journal: The plan and what is done of it.
        hands: Calls side by side.
        files: Deletions by bulk operation.
        traces: Exports of what bears our traces.
        tell: Takes a line about the progress.
    """

    client: ShopifyClient
    settings: Settings
    journal: Journal
    hands: Hands
    files: Files
    traces: Traces
    tell: Callable[[str], None]


class Rollback:
    """One rollback of one shop.

    Args:
        means: What it works with.
        with_orders: Whether there are orders of ours, and so the right to read and delete orders.
    """

    def __init__(self, means: Means, *, with_orders: bool) -> None:
        self._journal = means.journal
        self._client = means.client
        self._settings = means.settings
        self._hands = means.hands
        self._files = means.files
        self._traces = means.traces
        self._with_orders = with_orders
        self._tell = means.tell
        settings = means.settings
        self._looks = Looks(means.client, settings.namespace, means.hands, means.journal, orders=with_orders)
        self._restoring = Restoring(means.client, settings.namespace, settings.tag_prefix)
        self._deleting = Deleting(means.client, self._looks, self._restoring, with_orders=with_orders)

    def look(self) -> None:
        """Complete a plan with what only the shop knows; nothing is written there."""
        self._looks.complete(lambda what, count: self._tell(f"{what}: {count:,}"), self._traces)

    def carry_out(self) -> None:
        """Undo what is planned and not undone yet.

        Raises:
            RunStopped: The shop cannot be worked with; what was done is on record.
        """
        self._journal.begin()
        self._files.wait_for_earlier()
        self._orders()
        self._customers()
        self._adopted(last=False)
        self._definitions()
        self._adopted(last=True)
        self._look_back()
        if not any(self._journal.count(kind) for kind in ("order", "customer", "adopted", "definition")):
            self._journal.forget_documents()

    # One kind after the other

    def _orders(self) -> None:
        self._by_file("order", None)
        done = 0
        for batch in self._journal.waiting("order"):
            self._journal.settle("order", list(self._hands.each(batch, self._deleting.order)))
            done += len(batch)
            self._tell(f"orders: {done:,} deleted")

    def _customers(self) -> None:
        self._by_file("customer", "delete")
        pause, until = _PAUSES[0], time.monotonic() + LINGER_SECONDS
        while self._journal.count("customer"):
            before = self._journal.count("customer")
            for batch in self._journal.waiting("customer"):
                self._journal.settle("customer", self._some_customers(batch))
                self._tell(f"customers: {before - self._journal.count('customer'):,} settled")
            left = self._journal.count("customer")
            if not left or time.monotonic() + pause > until:
                return
            self._tell(
                f"Shopify holds {left:,} customers whose orders are deleted; trying again in {pause:.0f} s "
                "(that it needs a while is known)."
            )
            self._client.rest(pause)
            pause = min(pause * 2, _PAUSES[1])

    def _some_customers(self, batch: Sequence[Item]) -> list[Result]:
        """Delete customers; those who have orders of their own stay, without our traces."""
        found = list(self._hands.each(batch, self._deleting.customer))
        ours = self._journal.orders(list(chain.from_iterable(orders for _, orders in found)))
        results, buyers = [], []
        for item, (result, orders) in zip(batch, found, strict=True):
            states = {ours.get(gid) for gid in orders}
            if None in states:
                buyers.append(replace(item, reason=OWN_ORDERS))
            elif result.reason == LINGERS and "refused" in states:
                results.append(Result(item.key, "refused", ORDER_STAYS))
            else:
                results.append(result)
        return [*results, *self._hands.each(buyers, lambda item: self._restoring.strip(item, "kept", item.reason))]

    def _adopted(self, *, last: bool) -> None:
        done = 0
        for batch in self._journal.waiting("adopted"):
            items = [replace(item, details={**item.details, "last": last}) for item in batch]
            self._journal.settle("adopted", list(self._hands.each(items, self._restoring.restore)))
            done += len(batch)
            self._tell(f"adopted customers: {done:,} restored")

    def _definitions(self) -> None:
        if self._journal.count("customer"):
            return  # Those who are still there carry ids.
        for batch in self._journal.waiting("definition"):
            self._journal.settle("definition", delete_definitions(self._client, batch, self._client.rest))

    def _by_file(self, kind: str, action: str | None) -> None:
        """Delete by bulk operation while there is enough to do for it."""
        while True:
            count = self._journal.count(kind, action=action)
            if not self._is_much(count):
                return
            self._tell(f"{kind}s: {count:,} to delete, by bulk operation")
            batches = ([item for item in batch if item.action == "delete"] for batch in self._journal.waiting(kind))
            done = 0
            for results in self._files.delete(kind, batches, count):
                self._journal.settle(kind, results)
                done += len(results)
                self._tell(f"{kind}s: {done:,} of {count:,} deleted")
            if done < count / 2:
                return  # What is refused by the file is looked at one by one.

    def _is_much(self, count: int) -> bool:
        if not count or self._settings.lane == "direct":
            return False
        return self._settings.lane == "bulk" or direct_seconds(count, self._client.budget.rate) > PATIENCE_SECONDS

    # The proof

    def _look_back(self) -> None:
        """Look at the whole shop: what is deleted must be gone. What an export still has is looked at exactly."""
        self._tell("looking back at the whole shop, by an export")
        self._traces.load(orders=self._with_orders)
        for kind, there in (("order", self._order_there), ("customer", self._customer_there)):
            suspects = self._journal.still_seen(kind)
            found = zip(suspects, self._hands.each(suspects, there), strict=True)
            left = [Result(item.key, "refused", STILL_THERE) for item, is_there in found if is_there]
            self._journal.settle(kind, left)

    def _order_there(self, item: Item) -> bool:
        return bool(self._client.call("OrderFind", {"identifier": {"id": item.key}}).value.get("id"))

    def _customer_there(self, item: Item) -> bool:
        variables = {"id": item.key, "namespace": self._settings.namespace}
        return bool(self._client.call("CustomerGlance", variables).value.get("id"))
