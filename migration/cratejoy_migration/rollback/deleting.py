"""Deleting one order or one customer of ours, and what a refusal means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_shopify.errors import CallRefused

from cratejoy_migration.rollback.journal import Item, Result
from cratejoy_migration.rollback.looks import GONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_shopify.client import ShopifyClient, UserError

    from cratejoy_migration.rollback.looks import Looks
    from cratejoy_migration.rollback.restoring import Restoring

OWN_ORDERS = "own orders"
LINGERS = "orders linger"
"""Refused though its orders are gone: Shopify needs a while to notice (recorded live answers)."""
_UNKNOWN = ("does not exist", "can't be found", "can\u2019t be found", "not found")


def is_gone(errors: Sequence[UserError]) -> bool:
    """Whether a refusal says that there is nothing to delete."""
    return any(
        error.code == "NOT_FOUND" or any(words in error.message.lower() for words in _UNKNOWN) for error in errors
    )


def told(errors: Sequence[UserError]) -> str:
    """Return a refusal in Shopify's own short words, without values."""
    return "refused by Shopify: " + ("; ".join(dict.fromkeys(error.message for error in errors))[:200] or "no reason")


class Deleting:
    """Deletes; safe to share between threads.

    Args:
        client: Of the shop.
        looks: Tells whose the orders of a customer are.
        restoring: Takes our traces off customers that stay.
        with_orders: Whether orders are ours to delete; else one in the way is somebody else's.
    """

    def __init__(self, client: ShopifyClient, looks: Looks, restoring: Restoring, *, with_orders: bool) -> None:
        self._client = client
        self._looks = looks
        self._restoring = restoring
        self._with_orders = with_orders

    def order(self, item: Item) -> Result:
        """Delete an order."""
        try:
            answer = self._client.call("OrderDelete", {"orderId": item.key})
        except CallRefused as refused:
            return Result(item.key, "refused", f"refused by Shopify: {', '.join(refused.codes)}")
        if answer.value.get("deletedId") or is_gone(answer.errors):
            return Result(item.key, "done", "" if answer.value.get("deletedId") else GONE)
        return Result(item.key, "refused", told(answer.errors))

    def customer(self, item: Item) -> tuple[Result, list[str]]:
        """Delete a customer of ours, or take our traces off one that stays.

        Returns:
            What came of it; and the orders that hold a customer, when deleting was refused.
        """
        if item.action == "leave":
            return Result(item.key, "kept", item.reason), []
        if item.action == "strip":
            return self._restoring.strip(item, "kept", item.reason), []
        try:
            answer = self._client.call("CustomerDelete", {"input": {"id": item.key}})
        except CallRefused as refused:
            return Result(item.key, "refused", f"refused by Shopify: {', '.join(refused.codes)}"), []
        if answer.value.get("deletedCustomerId") or is_gone(answer.errors):
            return Result(item.key, "done", "" if answer.value.get("deletedCustomerId") else GONE), []
        return self._refused(item, answer.errors)

    def _refused(self, item: Item, errors: Sequence[UserError]) -> tuple[Result, list[str]]:
        held = any("order" in error.message.lower() for error in errors)
        if not held:
            return Result(item.key, "refused", told(errors)), []
        if not self._with_orders:
            return self._restoring.strip(item, "kept", OWN_ORDERS), []
        return Result(item.key, "planned", LINGERS), [gid for gid, _ in self._looks.orders_of(item.key)]
