"""Input into a customer's record: cleaned, checked as a whole, then applied; used by create, update and set."""

from collections.abc import Mapping, Sequence
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import by_email, by_phone
from cratejoy_sandbox.shopify.customers.rules import (
    Problem,
    clean_email,
    clean_name,
    clean_phone,
    clean_tags,
    email_problems,
    length_problems,
    locale_problems,
    phone_problems,
    tag_problems,
)
from cratejoy_sandbox.shopify.errors import Refused, user_error
from cratejoy_sandbox.shopify.registry import Entity

NAMELESS = "A name, phone number, or email address must be present"
CLEAN = {"firstName": clean_name, "lastName": clean_name, "email": clean_email, "phone": clean_phone}


def apply_fields(call: Call, customer: Entity, sent: Mapping[str, Any]) -> list[Problem]:
    """Put the plain fields that were sent into a record; what is wrong with them."""
    for key, clean in CLEAN.items():
        if key in sent:
            customer[key] = clean(sent[key])
    if "note" in sent:
        customer["note"] = sent["note"]
    if "tags" in sent:
        customer["tags"] = clean_tags(sent["tags"] or [])
    for key in ("taxExempt", "taxExemptions", "multipassIdentifier"):
        if sent.get(key) is not None:
            customer[key] = sent[key]
    if sent.get("locale"):
        customer["locale"] = sent["locale"]
    return _problems(call, customer, sent)


def _problems(call: Call, customer: Entity, sent: Mapping[str, Any]) -> list[Problem]:
    found = length_problems({key: customer[key] for key in ("firstName", "lastName")})
    if customer["email"] and "email" in sent:
        found += email_problems(customer["email"]) or _taken(call, customer, "email")
    if customer["phone"] and "phone" in sent:
        found += phone_problems(customer["phone"]) or _taken(call, customer, "phone")
    if sent.get("locale"):
        found += locale_problems(sent["locale"])
    found += tag_problems(customer["tags"]) if "tags" in sent else []
    return found + length_problems({"note": customer["note"]})


def _taken(call: Call, customer: Entity, key: str) -> list[Problem]:
    other = {"email": by_email, "phone": by_phone}[key](call, customer[key])
    if other is None or other["id"] == customer["id"]:
        return []
    return [([key], f"{key.capitalize()} has already been taken", "TAKEN")]


def is_nobody(customer: Entity) -> bool:
    """Whether a customer has neither name nor address nor number."""
    return not any(customer[key] for key in ("firstName", "lastName", "email", "phone"))


def refuse_all(problems: Sequence[Problem], prefix: Sequence[str] = ()) -> None:
    """Refuse with every problem, if there is any."""
    if problems:
        raise Refused(*(user_error([*prefix, *field], message, code) for field, message, code in problems))
