"""What to do when Shopify refuses a customer: the pure part.

Platform facts (recorded live answers): refusals name a path (customerSet prefixes it with `input`), the mutations of
customers and addresses give no codes, so text decides: "has already been taken", "is invalid", "is too long".
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from target_shopify.client import UserError

_TAKEN = re.compile(r"taken|already (?:exists|in use)|must be unique|not unique|duplicate", re.IGNORECASE)
_TOO_LONG = re.compile(r"too long \(maximum is (\d+)", re.IGNORECASE)
_NAMED = re.compile(r"(e-?mail|phone|first name|last name|note)\b", re.IGNORECASE)
_NAMES = {
    "email": "email",
    "e-mail": "email",
    "phone": "phone",
    "first name": "firstName",
    "last name": "lastName",
    "note": "note",
}
_TEXTS = ("firstName", "lastName", "note", "locale")
_ADDRESS_FIELDS = {"province": ("provinceCode", "province"), "country": ("countryCode", "country", "provinceCode")}


def path(error: UserError) -> tuple[str, ...]:
    """Return where an error points, without the name of the argument; told by its first word when it points nowhere."""
    place = error.field[1:] if error.field[:1] in (("input",), ("customer",)) else error.field
    if place:
        return place
    named = _NAMED.match(error.message)
    return (_NAMES[named[1].casefold()],) if named else ()


def is_taken(error: UserError, name: str) -> bool:
    """Whether another customer has this value."""
    return path(error)[:1] == (name,) and bool(_TAKEN.search(error.message))


def id_is_taken(errors: Sequence[UserError]) -> bool:
    """Whether a customer with our id metafield is there already."""
    return any(
        _TAKEN.search(error.message)
        and (path(error)[:1] in (("metafields",), ()) or "metafield" in error.message.lower())
        for error in errors
        if path(error)[:1] not in (("email",), ("phone",))
    )


def relaxed(wanted: Mapping[str, Any], errors: Sequence[UserError]) -> tuple[dict[str, Any], list[str]] | None:
    """Return an input without what was refused, and the repairs made.

    Args:
        wanted: CustomerInput as it was sent.
        errors: What Shopify refused in it.

    Returns:
        None when nothing in the input can be given up for these errors.
    """
    changed = copy.deepcopy(dict(wanted))
    repairs: list[str] = []
    # From the back, so that positions in lists stay right.
    for error in sorted(errors, key=lambda one: _position(path(one)), reverse=True):
        repairs += _give_up(changed, error)
    return (changed, list(dict.fromkeys(repairs))) if repairs else None


def _position(place: tuple[str, ...]) -> tuple[str, int]:
    number = int(place[1]) if len(place) > 1 and place[1].isdigit() else -1
    return (place[0] if place else "", number)


def _give_up(wanted: dict[str, Any], error: UserError) -> list[str]:
    place = path(error)
    name = place[0] if place else ""
    if name in ("email", "phone") and wanted.get(name):
        wanted.pop(name)
        return [f"{name}_taken" if _TAKEN.search(error.message) else f"{name}_refused"]
    if name in _TEXTS and wanted.get(name):
        return _shorten(wanted, name, error.message)
    if name == "addresses" and len(place) > 1 and place[1].isdigit():
        return _give_up_in_address(wanted, int(place[1]), place[2:])
    if name in ("tags", "metafields") and len(place) > 1 and place[1].isdigit():
        return _give_up_item(wanted, name, int(place[1]))
    return []


def _shorten(wanted: dict[str, Any], name: str, message: str) -> list[str]:
    most = _TOO_LONG.search(message)
    if most and len(wanted[name]) > int(most[1]):
        wanted[name] = wanted[name][: int(most[1])].rstrip()
        return [f"{name}_cut"]
    wanted.pop(name)
    return [f"{name}_refused"]


def _give_up_in_address(wanted: dict[str, Any], number: int, rest: tuple[str, ...]) -> list[str]:
    addresses = wanted.get("addresses") or []
    if number >= len(addresses):
        return []
    address = addresses[number]
    named = _ADDRESS_FIELDS.get(rest[0], (rest[0],)) if rest else ()
    present = [name for name in named if address.pop(name, None) is not None]
    if present and any(address.get(name) for name in ("address1", "city", "zip", "countryCode")):
        return [f"address_{rest[0]}_refused"]
    addresses.pop(number)
    return ["address_refused"]


def _give_up_item(wanted: dict[str, Any], name: str, number: int) -> list[str]:
    items = wanted.get(name) or []
    if number >= len(items) or (name == "metafields" and items[number].get("key") == "customer_id"):
        return []
    gone = items.pop(number)
    return [f"metafield_refused:{gone.get('key')}" if name == "metafields" else "tag_refused"]


def refusal_reason(errors: Sequence[UserError]) -> str:
    """Return a reason for the ledger: places and Shopify's own short texts, never values."""
    told = [f"{'.'.join(path(error)) or 'customer'}: {error.code or error.message}" for error in errors]
    return "refused by Shopify (" + "; ".join(dict.fromkeys(told))[:400] + ")"
