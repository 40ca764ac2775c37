"""One Cratejoy address as a MailingAddressInput Shopify takes, and what makes two of them equal."""

from __future__ import annotations

import re
from typing import Any

from target_shopify.mapping import countries, texts
from target_shopify.mapping.values import Record, line
from target_shopify.rules import TEXT_LENGTH

Address = dict[str, str]

_FIELDS = (
    ("to", "firstName"),
    ("company", "company"),
    ("street", "address1"),
    ("unit", "address2"),
    ("city", "city"),
    ("state", "provinceCode"),
    ("zip_code", "zip"),
    ("phone_number", "phone"),
)
_KEYED = ("firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "countryCode", "zip")
_PLACES = frozenset(["company", "address1", "address2", "city", "provinceCode", "countryCode", "zip", "phone"])
_NON_DIGITS = re.compile(r"\D+")
_NOT_WORD = re.compile(r"[\W_]+")
_LOCAL_DIGITS = 7


def read_address(raw: Record, home: str | None, repairs: set[str]) -> Address | None:
    """Return an address for Shopify.

    Args:
        raw: Cratejoy address record.
        home: Country text of the customer record, for an address that names none.
        repairs: Codes of what was mended are added here.

    Returns:
        The input fields that have a value; None when nothing but a name would be left.
    """
    address = {}
    for source, target in _FIELDS:
        value = raw.get(source)
        if value and (text := line(value)):
            address[target] = text
    _clean(address, repairs)
    _place(address, line(raw.get("country")), home, repairs)
    if _PLACES.isdisjoint(address):
        return None
    if name := address.get("firstName"):
        _split(address, name)
    return address


def address_key(address: Record) -> str:
    """Return what equal addresses have in common: case, white space and the way a phone is written do not count."""
    phone = str(address.get("phone") or "")
    digits = _NON_DIGITS.sub("", phone)
    parts = [str(address.get(field) or "") for field in _KEYED]
    parts.append(digits[-_LOCAL_DIGITS:] if len(digits) >= _LOCAL_DIGITS else phone)
    return "\n".join([" ".join(part.split()) for part in parts]).casefold()


def unique(addresses: list[Address]) -> list[Address]:
    """Return addresses in their order, equal ones once."""
    if len(addresses) < 2:
        return addresses
    found: dict[str, Address] = {}
    for address in addresses:
        found.setdefault(address_key(address), address)
    return list(found.values())


def _clean(address: Address, repairs: set[str]) -> None:
    joined = "\n".join(address.values())
    if texts.refused(joined):
        for field, text in list(address.items()):
            address[field] = texts.cleaned(text) if texts.refused(text) else text
            if not address[field]:
                del address[field]
        repairs.add("address_cleaned")
    if len(joined) > TEXT_LENGTH // 2:
        for field, text in address.items():
            address[field] = texts.cut(text)
            if address[field] != text:
                repairs.add("address_cut")


def _place(address: Address, named: str | None, home: str | None, repairs: set[str]) -> None:
    """Put country and state in as codes; what Shopify has no code for stays beside the city."""
    if named is None and home and address:
        named = home
        repairs.add("country_assumed")
    code, territory = countries.country(named) if named else (None, None)
    state = address.pop("provinceCode", None)
    if code:
        address["countryCode"] = code
    elif named:
        repairs.add("country_unknown")
    known = countries.province(code, state) if code and state else None
    if known or territory:
        address["provinceCode"] = known or territory or ""
    if state and not known:
        _beside_city(address, state, repairs)
        if code is None or (countries.has_provinces(code) and not territory):
            repairs.add("province_unknown")
    if named and code is None:
        _beside_city(address, named, repairs)


def _beside_city(address: Address, text: str, repairs: set[str]) -> None:
    city = address.get("city")
    if city and _words(text) in _words(city):
        return
    together = f"{city}, {text}" if city else text
    address["city"] = texts.cut(together)
    if address["city"] != together:
        repairs.add("address_cut")


def _words(text: str) -> str:
    """Return the words of a text, each between two spaces, so that only whole words are found in it."""
    return f" {' '.join(_NOT_WORD.split(text.casefold())).strip()} "


def _split(address: Address, name: str) -> None:
    first, last = texts.split_name(name)
    address["firstName"] = first
    if last:
        address["lastName"] = last


def phone_texts(records: list[Any]) -> list[tuple[str, Record]]:
    """Return the phone numbers of address records as typed, each with its record."""
    found = []
    for raw in records:
        text = line(raw.get("phone_number"))
        if text:
            found.append((text, raw))
    return found
