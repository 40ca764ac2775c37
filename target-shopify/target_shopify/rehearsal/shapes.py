"""Customers of a rehearsal in the shapes that Shopify's answers have, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from target_shopify.customers import address_input
from target_shopify.planning import inherited
from target_shopify.rehearsal.people import Person, email_key, id_key, phone_key

NAMES = ("firstName", "lastName")


def identities(wanted: Mapping[str, Any], namespace: str) -> Iterator[tuple[dict[str, Any], tuple[str, ...], str]]:
    """Yield what must be nobody else's: how to look for it, where an error about it points, its name."""
    if wanted.get("email"):
        yield {"emailAddress": wanted["email"]}, ("email",), "Email"
    if wanted.get("phone"):
        yield {"phoneNumber": wanted["phone"]}, ("phone",), "Phone"
    if wanted.get("customer_id"):
        custom = {"namespace": namespace, "key": "customer_id", "value": wanted["customer_id"]}
        yield {"customId": custom}, ("metafields", "0", "value"), "Value"


def key_of(identifier: Mapping[str, Any]) -> str | None:
    """Return the key by which an identifier looks; None for a GID."""
    custom = identifier.get("customId") or {}
    named = (identifier.get("emailAddress"), identifier.get("phoneNumber"), custom.get("value"))
    keys = (make(value) for make, value in zip((email_key, phone_key, id_key), named, strict=True))
    return next((key for key in keys if key), None)


def number_of(gid: str) -> int:
    """Return the number of a GID."""
    return int(gid.rpartition("/")[2].partition("?")[0])


def nodes(value: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return addresses and metafields of an answered page."""
    addresses, metafields = ((value.get(name) or {}).get("nodes") or () for name in ("addressesV2", "metafields"))
    return list(addresses), list(metafields)


def at_a_glance(person: Person) -> dict[str, Any]:
    """Return a customer as `CustomerFind` answers."""
    found = {"customerId": person.metafields.get("customer_id"), "syncState": person.metafields.get("sync_state")}
    return {"id": person.gid, **{name: {"value": one[1]} if one else None for name, one in found.items()}}


def whole(person: Person) -> dict[str, Any]:
    """Return a customer as `CustomerRead` answers, in one page."""
    fields = person.fields
    return {
        "id": person.gid,
        **{name: fields.get(name) for name in (*NAMES, "note")},
        "tags": sorted(person.tags),
        "defaultEmailAddress": {"emailAddress": fields["email"]} if fields.get("email") else None,
        "defaultPhoneNumber": {"phoneNumber": fields["phone"]} if fields.get("phone") else None,
        "defaultAddress": {"id": person.default} if person.default else None,
        "addressesV2": {"nodes": [_node(inherited(one, fields)) for one in person.addresses]},
        "metafields": {
            "nodes": [{"key": key, "type": one[0], "value": one[1]} for key, one in person.metafields.items()]
        },
    }


def _node(address: Mapping[str, Any]) -> dict[str, Any]:
    return {("countryCodeV2" if name == "countryCode" else name): value for name, value in address.items()}


def from_pages(number: int, pages: list[dict[str, Any]]) -> Person:
    """Return a customer from all pages that `CustomerRead` answered."""
    first = pages[0] if pages else {}
    lists = [nodes(page) for page in pages]
    fields = {name: first.get(name) for name in (*NAMES, "note")}
    fields["email"] = (first.get("defaultEmailAddress") or {}).get("emailAddress")
    fields["phone"] = (first.get("defaultPhoneNumber") or {}).get("phoneNumber")
    addresses = {one["id"]: address_input(one) for found, _ in lists for one in found}
    return Person(
        number,
        {name: value for name, value in fields.items() if value},
        list(first.get("tags") or ()),
        list(addresses.values()),
        (first.get("defaultAddress") or {}).get("id"),
        {one["key"]: (one["type"], one["value"]) for _, found in lists for one in found},
    )
