"""Looking at customers in the shop: exactly, by id, Cratejoy id or e-mail; never by search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_shopify.mapping.sync_state import SyncState, decode
from target_shopify.planning import Found

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

_MOST_PAGES = 400


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer at a glance.

    Attributes:
        id: GID.
        customer_id: Our id metafield; None for a customer that no migration made or adopted.
        state: Our bookkeeping.
    """

    id: str
    customer_id: str | None
    state: SyncState | None


class ShopReader:
    """Reads customers; safe to share between threads.

    Args:
        client: Of the shop.
        namespace: Of our metafields.
    """

    def __init__(self, client: ShopifyClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def by_cratejoy_id(self, number: int) -> Seen | None:
        """Return the customer with this Cratejoy id in its id metafield."""
        return self._find({"customId": {"namespace": self._namespace, "key": "customer_id", "value": str(number)}})

    def by_email(self, email: str) -> Seen | None:
        """Return the customer who owns this e-mail, whoever made it."""
        return self._find({"emailAddress": email})

    def by_id(self, gid: str) -> Seen | None:
        """Return the customer with this GID."""
        return self._find({"id": gid})

    def read(self, gid: str) -> Found | None:
        """Return all of a customer that an update must know; None when it is gone."""
        variables: dict[str, Any] = {"id": gid, "namespace": self._namespace}
        addresses: list[dict[str, Any]] = []
        metafields: dict[str, dict[str, Any]] = {}
        for _ in range(_MOST_PAGES):
            value = self._client.call("CustomerRead", variables).value
            if not value:
                return None
            more_addresses = _page(value.get("addressesV2"), variables, "addressesAfter")
            more_metafields = _page(value.get("metafields"), variables, "metafieldsAfter")
            addresses += [one for one in more_addresses if one["id"] not in {seen["id"] for seen in addresses}]
            metafields |= {str(one["key"]): one for one in more_metafields}
            if not variables.pop("more", False):
                break
        return found_of(value, addresses, metafields)

    def _find(self, identifier: dict[str, Any]) -> Seen | None:
        value = self._client.call("CustomerFind", {"identifier": identifier, "namespace": self._namespace}).value
        if not value.get("id"):
            return None
        number = (value.get("customerId") or {}).get("value")
        state = (value.get("syncState") or {}).get("value")
        return Seen(str(value["id"]), str(number) if number else None, decode(state) if state else None)


def _page(connection: Any, variables: dict[str, Any], cursor: str) -> list[dict[str, Any]]:
    """Return the nodes of a page; note in the variables where the next one begins."""
    info = (connection or {}).get("pageInfo") or {}
    if info.get("endCursor"):
        variables[cursor] = info["endCursor"]
    if info.get("hasNextPage"):
        variables["more"] = True
    return list((connection or {}).get("nodes") or ())


def found_of(value: dict[str, Any], addresses: list[dict[str, Any]], fields: dict[str, dict[str, Any]]) -> Found:
    """Return a customer as updates and verification know it.

    Args:
        value: As the operation CustomerRead or the export ExportCustomers asks for it.
        addresses: All its addresses.
        fields: All its metafields of our namespace, by key.
    """
    default = (value.get("defaultAddress") or {}).get("id")
    inputs = [address_input(one) for one in addresses]
    metafields = {key: str(one["value"]) for key, one in fields.items()}
    state = metafields.pop("sync_state", None)
    return Found(
        id=str(value["id"]),
        fields={
            "email": (value.get("defaultEmailAddress") or {}).get("emailAddress"),
            "phone": (value.get("defaultPhoneNumber") or {}).get("phoneNumber"),
            "firstName": value.get("firstName"),
            "lastName": value.get("lastName"),
            "note": value.get("note"),
        },
        tags=tuple(value.get("tags") or ()),
        addresses=tuple(sorted(inputs, key=lambda one: one["id"] != default)),
        metafields=metafields,
        state=decode(state, metafields) if state else None,
        source={**value, "addressesV2": addresses, "metafields": list(fields.values())},
    )


def address_input(node: dict[str, Any]) -> dict[str, Any]:
    """Return a MailingAddress as the MailingAddressInput that would make it."""
    renamed = {("countryCode" if name == "countryCodeV2" else name): value for name, value in node.items()}
    return {name: value for name, value in renamed.items() if value not in (None, "")}
