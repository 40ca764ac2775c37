"""What brings a customer that we adopted back to its before-image, and what stays because others changed it. Pure.

A value is put back only where it is still what we wrote, by the fingerprints of all our writings; whatever the
merchant changed since stays, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from target_shopify.before import value_mark
from target_shopify.customers import address_input
from target_shopify.mapping.definitions import is_ours
from target_shopify.mapping.sync_state import KEY, address_fingerprint
from target_shopify.planning import Found, mark

FIELDS = ("email", "phone", "firstName", "lastName", "note")
_ADDRESS = (
    "firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "countryCodeV2", "zip", "phone",
)  # fmt: skip
_NAMES = ("firstName", "lastName")
Address = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ours:
    """What of a customer is ours, from everything that was written to it.

    Attributes:
        fields: Fingerprints by field; None where we emptied it.
        addresses: Fingerprints.
        removed_addresses: Ids of addresses that we removed.
        removed_tags: Tags of our prefix that we removed.
        values: Fingerprints of metafield values by key.
        removed_metafields: Keys that we removed.
    """

    fields: Mapping[str, frozenset[str | None]]
    addresses: frozenset[str]
    removed_addresses: frozenset[str]
    removed_tags: frozenset[str]
    values: Mapping[str, frozenset[str]]
    removed_metafields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Undo:
    """The changes that restore a customer.

    Attributes:
        fields: For customerUpdate.
        add_tags: Tags to put back.
        remove_tags: Our tags.
        create_addresses: Inputs of addresses that we removed.
        update_addresses: Id and whole input of addresses that we changed.
        delete_addresses: Ids of addresses that we added.
        default_address: Id of the address to make the default.
        set_metafields: Key, type and value to put back.
        delete_metafields: Keys of ours.
        stays: Names of what others changed, and what is left as it is.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    create_addresses: tuple[dict[str, Any], ...] = ()
    update_addresses: tuple[tuple[str, dict[str, Any]], ...] = ()
    delete_addresses: tuple[str, ...] = ()
    default_address: str | None = None
    set_metafields: tuple[Mapping[str, Any], ...] = ()
    delete_metafields: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return not self.todo

    @property
    def todo(self) -> tuple[str, ...]:
        """Names of what is left to do."""
        tags, metafields = self.add_tags or self.remove_tags, self.set_metafields or self.delete_metafields
        addresses = self.create_addresses or self.update_addresses or self.delete_addresses or self.default_address
        parts = {"tags": tags, "metafields": metafields, "addresses": addresses}
        return (*self.fields, *(name for name, part in parts.items() if part))


def ours_of(writings: Sequence[Mapping[str, Any]], found: Found) -> Ours:
    """Return what is ours: all writings kept in the staging database, and the bookkeeping in the shop."""
    state = found.state
    fields: dict[str, set[str | None]] = {name: set() for name in FIELDS}
    values: dict[str, set[str]] = {}
    for name, one in [pair for writing in writings for pair in (writing.get("fields") or {}).items()]:
        fields[name].add(one)
    for name, some in [pair for writing in writings for pair in (writing.get("names") or {}).items()]:
        fields[name].update(some)
    for name, one in (state.fields if state else {}).items():
        fields.setdefault(name, set()).add(one)
    for key, one in [pair for writing in writings for pair in (writing.get("metafields") or {}).items()]:
        values.setdefault(key, set()).add(one)
    return Ours(
        fields={name: frozenset(marks) for name, marks in fields.items()},
        addresses=_all(writings, "addresses") | frozenset(state.addresses if state else ()),
        removed_addresses=_all(writings, "removed_addresses"),
        removed_tags=_all(writings, "removed_tags"),
        values={key: frozenset(marks) for key, marks in values.items()},
        removed_metafields=_all(writings, "removed_metafields"),
    )


def undo(image: Mapping[str, Any], ours: Ours, found: Found, prefix: str) -> Undo:
    """Return what restores a customer.

    Args:
        image: As `target_shopify.before.image_of` made it.
        ours: What of it is ours.
        found: The customer as it is.
        prefix: Of our tags.
    """
    late = any(one["key"].startswith(KEY) for one in image["metafields"])
    fields, stays = _fields(image["fields"], ours, found)
    add_tags, remove_tags, tags_stay = _tags(image["tags"], ours, found.source.get("tags") or (), prefix, late=late)
    addresses = _Addresses(image, ours, found)
    set_metafields, delete_metafields, values_stay = _metafields(image["metafields"], ours, found, late=late)
    told = {"tags": tags_stay, "addresses": addresses.stay, "metafields": values_stay, "written before": late}
    return Undo(
        fields, add_tags, remove_tags, addresses.create, addresses.update, addresses.delete, addresses.default,
        set_metafields, delete_metafields, (*stays, *(name for name, stay in told.items() if stay)),
    )  # fmt: skip


def strip(found: Found, prefix: str) -> Undo:
    """Return what takes our tags and metafields off a customer that stays, and nothing else."""
    keys = {*(found.state.keys if found.state else ())}
    metafields = [one["key"] for one in found.source["metafields"]]
    return Undo(
        remove_tags=tuple(tag for tag in found.source.get("tags") or () if _has(tag, prefix)),
        delete_metafields=tuple(key for key in metafields if key in keys or is_ours(key)),
    )


def _all(writings: Sequence[Mapping[str, Any]], name: str) -> frozenset[str]:
    return frozenset(one for writing in writings for one in writing.get(name) or ())


def _has(tag: str, prefix: str) -> bool:
    return tag.casefold().startswith(prefix.casefold())


def _fields(image: Mapping[str, Any], ours: Ours, found: Found) -> tuple[dict[str, Any], list[str]]:
    change: dict[str, Any] = {}
    stays = []
    for name in FIELDS:
        now, before = found.fields.get(name), image.get(name)
        if now == before:
            continue
        if (mark(name, now) if now else None) in ours.fields.get(name, ()):
            change[name] = before
        else:
            stays.append(name)
    return change, stays


def _tags(
    image: Sequence[str], ours: Ours, now: Sequence[str], prefix: str, *, late: bool
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    before = {tag.casefold(): tag for tag in image if not (late and _has(tag, prefix))}
    there = {tag.casefold(): tag for tag in now}
    gone = {tag.casefold() for tag in ours.removed_tags}
    add = tuple(tag for key, tag in before.items() if key not in there and key in gone)
    added = {key: tag for key, tag in there.items() if key not in before}
    remove = tuple(tag for tag in added.values() if _has(tag, prefix))
    missing = [key for key in before if key not in there and key not in gone]
    return add, remove, bool(missing or len(remove) < len(added))


class _Addresses:
    """The addresses of a customer against those of its image."""

    def __init__(self, image: Mapping[str, Any], ours: Ours, found: Found) -> None:
        before: Sequence[Address] = image["addresses"]
        now: Sequence[Address] = found.source["addressesV2"]
        pairs = _paired(before, now)
        matched = {one["id"] for one in pairs.values()}
        added = [one for one in now if one["id"] not in matched]
        gone = [one for one in before if one["id"] not in pairs]
        changed = [(one, pairs[one["id"]]) for one in before if one["id"] in pairs and not _same(one, pairs[one["id"]])]
        mine = [pair for pair in changed if pair[0]["id"] != pair[1]["id"] or _mark(pair[1]) in ours.addresses]
        self.create = tuple(address_input({**one, "id": None}) for one in gone if one["id"] in ours.removed_addresses)
        self.update = tuple((str(there["id"]), _whole(one)) for one, there in mine)
        self.delete = tuple(str(one["id"]) for one in added if _mark(one) in ours.addresses)
        default = (found.source.get("defaultAddress") or {}).get("id")
        wanted = pairs.get(image["default_address"] or "", {}).get("id")
        kept = default is not None and default not in self.delete
        moved = image["default_address"] in ours.removed_addresses
        self.default = str(wanted) if wanted and wanted != default and (moved or not kept) else None
        others = len(added) > len(self.delete) or len(changed) > len(mine) or len(gone) > len(self.create)
        strange = bool(image["default_address"]) and wanted != default and not self.default and not self.create
        self.stay = others or strange


def _paired(before: Iterable[Address], now: Sequence[Address]) -> dict[str, Address]:
    """Return for ids of the image the address as it is now: by id, else one made anew that says the same."""
    by_id = {one["id"]: one for one in now}
    pairs = {one["id"]: by_id[one["id"]] for one in before if one["id"] in by_id}
    anew = [one for one in now if one["id"] not in pairs]
    for one in before:
        if one["id"] not in pairs:
            twin = next((there for there in anew if _same(one, there, but_names=not any(map(one.get, _NAMES)))), None)
            if twin:
                pairs[one["id"]] = twin
                anew.remove(twin)
    return pairs


def _same(one: Address, other: Address, *, but_names: bool = False) -> bool:
    return all(
        (one.get(name) or None) == (other.get(name) or None) for name in _ADDRESS if not (but_names and name in _NAMES)
    )


def _mark(node: Address) -> str:
    return address_fingerprint(address_input(dict(node)))


def _whole(node: Address) -> dict[str, Any]:
    """Return an address as input with every field, so that what is empty becomes empty."""
    return {("countryCode" if name == "countryCodeV2" else name): node.get(name) for name in _ADDRESS}


def _metafields(
    image: Sequence[Mapping[str, Any]], ours: Ours, found: Found, *, late: bool
) -> tuple[tuple[Mapping[str, Any], ...], tuple[str, ...], bool]:
    before = {one["key"]: one for one in image if not (late and is_ours(one["key"]))}
    there = {one["key"]: one for one in found.source["metafields"]}
    back: list[Mapping[str, Any]] = []
    stay = False
    for key, one in before.items():
        now = there.get(key)
        if now is not None and now["value"] == one["value"] and now.get("type") == one["type"]:
            continue
        if key in ours.removed_metafields if now is None else _is_written(now, ours):
            back.append(one)
        else:
            stay = True
    added = [key for key in there if key not in before]
    delete = tuple(key for key in added if key in ours.values or is_ours(key))
    return tuple(back), delete, stay or len(delete) < len(added)


def _is_written(now: Mapping[str, Any], ours: Ours) -> bool:
    return value_mark(str(now.get("type") or ""), str(now["value"])) in ours.values.get(now["key"], ())
