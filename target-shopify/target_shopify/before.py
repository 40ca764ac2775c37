"""A customer that we did not make, as it was before our first write, and what we write to it. Pure.

The image holds all that the target can change, directly or by an order's side effects; the writings say what in the
customer is ours, also when a run is killed before its bookkeeping is in the shop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from target_shopify.mapping.sync_state import address_fingerprint, fingerprint
from target_shopify.planning import inherited, mark, normal

if TYPE_CHECKING:
    from target_shopify.planning import Found, Plan

_NAMES = ("firstName", "lastName")


@dataclass(frozen=True, slots=True)
class BeforeImage:
    """What is kept before a write.

    Attributes:
        shopify_id: GID of the customer.
        image: `image_of` it; only the first of a customer lasts.
        writing: `writing_of` the change that follows; all of a customer's writings last.
    """

    shopify_id: str
    image: dict[str, Any]
    writing: dict[str, Any]


def image_of(found: Found) -> dict[str, Any]:
    """Return a customer whole: fields, tags, addresses with ids, id of the default one, metafields of our namespace."""
    source = found.source
    return {
        "fields": {
            "email": (source.get("defaultEmailAddress") or {}).get("emailAddress"),
            "phone": (source.get("defaultPhoneNumber") or {}).get("phoneNumber"),
            **{name: source.get(name) for name in (*_NAMES, "note")},
        },
        "tags": list(source.get("tags") or ()),
        "addresses": list(source.get("addressesV2") or ()),
        "default_address": (source.get("defaultAddress") or {}).get("id"),
        "metafields": [{key: one.get(key) for key in ("key", "type", "value")} for one in source["metafields"]],
    }


def writing_of(found: Found, change: Plan, ship_addresses: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what a change writes, as names and fingerprints; the bookkeeping goes without saying.

    Args:
        found: The customer as it is.
        change: What will be changed.
        ship_addresses: Of orders that follow: each becomes an address of the customer, and may name a nameless one.

    Returns:
        `fields` {name: fingerprint, None where emptied}; `addresses` fingerprints; `removed_addresses` ids; `names` the
        fingerprints of names that orders may leave; `tags`, `removed_tags`; `metafields` {key: fingerprint},
        `removed_metafields` keys. What is empty is left out.
    """
    shipped = list(ship_addresses)
    sent = [*change.add_addresses, *(change.set_addresses or ()), *shipped]
    whole = [inherited(one, {**_texts(found.fields), **_texts(change.fields)}) for one in sent]
    told = {
        "fields": {name: mark(name, value) if value else None for name, value in change.fields.items()},
        "addresses": sorted({address_fingerprint(form) for one in [*sent, *whole] for form in (one, bare(one))}),
        "removed_addresses": _removed_addresses(found, change),
        "names": {name: sorted({mark(name, one[name]) for one in shipped if one.get(name)}) for name in _NAMES}
        if shipped
        else {},
        "tags": list(change.add_tags),
        "removed_tags": list(change.remove_tags),
        "metafields": {key: value_mark(*one) for key, one in change.metafields.items()},
        "removed_metafields": list(change.delete_metafields),
    }
    return {name: value for name, value in told.items() if value}


def bare(address: Mapping[str, Any]) -> dict[str, Any]:
    """Return an address without its province: Shopify drops one where it has none (recorded live answers)."""
    return {name: value for name, value in address.items() if name != "provinceCode"}


def value_mark(kind: str, value: str) -> str:
    """Return the fingerprint of a metafield's value, equal for what Shopify may have written anew."""
    return fingerprint(orjson.dumps(normal(kind, value), option=orjson.OPT_SORT_KEYS).decode())


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: fields[name] for name in _NAMES if fields.get(name)}


def _removed_addresses(found: Found, change: Plan) -> list[str]:
    if change.set_addresses is None:
        return []
    kept = {one.get("id") for one in change.set_addresses}
    return [str(one["id"]) for one in found.addresses if one["id"] not in kept]
