"""Subscriptions and orders as the items of the two histories: every key of the contract, unknown is null.

Amounts are decimal strings in major units, dates RFC 3339 UTC. The price of an order item is Cratejoy's line total,
not the price of one piece.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from target_shopify.mapping.values import (
    Record,
    cents,
    flag,
    identifier,
    line,
    moment,
    money,
    paragraphs,
    record,
    rows,
    whole,
)

Row = dict[str, Any]

SUBSCRIPTION_STATUS = {
    1: "unpaid",
    2: "active",
    3: "cancelled",
    4: "suspended",
    5: "expired",
    6: "past_due",
    7: "pending_renewal",
    8: "renewing",
}
ORDER_STATUS = {1: "open", 2: "closed"}
FULFILLMENT_STATUS = {1: "unfulfilled", 2: "partial", 3: "fulfilled"}
"""Names of Cratejoy's integers (Cratejoy docs: subscription, order)."""

_ADDRESS = ("to", "company", "street", "unit", "city", "state", "zip_code", "country", "phone_number")
_GIFT = (("recipient_name", "gift_recipient_name"), ("recipient_email", "gift_recipient_email"))
_PERIODS = (("rebill_months", "month"), ("rebill_weeks", "week"))
_NOT_WORD = re.compile(r"[\W_]+")
_STATUS_SPELLINGS = {"pastdue": "past-due", "canceled": "cancelled", "all-cancelled": "cancelled"}
_MAX_STATUS = 100


def subscription_row(raw: Record, currency: str, repairs: set[str]) -> Row:
    """Return a Cratejoy subscription as an item of the subscription history."""
    get = raw.get
    instance = record(get("product_instance") or get("instance"))
    return {
        "id": identifier(get("id")),
        "status": named(get("status"), SUBSCRIPTION_STATUS),
        "started_at": _date(get("start_date"), repairs),
        "ends_at": _date(get("end_date"), repairs),
        "skipped_at": _date(get("skipped_date"), repairs),
        "autorenew": flag(get("autorenew")),
        "billing": line(get("billing_name")) or _period(record(get("billing"))),
        "term": _term(get("term")),
        "product": _product(record(get("product")), instance),
        "price": _amount(instance.get("price"), currency, repairs),
        "credit": _amount(get("credit"), currency, repairs),
        "address": _address(record(get("address"))),
        "gift": _gift(record(get("subscription_gift_info"))),
        "note": paragraphs(get("note")),
        "is_test": flag(get("is_test")),
    }


def order_row(raw: Record, currency: str, repairs: set[str]) -> Row:
    """Return a Cratejoy order as an item of the order history."""
    get = raw.get
    return {
        "id": identifier(get("id")),
        "placed_at": _date(get("placed_at"), repairs),
        "status": named(get("status"), ORDER_STATUS),
        "financial_status": named(get("financial_status"), {}),
        "fulfillment_status": named(get("fulfillment_status"), FULFILLMENT_STATUS),
        "is_renewal": flag(get("is_renewal")),
        "is_gift": flag(get("is_gift")),
        "sub_total": _amount(get("sub_total"), currency, repairs),
        "shipping": _amount(first(raw, "total_shipping", "gross_shipping"), currency, repairs),
        "tax": _amount(get("total_tax"), currency, repairs),
        "total": _amount(first(raw, "total", "total_price"), currency, repairs),
        "refunded": _amount(get("refunded_amount"), currency, repairs),
        "items": [_item(item, currency, repairs) for item in rows(get("products")) or () if isinstance(item, dict)],
        "is_test": flag(get("is_test")),
    }


def latest(items: list[Row]) -> list[Row]:
    """Return history items, of those with one id the last."""
    if len({item["id"] for item in items}) == len(items):
        return items
    found: dict[Any, Row] = {}
    for place, item in enumerate(items):
        found[item["id"] or -1 - place] = item
    return list(found.values())


def newest_first(items: list[Row], date: str) -> list[Row]:
    """Return history items by date, newest first, those without one last; equal dates by id."""
    if len(items) > 1:
        items.sort(key=lambda item: (item[date] or "", item["id"] or 0), reverse=True)
    return items


def first(raw: Record, *names: str) -> Any:
    """Return the first property that has a value."""
    for name in names:
        value = raw.get(name)
        if value is not None and value != "":
            return value
    return None


def named(value: Any, names: dict[int, str]) -> str | None:
    """Return the name of an enumerated value: text as sent, an integer by its documented name or as its digits."""
    if isinstance(value, str):
        return line(value)
    text = line(value)
    return text and names.get(int(text), text)


@lru_cache(maxsize=4096)
def status_slug(status: str) -> str | None:
    """Return a status as our tags write it: `Past Due`, `past_due` and `pastdue` are `past-due`."""
    slug = _NOT_WORD.sub("-", status.casefold()).strip("-")[:_MAX_STATUS].strip("-")
    return _STATUS_SPELLINGS.get(slug, slug) or None


def _date(value: Any, repairs: set[str]) -> str | None:
    text = moment(value) if value is not None else None
    if text is None and value is not None and value != "":
        repairs.add("date_unreadable")
    return text


def _amount(value: Any, currency: str, repairs: set[str]) -> str | None:
    amount = cents(value)
    if amount is not None:
        return money(amount, currency)
    if value is not None and value != "":
        repairs.add("money_unreadable")
    return None


def _item(raw: Record, currency: str, repairs: set[str]) -> Row:
    instance = record(raw.get("instance"))
    return {
        "sku": line(instance.get("sku")),
        "name": item_name(raw),
        "quantity": whole(raw.get("quantity")),
        "price": _amount(raw.get("price"), currency, repairs),
    }


def item_name(raw: Record) -> str | None:
    """Return what an order line is called: the product's name, else the variant's."""
    instance = record(raw.get("instance"))
    return line(record(instance.get("product")).get("name")) or line(instance.get("name")) or line(raw.get("name"))


def _period(billing: Record) -> str | None:
    for key, unit in _PERIODS:
        count = whole(billing.get(key))
        if count and count > 0:
            return f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
    return None


def _term(value: Any) -> str | None:
    if isinstance(value, str):
        return line(value)
    term = record(value)
    return line(term.get("name")) or line(term.get("description"))


def _product(product: Record, instance: Record) -> Row | None:
    found = {
        "id": identifier(product.get("id")) or identifier(instance.get("product_id")),
        "name": line(product.get("name")) or line(instance.get("name")),
        "sku": line(instance.get("sku")) or line(product.get("sku")),
    }
    return found if any(found.values()) else None


def _address(address: Record) -> Row | None:
    found = {}
    for name in _ADDRESS:
        value = address.get(name)
        if value and (text := line(value)):
            found[name] = text
    return found or None


def _gift(info: Record) -> Row | None:
    if not info:
        return None
    found: Row = {name: line(info.get(source)) for name, source in _GIFT}
    found["message"] = paragraphs(info.get("gift_message"))
    return found if any(found.values()) else None
