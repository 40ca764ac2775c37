"""All Cratejoy customers of one e-mail as one Shopify customer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

from target_shopify.mapping import histories
from target_shopify.mapping.addresses import Address, unique
from target_shopify.mapping.histories import Kind
from target_shopify.mapping.member import Member, cut_note
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.rows import Row, newest_first
from target_shopify.mapping.statuses import status_of
from target_shopify.mapping.tags import tags_of, too_many
from target_shopify.mapping.unite import by_id
from target_shopify.mapping.values import money
from target_shopify.rules import LIST_LENGTH

RowsName = Literal["subscriptions", "orders"]

_DATES = {"subscriptions": "started_at", "orders": "placed_at"}


class Metafield(NamedTuple):
    """One metafield, whose key is beside it.

    Attributes:
        type: Shopify's name of the type.
        value: As Shopify takes it: always text.
    """

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class ShopifyCustomer:
    """What Shopify should hold.

    Args:
        cratejoy_id: Lowest id of its members: the value of the id metafield.
        fields: CustomerInput keys email, firstName, lastName, phone, note; what is empty is left out.
        addresses: MailingAddressInput fields, the default first; None when unknown.
        tags: Ours.
        metafields: Ours by key, without the bookkeeping.
        repairs: Codes of `rules.CHECKS`, sorted.
        hash: SHA-256 of all of that.
        member_ids: The Cratejoy customers it unites, lowest first.
    """

    cratejoy_id: int
    fields: dict[str, str]
    addresses: tuple[Address, ...] | None
    tags: tuple[str, ...]
    metafields: dict[str, Metafield]
    repairs: tuple[str, ...]
    hash: str
    member_ids: tuple[int, ...]


def combine(members: Sequence[Member], options: MappingOptions) -> ShopifyCustomer:
    """Return one Shopify customer for all members of one e-mail.

    The lowest id leads: its fields come first, and what it lacks is filled from the next. Histories and addresses are
    united, counts and values added.

    Args:
        members: At least one; of two with one id the later is newer, and what it does not know the earlier keeps.
        options: Settings of the mapping.
    """
    arrived, members = members, by_id(members)
    repairs = {code for member in members for code in member.repairs}
    fields = _fields(members, repairs)
    addresses = _addresses(members, repairs)
    metafields, status = _metafields(members, arrived, options, repairs)
    if too_many(members):
        repairs.add("tags_cut")
    codes = tuple(sorted(repairs))
    tags = tags_of(members, status, codes, options)
    ids = tuple([member.cratejoy_id for member in members])
    mark = _hash(fields, addresses, tags, [(key, *one) for key, one in metafields.items()], codes, ids)
    return ShopifyCustomer(ids[0], fields, addresses, tags, metafields, codes, mark, ids)


def united_rows(members: Sequence[Member], name: RowsName) -> list[Row] | None:
    """Return the subscriptions or orders of all members, newest first, each id once; None when all are unknown."""
    known = [rows for member in members if (rows := getattr(member, name)) is not None]
    if not known:
        return None
    if len(known) == 1:
        return list(known[0])
    found: dict[Any, Row] = {}
    for row in (row for rows in known for row in rows):
        found[row["id"] if row["id"] is not None else orjson.dumps(row)] = row
    ordered = sorted(found.values(), key=orjson.dumps)
    return newest_first(ordered, _DATES[name])


def _fields(members: Sequence[Member], repairs: set[str]) -> dict[str, str]:
    named = next((member for member in members if member.first_name or member.last_name), members[0])
    notes = dict.fromkeys(member.note for member in members if member.note)
    found = {
        "email": _first(member.email for member in members),
        "firstName": named.first_name,
        "lastName": named.last_name,
        "phone": _first(member.phone for member in members),
        "note": cut_note("\n\n".join(notes), repairs) if notes else None,
    }
    return {key: value for key, value in found.items() if value}


def _addresses(members: Sequence[Member], repairs: set[str]) -> tuple[Address, ...] | None:
    known = [member.addresses for member in members if member.addresses is not None]
    if len(known) < 2:
        return known[0] if known else None
    found = unique([address for addresses in known for address in addresses])
    if len(found) > LIST_LENGTH:
        repairs.add("addresses_cut")
    return tuple(found[:LIST_LENGTH])


def _metafields(
    members: Sequence[Member], arrived: Sequence[Member], options: MappingOptions, repairs: set[str]
) -> tuple[dict[str, Metafield], str | None]:
    """Return the metafields by key, and the subscription status."""
    number = members[0].cratejoy_id
    subscriptions = united_rows(arrived if len(members) > 1 else members, "subscriptions")
    orders = united_rows(arrived if len(members) > 1 else members, "orders")
    status = status_of(members, subscriptions)
    found = {"customer_id": Metafield("id", str(number))}
    if subscriptions is not None:
        found.update(_history("subscriptions", subscriptions, number, options, repairs))
    if orders is not None and options.orders == "history":
        found.update(_history("orders", orders, number, options, repairs))
    if status:
        found["subscription_status"] = Metafield("single_line_text_field", status)
    found.update(_figures(members, options.currency))
    if source_email := _first(member.source_email for member in members):
        found["source_email"] = Metafield("single_line_text_field", source_email)
    return found, status


def _history(
    kind: Kind, rows: list[Row], number: int, options: MappingOptions, repairs: set[str]
) -> dict[str, Metafield]:
    texts, shortened = histories.fitted(kind, rows, number, options.currency)
    if shortened:
        repairs.add("history_shortened")
    key = histories.KEYS[kind]
    return {histories.part_key(key, part): Metafield("json", text) for part, text in enumerate(texts, 1)}


def _figures(members: Sequence[Member], currency: str) -> dict[str, Metafield]:
    found = {}
    counts = [member.order_count for member in members if member.order_count is not None]
    values = [member.lifetime_value for member in members if member.lifetime_value is not None]
    firsts = [member.first_order_at for member in members if member.first_order_at]
    lasts = [member.last_order_at for member in members if member.last_order_at]
    if counts:
        found["order_count"] = Metafield("number_integer", str(sum(counts)))
    if values:
        found["lifetime_value"] = Metafield("money", money_value(sum(values), currency))
    if firsts:
        found["first_order_at"] = Metafield("date_time", min(firsts))
    if lasts:
        found["last_order_at"] = Metafield("date_time", max(lasts))
    return found


def money_value(amount: int, currency: str) -> str:
    """Return an amount in the smallest unit as the value of a money metafield, whose amount is in major units."""
    return f'{{"amount":"{money(amount, currency)}","currency_code":"{currency}"}}'


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _hash(*parts: Any) -> str:
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
