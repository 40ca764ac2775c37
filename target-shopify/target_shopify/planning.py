"""What an update must change: a customer as it is in the shop against one as it should be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from target_shopify import notes
from target_shopify.mapping.customer import Metafield, ShopifyCustomer
from target_shopify.mapping.sync_state import SyncState, address_fingerprint, fingerprint

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
    """The changes, and the bookkeeping that goes with them.

    `default` says which address is to be the default one: a place in `add_addresses`, or the id of one that is there.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_addresses: tuple[dict[str, Any], ...] = ()
    set_addresses: tuple[dict[str, Any], ...] | None = None
    metafields: dict[str, Metafield] = field(default_factory=dict)
    delete_metafields: tuple[str, ...] = ()
    default: int | str | None = None
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
            or self.default is not None
        )


def plan(
    found: Found,
    wanted: ShopifyCustomer,
    *,
    replace: bool,
    fill_only: bool,
    prefix: str,
    partial: bool = False,
    repair: str | None = None,
) -> Plan:
    """Return what makes the shop's customer what the documents say.

    Args:
        found: As the shop has it.
        wanted: As the documents want it.
        replace: Whether documents win over others' changes (`update_policy`).
        fill_only: The leading document is not among those at hand: its fields stay, holes are filled.
        prefix: Of our tags.
        partial: Not all documents of this customer are at hand: what may be of the others, addresses and note, stays.
        repair: `missing` puts back what we wrote and somebody removed; `all` also undoes what somebody changed of it.

    Returns:
        The changes, without the bookkeeping metafield.
    """
    whole = replace and not fill_only
    overwrite = repair == "all"
    fields = _merged(found, wanted, fill_only=fill_only, overwrite=overwrite)
    # With a note of several, part of ours may be of those who are not at hand.
    note = _note(found, wanted, keep=fill_only or partial, overwrite=overwrite)
    if note:
        fields["note"] = note.text
    if whole:
        fields = fields | _known(_replaced(found, wanted)) if partial else _replaced(found, wanted)
    add_addresses, set_addresses = _addresses(found, wanted, replace=whole and not partial, repair=repair is not None)
    changed = {
        key: value for key, value in wanted.metafields.items() if not same_value(found.metafields.get(key), value)
    }
    return Plan(
        fields=fields,
        add_tags=missing_tags(found.tags, wanted.tags),
        remove_tags=stale_tags(found.tags, wanted.tags, prefix, replace=whole),
        add_addresses=add_addresses,
        set_addresses=set_addresses,
        metafields=changed,
        delete_metafields=stale_metafields(found.metafields, wanted.metafields),
        default=_restored_default(found, wanted, add_addresses, overwrite=overwrite) if repair and not whole else None,
        written=_written(found, wanted, fields, note),
        written_addresses=_written_addresses(found, wanted),
    )


def _merged(found: Found, wanted: ShopifyCustomer, *, fill_only: bool, overwrite: bool) -> dict[str, Any]:
    """Fill what is empty, bring up to date what is still as we wrote it; or was, to undo what others made of it."""
    ours = dict(found.state.fields) if found.state and not fill_only else {}
    fields: dict[str, Any] = {}
    for name in _FIELDS:
        new, now = wanted.fields.get(name), found.fields.get(name)
        if not new or same(name, now, new) or (not now and is_given_up(found, name, new)) or (now and name == "note"):
            continue
        if not now or ours.get(name) == mark(name, now) or (overwrite and ours.get(name) == mark(name, new)):
            fields[name] = new
    return _names_together(found, fields)


def _note(found: Found, wanted: ShopifyCustomer, *, keep: bool, overwrite: bool) -> notes.Note | None:
    """Return what becomes of a note that is there; what others wrote in it stays."""
    now, new = found.fields.get("note"), wanted.fields.get("note")
    if not now or not new or same("note", now, new):
        return None
    before = found.state.fields.get("note") if found.state else None
    if overwrite and not keep and before == mark("note", new):
        return notes.Note(new, before)
    return notes.updated(now, new, before, keep=keep)


def _names_together(found: Found, fields: dict[str, Any]) -> dict[str, Any]:
    """Half a name of ours beside half a name of theirs would be nobody's name."""
    ours = found.state.fields if found.state else {}
    for name, other in (_NAMES, _NAMES[::-1]):
        kept = found.fields.get(other)
        if name in fields and not found.fields.get(name) and kept and other not in ours and other not in fields:
            fields.pop(name)
    return fields


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that documents at hand have a value for; the note is united, never replaced."""
    return {name: value for name, value in fields.items() if value and name != "note"}


def _replaced(found: Found, wanted: ShopifyCustomer) -> dict[str, Any]:
    return {
        name: wanted.fields.get(name)
        for name in _FIELDS
        if not same(name, found.fields.get(name), wanted.fields.get(name))
        and not is_given_up(found, name, wanted.fields.get(name))
    }


def is_given_up(found: Found, name: str, new: str | None) -> bool:
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


def missing_tags(now: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the tags that are not there; case does not count."""
    there = {tag.casefold() for tag in now}
    return tuple(tag for tag in wanted if tag.casefold() not in there)


def stale_tags(now: Sequence[str], wanted: Sequence[str], prefix: str, *, replace: bool) -> tuple[str, ...]:
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
    found: Found, wanted: ShopifyCustomer, *, replace: bool, repair: bool
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...] | None]:
    if wanted.addresses is None:
        return (), None
    there = {address_fingerprint(address): address for address in found.addresses}
    if not replace:
        seen = there.keys() | set(found.state.addresses if found.state and not repair else ())
        return tuple(one for one in wanted.addresses if address_prints(one, found, wanted).isdisjoint(seen)), None
    forms = [address_prints(address, found, wanted) for address in wanted.addresses]
    now = [address_fingerprint(address) for address in found.addresses]
    if len(now) == len(forms) and all(one in form for one, form in zip(now, forms, strict=True)):
        return (), None
    homes = [next((str(there.pop(one)["id"]) for one in now if one in form and one in there), None) for form in forms]
    return (), tuple(
        {**address, "id": home} if home else dict(address)
        for home, address in zip(homes, wanted.addresses, strict=True)
    )


def address_prints(address: Mapping[str, Any], found: Found, wanted: ShopifyCustomer) -> frozenset[str]:
    """Return the fingerprints by which an address of the document can be known in the shop.

    Platform facts (recorded live answers): a name left out is the customer's; a province is dropped in countries where
    Shopify has none.
    """
    names = {name: value for name, value in found.fields.items() if value}
    forms = [address, inherited(address, wanted.fields), inherited(address, names)]
    if "provinceCode" in address:
        forms += [{**form, "provinceCode": ""} for form in forms]
    return frozenset(map(address_fingerprint, forms))


def default_address(found: Found, wanted: ShopifyCustomer, missing: Sequence[Mapping[str, Any]]) -> int | str | None:
    """Return which address should be the default one of a customer that we made: the first that we wrote.

    Args:
        found: As the shop has it.
        wanted: As the documents want it.
        missing: Addresses that are not in the shop.

    Returns:
        The place of one that is missing, the id of one that is there; None when that is not ours to say.
    """
    if found.state is None or found.state.origin != "created":
        return None
    there = {address_fingerprint(address): str(address["id"]) for address in found.addresses}
    for first in found.state.addresses:
        if first in there:
            return there[first]
        place, forms = _forms_of(first, found, wanted, missing)
        home = next((there[one] for one in forms if one in there), None)
        if home is not None or place is not None:
            return place if home is None else home
    return None


def _forms_of(
    written: str, found: Found, wanted: ShopifyCustomer, missing: Sequence[Mapping[str, Any]]
) -> tuple[int | None, frozenset[str]]:
    """Return the place among the missing addresses, and all fingerprints, of the address that was written as this."""
    place = next((place for place, one in enumerate(missing) if address_fingerprint(one) == written), None)
    same_one = (one for one in wanted.addresses or () if address_fingerprint(one) == written)
    return place, next((address_prints(one, found, wanted) for one in same_one), frozenset())


def _restored_default(
    found: Found, wanted: ShopifyCustomer, added: Sequence[Mapping[str, Any]], *, overwrite: bool
) -> int | str | None:
    """Return the default address to be restored; another one that somebody chose stays unless it is to be undone."""
    right = default_address(found, wanted, added)
    if isinstance(right, int):
        return right
    return right if overwrite and found.addresses and found.addresses[0]["id"] != right else None


def inherited(address: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Return an address as Shopify keeps it: a name left out is the customer's (recorded live answers)."""
    return {**{name: fields[name] for name in _NAMES if fields.get(name)}, **address}


def same_value(now: str | None, wanted: Metafield) -> bool:
    """Whether a metafield already holds a value, as Shopify may have written it anew."""
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


def stale_metafields(now: Mapping[str, str], wanted: Mapping[str, Metafield]) -> tuple[str, ...]:
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


def _written(
    found: Found, wanted: ShopifyCustomer, fields: Mapping[str, Any], note: notes.Note | None
) -> dict[str, str]:
    """Return the fingerprints of the fields that are ours after this; of a note that two share, of our part."""
    before = found.state.fields if found.state else {}
    now = fingerprints(fields)
    if note and fields.get("note") == note.text:
        now["note"] = note.mark
    marks = {name: _kept(found, wanted, name, one) for name, one in before.items() if name not in fields}
    return {**{name: one for name, one in marks.items() if one}, **now}


def _kept(found: Found, wanted: ShopifyCustomer, name: str, before: str) -> str | None:
    """Return the fingerprint of a field of ours that nobody else has changed.

    What says already what it was to become was written by a run that was killed before its bookkeeping.
    """
    now, new = found.fields.get(name), wanted.fields.get(name)
    if not now:
        return None
    if name == "note":
        return notes.kept(now, new, before)
    return before if before == mark(name, now) else mark(name, now) if same(name, now, new) else None


def _written_addresses(found: Found, wanted: ShopifyCustomer) -> tuple[str, ...]:
    before = found.state.addresses if found.state else ()
    return tuple(dict.fromkeys([*before, *address_fingerprints(wanted.addresses or ())]))
