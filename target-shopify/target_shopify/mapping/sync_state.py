"""Our bookkeeping in the json metafield `sync_state`: what we wrote, and what belongs to whom.

By it an update knows what others have changed since, and a Cratejoy customer that arrives alone is united with those
who came before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from target_shopify.mapping.addresses import address_key
from target_shopify.mapping.member import Member
from target_shopify.mapping.rows import Row
from target_shopify.mapping.stored import stored_members
from target_shopify.mapping.values import identifier
from target_shopify.rules import JSON_BYTES

_VERSION = 1
_LENGTH = 16
_ORIGINS = ("created", "adopted")

__all__ = ["SyncState", "address_fingerprint", "decode", "encode", "figures", "fingerprint", "stored_members"]


@dataclass(frozen=True, slots=True)
class SyncState:
    """What we wrote.

    Args:
        origin: `created` or `adopted`: how the customer first came in.
        hash: Of the `ShopifyCustomer` written last.
        fields: Fingerprint of each field we wrote, by CustomerInput key.
        addresses: Fingerprints of the addresses we wrote.
        keys: Metafield keys we wrote.
        members: With more than one Cratejoy customer, `figures` of each.
    """

    origin: str
    hash: str
    fields: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    members: tuple[dict[str, Any], ...] = ()


def encode(state: SyncState) -> str:
    """Return the bookkeeping as JSON of at most 120,000 bytes; row ids give way when it would be more."""
    text = _encoded(state, state.members)
    if len(text) > JSON_BYTES:
        text = _encoded(state, tuple({**one, "subscriptions": None, "orders": None} for one in state.members))
    return text.decode()


def decode(text: str | None) -> SyncState | None:
    """Return the bookkeeping, None when it cannot be read."""
    try:
        found = orjson.loads(text or "")
        state = SyncState(
            origin=found["origin"],
            hash=found["hash"],
            fields={str(key): str(value) for key, value in found["fields"].items()},
            addresses=tuple(map(str, found["addresses"])),
            keys=tuple(map(str, found["keys"])),
            members=tuple(
                {**one, "id": number} for one in found.get("members") or () if (number := identifier(one["id"]))
            ),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    return state if state.origin in _ORIGINS and isinstance(state.hash, str) else None


def fingerprint(value: Any) -> str:
    """Return 16 hex digits that stand for a value."""
    text = value.encode(errors="replace") if isinstance(value, str) else orjson.dumps(value)
    return hashlib.sha256(text).hexdigest()[:_LENGTH]


def address_fingerprint(address: Mapping[str, Any]) -> str:
    """Return 16 hex digits that are equal for equal addresses, whatever their case, white space or phone format."""
    return fingerprint(address_key(address))


def figures(member: Member) -> dict[str, Any]:
    """Return what belongs to a member: its row ids (None when unknown), its figures, and what its tags came from."""
    found: dict[str, Any] = {
        "id": member.cratejoy_id,
        "subscriptions": _ids(member.subscriptions),
        "orders": _ids(member.orders),
        "order_count": member.order_count,
        "lifetime_value": member.lifetime_value,
        "check": bool(member.repairs),
        "test": member.is_test,
    }
    if member.subscribed and not member.subscriptions:
        found["subscribed"] = True
    if member.subscriptions is None and member.status:
        found["status"] = member.status
    return found


def _encoded(state: SyncState, members: tuple[dict[str, Any], ...]) -> bytes:
    found: dict[str, Any] = {
        "version": _VERSION,
        "origin": state.origin,
        "hash": state.hash,
        "fields": state.fields,
        "addresses": state.addresses,
        "keys": state.keys,
    }
    return orjson.dumps({**found, "members": members} if members else found)


def _ids(rows: tuple[Row, ...] | None) -> list[int] | None:
    return None if rows is None else [row["id"] for row in rows if row["id"] is not None]
