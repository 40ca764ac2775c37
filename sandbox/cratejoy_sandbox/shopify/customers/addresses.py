"""One address: what is accepted, and how it is stored (recorded live answers)."""

import re
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.rules import Problem
from cratejoy_sandbox.shopify.geography import countries, country_code, has_zones, zone_code, zone_name
from cratejoy_sandbox.shopify.registry import Entity

TEXTS = {
    "firstName": "First name",
    "lastName": "Last name",
    "company": "Company",
    "address1": "Address1",
    "address2": "Address2",
    "city": "City",
    "zip": "Zip",
    "phone": "Phone",
}
PLACE = ("company", "address1", "address2", "city", "provinceCode", "countryCodeV2", "zip", "phone")
HTML = re.compile(r"<[^>]+>")
URL = re.compile(r"https?://|www\.", re.IGNORECASE)
EMOJI = re.compile("[\U0001f300-\U0001faff\U00002600-\U000027bf\U0001f1e6-\U0001f1ff]")
FORBIDDEN = ((HTML, "HTML tags"), (URL, "URL"), (EMOJI, "emojis"))


def read_address(sent: Mapping[str, Any], owner: Entity, before: Entity | None = None) -> tuple[Entity, list[Problem]]:
    """An address from input, over the one it changes; names left out are the customer's."""
    address: Entity = dict.fromkeys((*TEXTS, *PLACE)) | {key: v for key, v in (before or {}).items() if key != "id"}
    for key in TEXTS:
        if key in sent:
            address[key] = (sent[key] or "").strip() or None
    problems = _text_problems(address) + _set_country(address, sent)
    if not problems:
        problems = _set_province(address, sent, kept=before is not None)
    for key in ("firstName", "lastName"):
        address[key] = address[key] or (None if key in sent and before else owner[key])
    address["phone"] = _phone(address["phone"], address["countryCodeV2"])
    return address, problems


def is_blank(address: Entity) -> bool:
    """Whether an address says nothing about a place."""
    return not any(address[key] for key in PLACE)


def same(one: Entity, other: Entity) -> bool:
    """Whether two addresses say the same."""
    return all(one.get(key) == other.get(key) for key in (*TEXTS, *PLACE))


def numbered(call: Call, address: Entity) -> Entity:
    """A new address with a number."""
    return {"id": call.store.new_id(), **address}


def _text_problems(address: Entity) -> list[Problem]:
    found: list[Problem] = []
    for key, label in TEXTS.items():
        text = address[key] or ""
        if len(text) > 255:
            found.append(([key], f"{label} is too long (maximum is 255 characters)", "TOO_LONG"))
        found += [([key], f"{label} cannot contain {what}", "INVALID") for sign, what in FORBIDDEN if sign.search(text)]
    return found


def _set_country(address: Entity, sent: Mapping[str, Any]) -> list[Problem]:
    asked = sent.get("countryCode") or sent.get("country")
    if "countryCode" in sent or "country" in sent:
        address["countryCodeV2"] = country_code(asked.strip()) if asked and asked.strip() else None
        if asked and asked.strip() and (not address["countryCodeV2"] or address["countryCodeV2"] == "ZZ"):
            return [(["country"], "Country is invalid", "INVALID")]
    return []


def _set_province(address: Entity, sent: Mapping[str, Any], *, kept: bool) -> list[Problem]:
    country = address["countryCodeV2"]
    asked = (sent.get("provinceCode") or sent.get("province") or "").strip()
    if not ("provinceCode" in sent or "province" in sent):
        asked = (address["provinceCode"] or "") if kept else ""
    address["provinceCode"] = None
    if country and asked and has_zones(country):
        address["provinceCode"] = zone_code(country, asked)
        if not address["provinceCode"]:
            return [(["province"], "Province is invalid", "INVALID")]
    return []


def _phone(text: str | None, country: str | None) -> str | None:
    """A phone of an address: normalised when it is made of digits, else kept as it is."""
    if not text:
        return None
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+\d{7,15}", digits):
        return digits
    if re.fullmatch(r"\d{7,15}", digits) and country in {"US", "CA"}:
        return f"+{digits}" if len(digits) == 11 and digits[0] == "1" else f"+1{digits}"
    return text


def country_name(address: Entity) -> str | None:
    """English name of an address's country."""
    code = address["countryCodeV2"]
    return countries()[code] if code else None


def province_name(address: Entity) -> str | None:
    """English name of an address's province."""
    code = address["provinceCode"]
    return zone_name(address["countryCodeV2"], code) if code else None


def area(address: Entity) -> str | None:
    """City, province and country in one line, such as `Toronto ON, Canada`."""
    town = " ".join(part for part in (address["city"], address["provinceCode"]) if part)
    return ", ".join(dict.fromkeys(part for part in (town, country_name(address)) if part)) or None


def lines(address: Entity, *, name: bool, company: bool) -> list[str]:
    """An address as it is printed."""
    who = " ".join(part for part in (address["firstName"], address["lastName"]) if part)
    town = " ".join(part for part in (address["city"], address["provinceCode"], address["zip"]) if part)
    written = (who if name else None, address["company"] if company else None, address["address1"])
    return [text for text in (*written, address["address2"], town, country_name(address)) if text]
