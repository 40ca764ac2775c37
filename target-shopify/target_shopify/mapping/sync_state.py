"""Our bookkeeping in the json metafield `sync_state`: what we wrote, and what belongs to whom.

By it an update knows what others have changed since, and a Cratejoy customer that arrives alone is united with those
who came before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from target_shopify.mapping.addresses import address_key
from target_shopify.mapping.member import Member
from target_shopify.mapping.rows import Row
from target_shopify.mapping.stored import stored_members
from target_shopify.mapping.values import identifier
from target_shopify.rules import JSON_BYTES

KEY = "sync_state"
_KINDS = ("subscriptions", "orders")
_IDS_A_PART = 5_000
"""An id takes up to 20 bytes."""
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
        repairs: What Shopify refused and was left off, as codes.
        given_up: Fingerprint of each field that Shopify refused, by CustomerInput key: not tried again while it is so.
        whole: False when parts of the members' row ids could not be read.
    """

    origin: str
    hash: str
    fields: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    members: tuple[dict[str, Any], ...] = ()
    repairs: tuple[str, ...] = ()
    given_up: dict[str, str] = field(default_factory=dict)
    whole: bool = True


def encode(state: SyncState) -> dict[str, str]:
    """Return the bookkeeping as metafield values by key, each at most 120,000 bytes.

    Row ids of many members go on in `sync_state_002` and so on; `sync_state` itself comes last: with it all is there.
    """
    text = _encoded(state, state.members)
    if len(text) <= JSON_BYTES:
        return {KEY: text.decode()}
    rows = [(one["id"], kind, ids) for one in state.members for kind in _KINDS for ids in _chunks(one.get(kind))]
    parts = {part_key(number): orjson.dumps({"rows": [row]}).decode() for number, row in enumerate(rows, start=2)}
    bare = tuple({**one, **{kind: [] for kind in _KINDS if one.get(kind) is not None}} for one in state.members)
    return {**parts, KEY: _encoded(state, bare, parts=len(parts)).decode()}


def part_key(number: int) -> str:
    """Return the metafield key of a further part of the bookkeeping, counted from 2."""
    return f"{KEY}_{number:03d}"


def is_part(key: str) -> bool:
    """Whether a metafield key is that of a further part of the bookkeeping."""
    return key.startswith(f"{KEY}_")


def decode(text: str | None, metafields: Mapping[str, str] | None = None) -> SyncState | None:
    """Return the bookkeeping, None when it cannot be read.

    Args:
        text: Value of the metafield `sync_state`.
        metafields: All values of our namespace by key, its further parts among them; None to do without row ids.
    """
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
            repairs=tuple(map(str, found.get("repairs") or ())),
            given_up={str(key): str(value) for key, value in (found.get("given_up") or {}).items()},
        )
        if found.get("parts") and metafields is not None:
            state = _with_rows(state, int(found["parts"]), metafields)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
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


def _chunks(ids: list[int] | None) -> list[list[int]]:
    return [ids[start : start + _IDS_A_PART] for start in range(0, len(ids or ()), _IDS_A_PART)] if ids else []


def _with_rows(state: SyncState, parts: int, metafields: Mapping[str, str]) -> SyncState:
    """Return the bookkeeping with the row ids of its further parts."""
    found: dict[tuple[int, str], list[int]] = {}
    for number in range(2, parts + 2):
        try:
            rows = orjson.loads(metafields.get(part_key(number), ""))["rows"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return replace(state, whole=False)
        for owner, kind, ids in rows:
            found.setdefault((owner, kind), []).extend(ids)
    members = tuple(
        {**one, **{kind: found.get((one["id"], kind), one.get(kind)) for kind in _KINDS}} for one in state.members
    )
    return replace(state, members=members)


def _encoded(state: SyncState, members: tuple[dict[str, Any], ...], parts: int = 0) -> bytes:
    found: dict[str, Any] = {
        "version": _VERSION,
        "origin": state.origin,
        "hash": state.hash,
        "fields": state.fields,
        "addresses": state.addresses,
        "keys": state.keys,
    }
    more = {"members": members, "parts": parts, "repairs": state.repairs, "given_up": state.given_up}
    return orjson.dumps({**found, **{key: value for key, value in more.items() if value}})


def _ids(rows: tuple[Row, ...] | None) -> list[int] | None:
    return None if rows is None else [row["id"] for row in rows if row["id"] is not None]
