"""One customer side by side: as Cratejoy has it, as it is sent, as the shop has it, with what differs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from target_shopify.mapping import histories
from target_shopify.mapping.customer import ShopifyCustomer, combine
from target_shopify.mapping.histories import Kind
from target_shopify.mapping.member import Member, read_member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.sync_state import address_fingerprint
from target_shopify.planning import Found, address_prints
from target_shopify.rules import Refused

from cratejoy_migration.console.views import telling
from cratejoy_migration.verify.compare import NAMES
from cratejoy_migration.verify.differences import KINDS, Compared, Difference

NAME, TEXT = "name", "text"
_TOLD = {"email": "E-mail", "first_name": "First name", "last_name": "Last name", "phone": "Phone", "note": "Note"}
_HISTORIES: dict[str, Kind] = {"subscription_history": "subscriptions", "order_history": "orders"}
_DATES: dict[Kind, str] = {"subscriptions": "started_at", "orders": "placed_at"}


@dataclass(frozen=True)
class Row:
    """One thing about a customer.

    Attributes:
        field: For people.
        cratejoy: As it is staged.
        sent: As the migration makes it.
        shopify: As the shop has it; None when the shop was not asked.
        difference: What differs, in words; empty when nothing does.
        personal: Whether it tells who somebody is: `NAME` for what may be shown by its first letters, `TEXT` for what
            is hidden whole.
    """

    field: str
    cratejoy: str
    sent: str
    shopify: str | None
    difference: str = ""
    personal: str = ""


@dataclass(frozen=True)
class Sent:
    """What the migration makes of a customer and of those who share its e-mail; or why it makes nothing."""

    members: tuple[Member, ...] = ()
    customer: ShopifyCustomer | None = None
    refusal: str = ""


def sent(documents: Sequence[Mapping[str, Any]], options: MappingOptions) -> Sent:
    """Return what is sent of these documents, which share an e-mail."""
    members, refusal = [], ""
    for document in documents:
        try:
            members.append(read_member(document, options))
        except Refused as refused:
            refusal = str(refused)
    if not members:
        return Sent(refusal=refusal)
    return Sent(tuple(members), combine(members, options), refusal)


def rows(
    documents: Sequence[Mapping[str, Any]],
    made: Sent,
    found: Found | None = None,
    compared: Compared | None = None,
    *,
    asked: bool = False,
) -> list[Row]:
    """Return all of a customer, a row a thing.

    Args:
        documents: Of all who share its e-mail.
        made: What is sent of them.
        found: As the shop has it; None when it was not asked, or has nobody.
        compared: What differs.
        asked: Whether the shop was asked.
    """
    left = _Differences(compared.differences if compared else ())
    told = [
        *_fields(documents, made, found, left),
        *_addresses(documents, made, found, left),
        _tags(made, found, left),
        *_metafields(documents, made, found, left),
    ]
    shown = [row for row in told if row.cratejoy or row.sent or row.shopify or row.difference]
    if asked and found is None:
        shown = [replace(row, shopify="") for row in shown]
    return [*shown, *(Row(_named(one), "", "", None, KINDS.get(one.kind, one.kind)) for one in left.rest())]


class _Differences:
    """Differences that have not found their row yet."""

    def __init__(self, differences: Iterable[Difference]) -> None:
        self._left = list(differences)

    def take(self, field: str, key: str | None = None) -> str:
        """Return what differs in a field, in words; of one thing in it when a key is given."""
        taken = [one for one in self._left if one.field == field and key in (None, one.key)]
        self._left = [one for one in self._left if one not in taken]
        return ", ".join(
            f"{one.key} {KINDS.get(one.kind, one.kind)}" if key is None and one.key else KINDS.get(one.kind, one.kind)
            for one in taken
        )

    def rest(self) -> list[Difference]:
        """Return those that found none."""
        return self._left


def _fields(
    documents: Sequence[Mapping[str, Any]], made: Sent, found: Found | None, left: _Differences
) -> Iterator[Row]:
    for name, told in NAMES.items():
        yield Row(
            _TOLD[told],
            telling.values(documents, told) if told != "phone" else telling.phone(documents),
            made.customer.fields.get(name, "") if made.customer else "",
            (found.fields.get(name) or "") if found else None,
            left.take(told),
            TEXT if told == "note" else NAME,
        )


def _addresses(
    documents: Sequence[Mapping[str, Any]], made: Sent, found: Found | None, left: _Differences
) -> Iterator[Row]:
    wanted = (made.customer.addresses if made.customer else None) or ()
    staged = [place for one in documents for place in one.get("addresses") or () if isinstance(place, Mapping)]
    there = list(found.addresses) if found else []
    default = left.take("default_address")
    for place in range(max(len(wanted), len(staged))):
        sent_one = wanted[place] if place < len(wanted) else None
        shown = None
        if found is not None:
            at = _same(sent_one, there, found, made.customer) if sent_one else None
            shown = telling.address(there.pop(at), telling.ADDRESS) if at is not None else ""
        marks = [left.take("address", str(place + 1)), f"default address {default}" if default and not place else ""]
        yield Row(
            f"Address {place + 1}",
            telling.address(staged[place], telling.PLACE) if place < len(staged) else "",
            telling.address(sent_one, telling.ADDRESS) if sent_one else "",
            shown,
            ", ".join(filter(None, marks)),
            TEXT,
        )
    extra = left.take("address")
    for other in there:
        yield Row("Address of the shop's own", "", "", telling.address(other, telling.ADDRESS), extra, TEXT)
        extra = ""
    if extra:
        yield Row("Addresses", "", "", "", extra)


def _same(
    wanted: Mapping[str, Any], there: Sequence[Mapping[str, Any]], found: Found, customer: ShopifyCustomer | None
) -> int | None:
    """Return which of the shop's addresses is the wanted one."""
    prints = {address_fingerprint(wanted)}
    if customer is not None:
        prints |= address_prints(wanted, found, customer)
    return next((place for place, one in enumerate(there) if address_fingerprint(one) in prints), None)


def _tags(made: Sent, found: Found | None, left: _Differences) -> Row:
    wanted = ", ".join(made.customer.tags) if made.customer else ""
    return Row("Tags", "", wanted, ", ".join(sorted(found.tags)) if found else None, left.take("tag"))


def _metafields(
    documents: Sequence[Mapping[str, Any]], made: Sent, found: Found | None, left: _Differences
) -> Iterator[Row]:
    wanted = {key: field.value for key, field in made.customer.metafields.items()} if made.customer else {}
    there = dict(found.metafields) if found else {}
    for key, kind in _HISTORIES.items():
        count = sum(len(one.get(kind) or ()) for one in documents)
        known = any(one.get(kind) is not None for one in documents)
        yield Row(
            kind.capitalize(),
            telling.counted(count, kind) if known else "",
            _history(kind, wanted),
            _history(kind, there) if found else None,
            left.take("metafield", key),
        )
    keys = [key for key in dict.fromkeys([*wanted, *there]) if not key.startswith(tuple(_HISTORIES))]
    for key in keys:
        yield Row(
            key.replace("_", " ").capitalize(),
            telling.source(documents, key),
            telling.value(wanted.get(key)),
            telling.value(there.get(key)) if found else None,
            left.take("metafield", key),
            NAME if key == "source_email" else "",
        )


def _history(kind: Kind, metafields: Mapping[str, str]) -> str:
    """Return a history in a few words: how many, and when the newest was."""
    items = histories.join(kind, metafields)
    if items is None:
        return ""
    newest = next((str(one[_DATES[kind]])[:10] for one in items if one.get(_DATES[kind])), "")
    return telling.counted(len(items), kind) + (f", the newest of {newest}" if newest else "")


def _named(one: Difference) -> str:
    return " ".join(filter(None, (one.field.replace("_", " ").capitalize(), one.key)))
