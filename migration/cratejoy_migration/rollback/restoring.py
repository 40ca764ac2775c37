"""Carrying out an `Undo` on a customer, until a look at the shop finds nothing left to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from target_shopify import reactions
from target_shopify.client import UserError
from target_shopify.customers import ShopReader
from target_shopify.errors import CallRefused

from cratejoy_migration.rollback.journal import Item, Result
from cratejoy_migration.rollback.looks import GONE
from cratejoy_migration.rollback.undo import Undo, ours_of, strip, undo

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient
    from target_shopify.planning import Found

Plan = Callable[["Found"], Undo]
AFTER_DEFINITIONS = "after definitions"
CHANGED = "changed since"
REFUSED = "refused by Shopify"
_ROUNDS = 4
_METAFIELDS_A_CALL = 25
_LIST_LENGTH = 250


class Restoring:
    """Brings customers back; safe to share between threads.

    Args:
        client: Of the shop.
        namespace: Of our metafields.
        prefix: Of our tags.
    """

    def __init__(self, client: ShopifyClient, namespace: str, prefix: str) -> None:
        self._client = client
        self._namespace = namespace
        self._prefix = prefix
        self._reader = ShopReader(client, namespace)

    def restore(self, item: Item) -> Result:
        """Bring an adopted customer back to its before-image."""
        return self._safely(item, lambda found: undo(item.image, ours_of(item.writings, found), found, self._prefix))

    def strip(self, item: Item, state: str = "done", reason: str = "") -> Result:
        """Take our tags and metafields off a customer that stays."""
        return self._safely(item, lambda found: strip(found, self._prefix), state, reason)

    def _safely(self, item: Item, plan: Plan, state: str = "done", reason: str = "") -> Result:
        try:
            return self._until_done(item, plan, state, reason)
        except CallRefused as refused:
            return Result(item.key, "refused", f"{REFUSED}: {', '.join(refused.codes)}")

    def _until_done(self, item: Item, plan: Plan, state: str, reason: str) -> Result:
        change = Undo()
        for _ in range(_ROUNDS):
            found = self._reader.read(item.key)
            if found is None:
                return Result(item.key, "done", GONE)
            change = plan(found)
            if change.empty:
                return _settled(item, change, state, reason)
            self._carry_out(found, change)
        last = item.details.get("last") is True
        waits = set(change.todo) == {"metafields"} and not last
        details = {"stays": [*change.todo, *change.stays]}
        return Result(item.key, "planned" if waits else "refused", AFTER_DEFINITIONS if waits else REFUSED, details)

    def _carry_out(self, found: Found, change: Undo) -> None:
        self._write_fields(found.id, change.fields)
        for address in change.create_addresses:
            self._call("CustomerAddressCreate", customerId=found.id, address=address, setAsDefault=False)
        for gid, address in change.update_addresses:
            self._call("CustomerAddressUpdate", customerId=found.id, addressId=gid, address=address)
        if change.default_address:
            self._call("CustomerUpdateDefaultAddress", customerId=found.id, addressId=change.default_address)
        for gid in change.delete_addresses:
            self._call("CustomerAddressDelete", customerId=found.id, addressId=gid)
        if change.remove_tags:
            self._call("TagsRemove", id=found.id, tags=list(change.remove_tags))
        if change.add_tags:
            self._call("TagsAdd", id=found.id, tags=list(change.add_tags))
        self._write_metafields(found.id, change)

    def _write_fields(self, gid: str, fields: dict[str, Any]) -> None:
        """Write fields; one that Shopify refuses does not keep the others from being restored."""
        wanted = dict(fields)
        while wanted:
            errors = self._call("CustomerUpdate", input={"id": gid, **wanted})
            refused = {reactions.path(error)[:1] for error in errors}
            if not errors or not any((name,) in refused for name in wanted):
                return
            wanted = {name: value for name, value in wanted.items() if (name,) not in refused}

    def _write_metafields(self, gid: str, change: Undo) -> None:
        entries = [{"ownerId": gid, "namespace": self._namespace, **one} for one in change.set_metafields]
        for start in range(0, len(entries), _METAFIELDS_A_CALL):
            self._call("MetafieldsSet", metafields=entries[start : start + _METAFIELDS_A_CALL])
        gone = [{"ownerId": gid, "namespace": self._namespace, "key": key} for key in change.delete_metafields]
        for start in range(0, len(gone), _LIST_LENGTH):
            self._call("MetafieldsDelete", metafields=gone[start : start + _LIST_LENGTH])

    def _call(self, name: str, **variables: Any) -> Sequence[UserError]:
        """Write; a refusal as a whole, such as that of an address that went with a lost answer, is seen at the look."""
        try:
            return self._client.call(name, variables).errors
        except CallRefused as refused:
            return [UserError((), "refused", code) for code in refused.codes]


def _settled(item: Item, change: Undo, state: str, reason: str) -> Result:
    stays = list(change.stays)
    return Result(item.key, state, reason or (CHANGED if stays else ""), {"stays": stays} if stays else {})
