"""Deleting the metafield definitions that we made, once nothing of ours is under them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from target_shopify.errors import CallRefused
from target_shopify.shop import definitions

from cratejoy_migration.rollback.deleting import is_gone, told
from cratejoy_migration.rollback.journal import Item, Result
from cratejoy_migration.rollback.looks import GONE

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

USED = "used by others"
PAUSES_SECONDS = (0.0, 2.0, 5.0, 15.0, 40.0)
"""A count of metafields may be behind what was deleted a moment ago."""


def delete_definitions(client: ShopifyClient, items: list[Item], wait: Callable[[float], None]) -> list[Result]:
    """Delete definitions; one with others' values under it stays, unless those were there before it.

    Platform fact (recorded live answers): a definition of type `id` goes with its values or not at all.

    Args:
        client: Of the shop.
        items: Keys such as `CUSTOMER cratejoy.customer_id`; `before` in the details is how many values came before.
        wait: Rests for so many seconds.
    """
    results: list[Result] = []
    for pause in PAUSES_SECONDS:
        wait(pause if items else 0.0)
        there = {place: definitions(client, place[1], place[0]) for place in {_place(item)[:2] for item in items}}
        results, again = [*results], []
        for item in items:
            owner, namespace, key = _place(item)
            result = _delete(client, item, there[owner, namespace].get(key))
            if result is None:
                again.append(item)
            else:
                results.append(result)
        items = again
    return [*results, *(Result(item.key, "kept", USED) for item in items)]


def _place(item: Item) -> tuple[str, str, str]:
    """Return owner type, namespace and key."""
    owner, _, name = item.key.partition(" ")
    namespace, _, key = name.rpartition(".")
    return owner, namespace, key


def _delete(client: ShopifyClient, item: Item, there: dict[str, Any] | None) -> Result | None:
    """Return what came of it; None while values are under it that should be gone."""
    if there is None:
        return Result(item.key, "done", GONE)
    is_id, count = there["type"] == "id", int(there["count"] or 0)
    if count > (0 if is_id else int(item.details.get("before") or 0)):
        return None
    try:
        errors = client.call("DefinitionDelete", {"id": there["id"], "withValues": is_id}).errors
    except CallRefused as refused:
        return Result(item.key, "refused", f"refused by Shopify: {', '.join(refused.codes)}")
    if errors and not is_gone(errors):
        return Result(item.key, "refused", told(errors))
    return Result(item.key, "done")
