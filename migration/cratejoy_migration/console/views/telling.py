"""Values of a customer as a person reads them: of the documents, of addresses and of metafields. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

PLACE = ("to", "company", "street", "unit", "city", "state", "zip_code", "country", "phone_number")
_UTC = re.compile(r"(?<=T\d\d:\d\d:\d\d)\+00:00$")
ADDRESS = (
    "firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "zip", "countryCode", "phone",
)  # fmt: skip


_SOURCES = {"customer_id": "id", "order_count": "num_orders", "lifetime_value": "total_revenue",
            "subscription_status": "subscription_status", "source_email": "email"}  # fmt: skip


def source(documents: Sequence[Mapping[str, Any]], key: str) -> str:
    """Return what documents say of which a metafield is made; empty where it is made of several things."""
    found = values(documents, _SOURCES[key]) if key in _SOURCES else ""
    return f"{found} cents" if found and key == "lifetime_value" else found


def value(text: str | None) -> str:
    """Return a metafield's value for people: an amount as amount and currency, a moment as we write it."""
    if text and text.startswith("{"):
        try:
            told = json.loads(text)
        except ValueError:
            return text
        if {"amount", "currency_code"} <= told.keys():
            return f"{told['amount']} {told['currency_code']}"
    return _UTC.sub("Z", text or "")


def values(documents: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return what documents say of one thing, each value once."""
    found = dict.fromkeys(str(one[name]) for one in documents if one.get(name) not in (None, ""))
    return " / ".join(found)


def phone(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the first phone number of their addresses."""
    places = [place for one in documents for place in one.get("addresses") or () if isinstance(place, Mapping)]
    return next((str(place["phone_number"]) for place in places if place.get("phone_number")), "")


def address(record: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return an address in one line: Cratejoy's by the names of `PLACE`, Shopify's by those of `ADDRESS`."""
    return ", ".join(str(record[name]) for name in names if record.get(name))


def counted(count: int, kind: str) -> str:
    """Return `1 order`, `2 orders`."""
    return f"{count:,} {kind if count != 1 else kind[:-1]}"
