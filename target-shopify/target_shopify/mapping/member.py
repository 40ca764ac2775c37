"""One Cratejoy customer as Shopify could hold it, before those who share an e-mail become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from target_shopify.mapping import addresses as address_book
from target_shopify.mapping import countries, phones, texts
from target_shopify.mapping.addresses import Address
from target_shopify.mapping.documents import document_hash, document_key
from target_shopify.mapping.emails import group_key, read_email
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.rows import (
    Row,
    first,
    latest,
    named,
    newest_first,
    order_row,
    status_slug,
    subscription_row,
)
from target_shopify.mapping.values import Record, cents, identifier, line, paragraphs, rows, whole
from target_shopify.rules import LIST_LENGTH, NOTE_LENGTH, Refused

__all__ = ["Member", "document_hash", "document_key", "group_key", "read_member"]

_COUNT_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class Member:
    """One Cratejoy customer.

    Args:
        cratejoy_id: Its id.
        email: A usable e-mail, or None.
        source_email: An unusable one, as it was.
        first_name: Without what Shopify refuses.
        last_name: Without what Shopify refuses.
        phone: E.164, the first usable number of its addresses.
        note: At most 5,000 characters.
        addresses: MailingAddressInput fields, equal ones once, the default first; None when unknown.
        subscriptions: Items of the subscription history, newest first; None when unknown.
        orders: Items of the order history, newest first; None when unknown.
        order_count: Cratejoy's figure, else that of the orders without test orders.
        lifetime_value: In the smallest unit of the currency; Cratejoy's figure, else totals less refunds.
        is_test: All its subscriptions and orders are test rows, and there is one.
        repairs: Codes of `rules.CHECKS`, sorted.
        source_orders: Order records as they came, only when orders are to be created.
        status: Slug of what the record itself says of its subscriptions, for when they are unknown.
        first_order_at: RFC 3339 UTC.
        last_order_at: RFC 3339 UTC.
        subscribed: There ever was a subscription, as far as is known.
        stored: Rebuilt from what Shopify holds: its fields and addresses are in Shopify, not here.
    """

    cratejoy_id: int
    email: str | None = None
    source_email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    note: str | None = None
    addresses: tuple[Address, ...] | None = None
    subscriptions: tuple[Row, ...] | None = None
    orders: tuple[Row, ...] | None = None
    order_count: int | None = None
    lifetime_value: int | None = None
    is_test: bool = False
    repairs: tuple[str, ...] = ()
    source_orders: tuple[Mapping[str, Any], ...] = ()
    status: str | None = None
    first_order_at: str | None = None
    last_order_at: str | None = None
    subscribed: bool = False
    stored: bool = False


def read_member(document: Mapping[str, Any], options: MappingOptions) -> Member:
    """Return a customer document as Shopify could hold it.

    Args:
        document: A Cratejoy customer with arrays `addresses`, `subscriptions` and `orders`.
        options: Settings of the mapping.

    Raises:
        Refused: It has no usable id, or nothing Shopify could know a customer by.
    """
    get = document.get
    number = identifier(get("id"))
    if number is None:
        raise Refused("no_id")
    repairs: set[str] = set()
    email, source_email = _email(get("email"), repairs)
    places = _records(get("addresses"), repairs)
    phone, spare_phones = _phone(places or [], options.default_country, line(get("country")), repairs)
    first_name, last_name = _name(document, places or [], repairs)
    if not (email or first_name or last_name or phone):
        raise Refused("no_identity")
    subscriptions = _records(get("subscriptions"), repairs)
    orders = _records(get("orders"), repairs)
    subscription_rows = _history(subscriptions, subscription_row, "started_at", options.currency, repairs)
    order_rows = _history(orders, order_row, "placed_at", options.currency, repairs)
    dates = [row["placed_at"] for row in order_rows or () if row["placed_at"]]
    flags = [row["is_test"] for row in (*(subscription_rows or ()), *(order_rows or ()))]
    note = _note(get("note"), spare_phones, repairs)
    addresses = _addresses(places, line(get("country")), (first_name, last_name), repairs)
    return Member(
        cratejoy_id=number,
        email=email,
        source_email=source_email,
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        note=note,
        addresses=addresses,
        subscriptions=subscription_rows,
        orders=order_rows,
        order_count=_order_count(get("num_orders"), orders),
        lifetime_value=_lifetime_value(get("total_revenue"), orders),
        is_test=bool(flags) and all(flags),
        repairs=tuple(sorted(repairs)),
        source_orders=tuple(orders or ()) if options.orders == "create" else (),
        status=_status(document) if subscriptions is None else None,
        first_order_at=dates[-1] if dates else None,
        last_order_at=dates[0] if dates else None,
        subscribed=bool(subscription_rows) or (whole(get("num_subscriptions")) or 0) > 0,
    )


def _records(value: Any, repairs: set[str]) -> list[Any] | None:
    """Return the records of an array; None when the array itself is unknown."""
    found = rows(value)
    if found is None:
        if value:
            repairs.add("row_unreadable")
        return None
    for item in found:
        if not isinstance(item, Mapping):
            repairs.add("row_unreadable")
            return [item for item in found if isinstance(item, Mapping)]
    return found


def _email(value: Any, repairs: set[str]) -> tuple[str | None, str | None]:
    email, source, cleaned = read_email(value)
    if cleaned:
        repairs.add("email_cleaned")
    if source is not None:
        repairs.add("email_unusable")
    return email, source


def _name(document: Record, places: list[Any], repairs: set[str]) -> tuple[str | None, str | None]:
    first_name = _name_part(document.get("first_name"), repairs)
    last_name = _name_part(document.get("last_name"), repairs)
    if first_name or last_name:
        return first_name, last_name
    for full in (document.get("name"), *(place.get("to") for place in places)):
        if name := _name_part(full, repairs):
            return texts.split_name(name)
    return None, None


def _name_part(value: Any, repairs: set[str]) -> str | None:
    text = line(value)
    if text is None:
        return None
    if texts.marked_up(text):
        repairs.add("name_cleaned")
        text = texts.cleaned(text, emoji=True)
    short = texts.cut(text)
    if short != text:
        repairs.add("name_cut")
    return short or None


def _phone(
    places: list[Any], default_country: str | None, home: str | None, repairs: set[str]
) -> tuple[str | None, list[str]]:
    """Return the first usable phone number of the addresses; when none is, all that were there as typed."""
    typed = address_book.phone_texts(places)
    for text, place in typed:
        named_country = line(place.get("country")) or home
        region = (named_country and countries.region(named_country)) or default_country
        if number := phones.e164(text, region):
            return number, []
    if typed:
        repairs.add("phone_invalid")
    return None, list(dict.fromkeys(text for text, _ in typed))


def _note(value: Any, spare_phones: list[str], repairs: set[str]) -> str | None:
    note = paragraphs(value)
    if spare_phones:
        note = "\n".join(filter(None, (note, *(f"Phone in Cratejoy: {text}" for text in spare_phones))))
    return cut_note(note, repairs)


def cut_note(note: str | None, repairs: set[str]) -> str | None:
    """Return at most 5,000 characters of a note."""
    if note is None:
        return None
    short = texts.cut(note, NOTE_LENGTH)
    if short != note:
        repairs.add("note_cut")
    return short


def _addresses(
    places: list[Any] | None, home: str | None, name: tuple[str | None, str | None], repairs: set[str]
) -> tuple[Address, ...] | None:
    if places is None:
        return None
    found = [address for place in places if (address := address_book.read_address(place, home, repairs))]
    for address in found:
        if "firstName" not in address:
            address.update({key: text for key, text in zip(("firstName", "lastName"), name, strict=True) if text})
    found = address_book.unique(found)
    if len(found) > LIST_LENGTH:
        repairs.add("addresses_cut")
    return tuple(found[:LIST_LENGTH])


def _history(
    records: list[Any] | None, row: Callable[[Record, str, set[str]], Row], date: str, currency: str, repairs: set[str]
) -> tuple[Row, ...] | None:
    if records is None:
        return None
    made = [row(item, currency, repairs) for item in records]
    return tuple(newest_first(latest(made), date))


def _order_count(value: Any, orders: list[Any] | None) -> int | None:
    given = whole(value)
    if given is not None and 0 <= given < _COUNT_LIMIT:
        return given
    return None if orders is None else len(_real(orders))


def _lifetime_value(value: Any, orders: list[Any] | None) -> int | None:
    given = cents(value)
    if given is not None or orders is None:
        return given
    return sum(
        (cents(first(order, "total", "total_price")) or 0) - (cents(order.get("refunded_amount")) or 0)
        for order in _real(orders)
    )


def _real(orders: list[Any]) -> list[Any]:
    return [order for order in orders if order.get("is_test") is not True]


def _status(document: Record) -> str | None:
    """Return what the record itself says of its subscriptions: its label, `none` when it counts none."""
    label = named(document.get("subscription_status"), {})
    slug = status_slug(label) if label else None
    return "none" if slug is None and whole(document.get("num_subscriptions")) == 0 else slug
