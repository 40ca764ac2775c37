"""Looking at the real shop for a rehearsal: one by one while that is cheaper, then by the roll of all its customers.

Looking for each of 600,000 documents would take hours of points; reading who is there takes a page of 46 points for
250 customers. So the roll is read as soon as looking has cost as much.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from target_shopify.errors import CallRefused, ShopRefused
from target_shopify.rehearsal.people import People, email_key, id_key, phone_key
from target_shopify.rehearsal.shapes import number_of

if TYPE_CHECKING:
    from target_shopify.client import Payload, ShopifyClient

_CUSTOMERS_A_PAGE = 250
_LOOKS_A_PAGE = 25
"""What a page of the roll costs, in looks of one to three points."""
_MOST_REMEMBERED = 1000


class RealShop:
    """Looks at customers of the real shop; safe to share between threads.

    Args:
        client: Of the shop.
        people: Where the roll is kept.
        lock: Around `people`.
        namespace: Of our metafields.
        customers: In the shop now.
        has_ids: The shop has the definition of our id metafield.
    """

    def __init__(
        self,
        client: ShopifyClient,
        people: People,
        lock: threading.RLock,
        namespace: str,
        *,
        customers: int,
        has_ids: bool,
    ) -> None:
        self._client = client
        self._people = people
        self._lock = lock
        self._namespace = namespace
        self._customers = customers
        self._has_ids = has_ids
        self._found: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._looks = 0
        self._price: float = _LOOKS_A_PAGE * math.ceil(customers / _CUSTOMERS_A_PAGE)
        self._reading = threading.Lock()
        self._complete = customers == 0

    @property
    def empty(self) -> bool:
        """Whether the shop has no customers."""
        return self._customers == 0

    def find(self, key: str | None, identifier: Mapping[str, Any]) -> dict[str, Any]:
        """Return a customer at a glance; empty when nobody is it.

        Args:
            key: E-mail, phone or id as `people` keeps it; None to look by GID.
            identifier: CustomerIdentifierInput.
        """
        if self.empty or ("customId" in identifier and not self._has_ids):
            return {}
        if self._complete and key is not None:
            with self._lock:
                number = self._people.owner(key)
            return self._asked({"id": f"gid://shopify/Customer/{number}"}, str(number)) if number else {}
        value = self._asked(identifier, key or str(identifier["id"]))
        self._looks += 1
        if self._looks >= self._price and self._reading.acquire(blocking=False):
            self._read_roll()
        return value

    def read(self, variables: Mapping[str, Any]) -> Payload:
        """Return a page of a customer."""
        return self._client.call("CustomerRead", variables)

    def pages(self, gid: str) -> Iterator[dict[str, Any]]:
        """Yield all pages of a customer."""
        variables: dict[str, Any] = {"id": gid, "namespace": self._namespace}
        while value := self.read(variables).value:
            yield value
            lists = (("addressesV2", "addressesAfter"), ("metafields", "metafieldsAfter"))
            infos = {after: value[name].get("pageInfo") or {} for name, after in lists}
            if not any(info.get("hasNextPage") for info in infos.values()):
                return
            variables |= {after: info["endCursor"] for after, info in infos.items() if info.get("endCursor")}

    def _asked(self, identifier: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Ask who somebody is, once."""
        with self._lock:
            if key in self._found:
                return self._found[key]
        try:
            value = self._client.call("CustomerFind", {"identifier": identifier, "namespace": self._namespace}).value
        except CallRefused as refused:
            if "NOT_FOUND" not in refused.codes:
                raise
            value = {}
        value = value if value.get("id") else {}
        with self._lock:
            remember(self._found, key, value)
        return value

    def _read_roll(self) -> None:
        """Read who is in the shop; where that does not show them all, looking goes on one by one."""
        self._price = math.inf
        try:
            self._complete = sum(1 for _ in self._roll()) >= self._customers
        except (CallRefused, ShopRefused):
            return

    def _roll(self) -> Iterator[int]:
        """Yield the number of every customer of the shop, noted in `people`."""
        last = 0
        while nodes := self._client.call("CustomersRoll", self._after(last)).value.get("nodes"):
            for node in nodes:
                number = number_of(node["id"])
                if number <= last:
                    return  # the filter by id is not obeyed
                last = number
                with self._lock:
                    self._people.note(number, [key for key in _keys(node) if key])
                yield number

    def _after(self, last: int) -> dict[str, str]:
        return {"query": f"id:>{last}", "namespace": self._namespace}


def remember(recent: OrderedDict[str, Any], key: str, value: Any) -> None:
    """Keep the latest thousand."""
    recent[key] = value
    recent.move_to_end(key)
    if len(recent) > _MOST_REMEMBERED:
        recent.popitem(last=False)


def _keys(node: Mapping[str, Any]) -> tuple[str | None, ...]:
    return (
        email_key((node.get("defaultEmailAddress") or {}).get("emailAddress")),
        phone_key((node.get("defaultPhoneNumber") or {}).get("phoneNumber")),
        id_key((node.get("customerId") or {}).get("value")),
    )
