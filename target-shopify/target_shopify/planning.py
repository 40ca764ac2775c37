"""What an update must change: a customer as it is in the shop against one as it should be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from target_shopify.mapping.customer import Metafield, ShopifyCustomer
from target_shopify.mapping.sync_state import SyncState, address_fingerprint, fingerprint
from target_shopify.rules import NOTE_LENGTH

_FIELDS = ("email", "firstName", "lastName", "phone", "note")
_NAMES = ("firstName", "lastName")
_PART = re.compile(r"(subscription_history|order_history)_\d{3}")


@dataclass(frozen=True, slots=True)
class Found:
    """A customer as the shop has it.

    Attributes:
        id: GID.
        fields: CustomerInput name to value; None where empty.
        tags: As they are.
        addresses: MailingAddressInput dicts with their `id`, the default first.
        metafields: Of our namespace, key to value.
        state: Our bookkeeping, when it is there.
        source: What Shopify answered, all pages in one: see `before.image_of`.
    """

    id: str
    fields: Mapping[str, str | None]
    tags: Sequence[str]
    addresses: Sequence[Mapping[str, Any]]
    metafields: Mapping[str, str]
    state: SyncState | None
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether a migration has written it before."""
        return "customer_id" in self.metafields


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, and the bookkeeping that goes with them."""

    fields: dict[str, Any] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_addresses: tuple[dict[str, Any], ...] = ()
    set_addresses: tuple[dict[str, Any], ...] | None = None
    metafields: dict[str, Metafield] = field(default_factory=dict)
    delete_metafields: tuple[str, ...] = ()
    written: dict[str, str] = field(default_factory=dict)
    written_addresses: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change."""
        return not (
            self.fields
            or self.add_tags
            or self.remove_tags
            or self.add_addresses
            or self.set_addresses is not None
            or self.metafields
            or self.delete_metafields
        )


def plan(found: Found, wanted: ShopifyCustomer, *, replace: bool, fill_only: bool, prefix: str) -> Plan:
    """Return what makes the shop's customer what the documents say.

    Args:
        found: As the shop has it.
        wanted: As the documents want it.
        replace: Whether documents win over others' changes (`update_policy`).
        fill_only: The leading document is not among those at hand: its fields stay, holes are filled.
        prefix: Of our tags.

    Returns:
        The changes, without the bookkeeping metafield.
    """
    fields = _replaced(found, wanted) if replace and not fill_only else _merged(found, wanted, fill_only=fill_only)
    whole = replace and not fill_only
    add_addresses, set_addresses = _addresses(found, wanted, replace=whole)
    changed = {
        key: value for key, value in wanted.metafields.items() if not _same_value(found.metafields.get(key), value)
    }
    return Plan(
        fields=fields,
        add_tags=_missing_tags(found.tags, wanted.tags),
        remove_tags=_stale_tags(found.tags, wanted.tags, prefix, replace=whole),
        add_addresses=add_addresses,
        set_addresses=set_addresses,
        metafields=changed,
        delete_metafields=_stale_metafields(found.metafields, wanted.metafields),
        written=_written(found, fields),
        written_addresses=_written_addresses(found, wanted),
    )


def _merged(found: Found, wanted: ShopifyCustomer, *, fill_only: bool) -> dict[str, Any]:
    """Fill what is empty, bring up to date what is still as we wrote it."""
    ours = found.state.fields if found.state and not fill_only else {}
    fields: dict[str, Any] = {}
    for name in _FIELDS:
        new, now = wanted.fields.get(name), found.fields.get(name)
        if not new or same(name, now, new) or (not now and _is_given_up(found, name, new)):
            continue
        if not now or ours.get(name) == mark(name, now):
            fields[name] = new
        elif name == "note" and new not in now and len(now) + len(new) + 2 <= NOTE_LENGTH:
            fields[name] = f"{now}\n\n{new}"
    return _names_together(found, fields)


def _names_together(found: Found, fields: dict[str, Any]) -> dict[str, Any]:
    """Half a name of ours beside half a name of theirs would be nobody's name."""
    ours = found.state.fields if found.state else {}
    for name, other in (_NAMES, _NAMES[::-1]):
        kept = found.fields.get(other)
        if name in fields and not found.fields.get(name) and kept and other not in ours and other not in fields:
            fields.pop(name)
    return fields


def _replaced(found: Found, wanted: ShopifyCustomer) -> dict[str, Any]:
    return {
        name: wanted.fields.get(name)
        for name in _FIELDS
        if not same(name, found.fields.get(name), wanted.fields.get(name))
        and not _is_given_up(found, name, wanted.fields.get(name))
    }


def _is_given_up(found: Found, name: str, new: str | None) -> bool:
    """Whether Shopify has refused just this value before."""
    marks = found.state.given_up if found.state else {}
    return new is not None and marks.get(name) == mark(name, new)


def mark(name: str, value: str) -> str:
    """Return the fingerprint of a field, equal for what Shopify takes for equal."""
    if name == "email":
        value = value.casefold()
    return fingerprint(re.sub(r"\D", "", value) if name == "phone" else value)


def same(name: str, now: str | None, new: str | None) -> bool:
    """Whether a field already holds a value, as Shopify normalises it."""
    if name == "email":
        return (now or "").casefold() == (new or "").casefold()
    if name == "phone":
        return re.sub(r"\D", "", now or "") == re.sub(r"\D", "", new or "")
    return (now or "").strip().replace("\r\n", "\n") == (new or "").strip().replace("\r\n", "\n")


def _missing_tags(now: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    there = {tag.casefold() for tag in now}
    return tuple(tag for tag in wanted if tag.casefold() not in there)


def _stale_tags(now: Sequence[str], wanted: Sequence[str], prefix: str, *, replace: bool) -> tuple[str, ...]:
    """Return our tags that no longer hold; nobody else's, and no customer's number unless all is known."""
    keep = {tag.casefold() for tag in wanted}
    start = prefix.casefold()
    gone = [tag for tag in now if tag.casefold().startswith(start) and tag.casefold() not in keep]
    if replace:
        return tuple(gone)
    status = f"{start}status-"
    told = any(tag.startswith(status) for tag in keep)
    passing = {f"{start}test", f"{start}check"} | ({f"{start}subscriber"} if told else set())
    return tuple(tag for tag in gone if tag.casefold() in passing or (told and tag.casefold().startswith(status)))


def _addresses(
    found: Found, wanted: ShopifyCustomer, *, replace: bool
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...] | None]:
    if wanted.addresses is None:
        return (), None
    there = {address_fingerprint(address): address for address in found.addresses}
    whole = [inherited(address, wanted.fields) for address in wanted.addresses]
    if not replace:
        seen = there.keys() | set(found.state.addresses if found.state else ())
        new = [
            one
            for one, full in zip(wanted.addresses, whole, strict=True)
            if address_fingerprint(one) not in seen and address_fingerprint(full) not in seen
        ]
        return tuple(new), None
    prints = [address_fingerprint(address) for address in whole]
    if prints == [address_fingerprint(address) for address in found.addresses]:
        return (), None
    return (), tuple(
        {**address, "id": there[one]["id"]} if one in there else dict(address)
        for one, address in zip(prints, wanted.addresses, strict=True)
    )


def inherited(address: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Return an address as Shopify keeps it: a name left out is the customer's (recorded live answers)."""
    return {**{name: fields[name] for name in _NAMES if fields.get(name)}, **address}


def _same_value(now: str | None, wanted: Metafield) -> bool:
    if now is None:
        return False
    if now == wanted.value:
        return True
    return normal(wanted.type, now) == normal(wanted.type, wanted.value)


def normal(kind: str, value: str) -> object:
    """Return a value as Shopify may have written it anew: JSON spacing, money without padding, offsets."""
    import orjson  # noqa: PLC0415  # only when texts differ

    if kind == "date_time":
        return value.replace("+00:00", "Z")
    if kind not in ("json", "money"):
        return value
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    if kind == "money" and isinstance(parsed, dict):
        return float(parsed.get("amount") or 0), parsed.get("currency_code")
    return parsed


def _stale_metafields(now: Mapping[str, str], wanted: Mapping[str, Metafield]) -> tuple[str, ...]:
    """Return parts of histories that are no longer needed."""
    return tuple(
        key for key in now if key not in wanted and (part := _PART.fullmatch(key)) is not None and part[1] in wanted
    )


def fingerprints(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of fields that we write."""
    return {name: mark(name, value) for name, value in fields.items() if value}


def address_fingerprints(addresses: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the fingerprints of addresses that we write."""
    return tuple(dict.fromkeys(address_fingerprint(address) for address in addresses))


def _written(found: Found, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of the fields that are ours after this."""
    before = found.state.fields if found.state else {}
    now = fingerprints(fields)
    kept = {
        name: kept_mark
        for name, kept_mark in before.items()
        if name not in fields and found.fields.get(name) and kept_mark == mark(name, found.fields[name] or "")
    }
    return {**kept, **now}


def _written_addresses(found: Found, wanted: ShopifyCustomer) -> tuple[str, ...]:
    before = found.state.addresses if found.state else ()
    return tuple(dict.fromkeys([*before, *address_fingerprints(wanted.addresses or ())]))
