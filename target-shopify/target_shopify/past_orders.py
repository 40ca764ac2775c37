"""Past orders as real ones: each exactly once, oldest first, and nobody hears of them.

Platform facts (schema, recorded live answers): an order's addresses become the customer's default address; a trial
shop takes five orders a minute ("Too many attempts"); the id metafield `order_id` finds an order exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_shopify.customers import address_input
from target_shopify.errors import UNANSWERED, AnswerLost, CallRefused, Unreachable
from target_shopify.ledger import ShopObject
from target_shopify.mapping.addresses import read_address
from target_shopify.mapping.orders import order_input, order_skus
from target_shopify.mapping.sync_state import address_fingerprint
from target_shopify.mapping.values import identifier, moment, record

if TYPE_CHECKING:
    import logging

    from target_shopify.client import Payload, ShopifyClient
    from target_shopify.ledger import Ledger
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.work import Unit

_SKUS_A_CALL = 25
_PATIENCE_SECONDS = 15.0
_MOST_WAITS = 240
_MOST_TRIES = 12
LOOKS_SECONDS = (0.3, 1.0, 3.0)
"""Pauses before the looks for an order whose answer was lost."""
_TAKEN = ("taken", "already exists", "unique")


@dataclass
class Placed:
    """The orders of a unit.

    Attributes:
        reasons: What could not be written.
        orders: Those that are in the shop now, by their id metafields ours, whichever run made them.
        moved: One of those that were made now has left its address on the customer.
    """

    reasons: list[str] = field(default_factory=list)
    orders: list[ShopObject] = field(default_factory=list)
    moved: bool = False


class PastOrders:
    """Writes the orders of customers; safe to share between threads.

    Args:
        client: Of the shop.
        options: Of the mapping.
        logger: Tells of long waits.
        ledger: Knows orders that lost their id metafield.
    """

    def __init__(self, client: ShopifyClient, options: MappingOptions, logger: logging.Logger, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self._options = options
        self._logger = logger
        self._variants: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def write(self, unit: Unit, gid: str, *, fresh: bool, ours: bool = True) -> Placed:
        """Write the orders of a unit's documents that are not there yet.

        Args:
            unit: Its documents' orders.
            gid: The customer.
            fresh: The customer was made a moment ago, so none of the orders can be there.
            ours: The customer was made by a migration, not adopted.
        """
        orders = sorted(
            (order for entry in unit.entries for order in entry.member.source_orders),
            key=lambda order: (moment(order.get("placed_at")) or "", identifier(order.get("id")) or 0),
        )
        placed = Placed()
        if not orders:
            return placed
        known = {} if fresh else self._ledger.orders([str(identifier(order.get("id"))) for order in orders])
        variants = self._variants_of(orders)
        shipped = [order for order in orders if order.get("ship_address")]
        default, right = self._defaults(unit, gid, shipped, ours=ours) if shipped and not fresh else (None, None)
        for order in orders:
            there = None if fresh else self._find_or_mark(identifier(order.get("id")), known)
            self._write_one(order, gid, variants, placed, there)
        if fresh and placed.moved:
            self._put_right(unit, gid)
        elif right and (placed.moved or right != default):
            self._set_default(gid, right)
        return placed

    def _write_one(
        self, order: Mapping[str, Any], gid: str, variants: Mapping[str, str], placed: Placed, there: str | None
    ) -> None:
        """Write one order, unless it is there."""
        number = identifier(order.get("id"))
        if number is None:
            placed.reasons.append("order_without_id")
            return
        made = there or self._create(order, number, gid, variants, placed.reasons)
        if made:
            placed.orders.append(ShopObject("order", str(number), made, gid))
            placed.moved = placed.moved or (not there and bool(order.get("ship_address")))

    def _create(
        self, order: Mapping[str, Any], number: int, gid: str, variants: Mapping[str, str], reasons: list[str]
    ) -> str | None:
        """Create an order; return its GID, None when it cannot be had."""
        wanted = order_input(order, gid, self._options, variants)
        unanswered = 0
        for _ in range(_MOST_WAITS):
            try:
                answer = self._client.call("OrderCreate", {"order": wanted}, once=True)
            except AnswerLost as lost:
                there = self._appears(number)
                if there:
                    return there
                unanswered += 1
                if unanswered == _MOST_TRIES:
                    raise Unreachable(UNANSWERED.format("orderCreate", lost)) from None
                continue
            except CallRefused as refused:
                reasons.append(f"order {number} refused ({', '.join([*refused.codes, *refused.places])})")
                return None
            made = (answer.value.get("order") or {}).get("id")
            if made:
                return str(made)
            if not self._heals(answer):
                return self._refused(number, answer, reasons)
        reasons.append(f"order {number} refused (the shop takes no more orders)")
        return None

    def _heals(self, answer: Payload) -> bool:
        """Wait where the shop only wants it slower."""
        if not any("too many attempts" in error.message.lower() for error in answer.errors):
            return False
        self._client.rest(_PATIENCE_SECONDS)
        return True

    def _refused(self, number: int, answer: Payload, reasons: list[str]) -> str | None:
        """Return the order that was in the way, when it is ours; else note the refusal."""
        taken = any(word in error.message.lower() for error in answer.errors for word in _TAKEN)
        there = self._find(number) if taken else None
        if there is None:
            told = "; ".join(f"{'.'.join(error.field)}: {error.code or error.message}" for error in answer.errors)
            reasons.append(f"order {number} refused ({told[:200]})")
        return there

    def _find(self, number: int) -> str | None:
        """Return the GID of the order with this Cratejoy id."""
        custom = {"namespace": self._options.namespace, "key": "order_id", "value": str(number)}
        found = self._client.call("OrderFind", {"identifier": {"customId": custom}}).value.get("id")
        return str(found) if found else None

    def _find_or_mark(self, number: int | None, known: Mapping[str, str]) -> str | None:
        """Return the GID of an order that is there; one that lost its id metafield gets it again."""
        if number is None:
            return None
        if there := self._find(number):
            return there
        gid = known.get(str(number))
        if not gid or not self._client.call("OrderFind", {"identifier": {"id": gid}}).value.get("id"):
            return None
        mark = {"namespace": self._options.namespace, "key": "order_id", "type": "id", "value": str(number)}
        self._client.call("MetafieldsSet", {"metafields": [{"ownerId": gid, **mark}]})
        return gid

    def _appears(self, number: int) -> str | None:
        """Look for an order whose answer was lost; it may be on its way still."""
        for seconds in LOOKS_SECONDS:
            self._client.rest(seconds)
            there = self._find(number)
            if there:
                return there
        return None

    def _defaults(
        self, unit: Unit, gid: str, shipped: Sequence[Mapping[str, Any]], *, ours: bool
    ) -> tuple[str | None, str | None]:
        """Return the ids of the default address as it is, and as it should be after the orders.

        It stays as it is, unless it is one that orders of an earlier, killed run put there on a customer of ours.
        """
        value = self._client.call("CustomerRead", {"id": gid, "namespace": self._options.namespace}).value
        nodes = (value.get("addressesV2") or {}).get("nodes") or ()
        default = (value.get("defaultAddress") or {}).get("id")
        mark = next((address_fingerprint(address_input(one)) for one in nodes if one["id"] == default), None)
        marks = {address_fingerprint(address) for order in shipped if (address := shipping_address(order))}
        own = _own_address(unit.leader.member.addresses, nodes)
        return default, (own or default) if default is None or (ours and mark in marks) else default

    def _set_default(self, gid: str, address: str) -> None:
        self._client.call("CustomerUpdateDefaultAddress", {"customerId": gid, "addressId": address})

    def _put_right(self, unit: Unit, gid: str) -> None:
        """Give the customer its own name and default address back, which an order's address took the place of."""
        wanted = unit.leader.member
        value = self._client.call("CustomerRead", {"id": gid, "namespace": self._options.namespace}).value
        names = {"firstName": wanted.first_name, "lastName": wanted.last_name}
        if any(name and value.get(key) != name for key, name in names.items()):
            self._client.call("CustomerUpdate", {"input": {"id": gid, **names}})
        address = _own_address(wanted.addresses, (value.get("addressesV2") or {}).get("nodes") or ())
        if address and address != (value.get("defaultAddress") or {}).get("id"):
            self._set_default(gid, address)

    def _variants_of(self, orders: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        wanted = sorted(order_skus(orders))
        with self._lock:
            new = [sku for sku in wanted if sku not in self._variants]
            for start in range(0, len(new), _SKUS_A_CALL):
                self._look_up(new[start : start + _SKUS_A_CALL])
            return {sku: found for sku in wanted if (found := self._variants.get(sku))}

    def _look_up(self, skus: Sequence[str]) -> None:
        self._variants.update(dict.fromkeys(skus))
        words = " OR ".join(f'sku:"{_quoted(sku)}"' for sku in skus)
        try:
            nodes = self._client.call("VariantsBySku", {"query": words}).value.get("nodes") or ()
        except CallRefused:
            return
        for node in nodes:
            if node.get("sku") in skus:
                self._variants[node["sku"]] = node["id"]


def shipping_address(order: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return where an order went, as Shopify is told."""
    return read_address(record(order.get("ship_address")), None, set())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _own_address(wanted: Sequence[Mapping[str, Any]] | None, there: Sequence[dict[str, Any]]) -> str | None:
    """Return the id of the address in the shop that is the document's first."""
    if not wanted:
        return None
    mark = address_fingerprint(wanted[0])
    return next((one["id"] for one in there if address_fingerprint(address_input(one)) == mark), None)
