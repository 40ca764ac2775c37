"""Documents as careless people, scripts and years leave them: shared e-mails and phones, damage in every field."""

from __future__ import annotations

import random
from typing import Any

from .harness import customer, order, subscription

_EMAILS = (
    None, "", "not an e-mail", "a@b", "two@@example.com", " Spaced . Out@Example.com ", "<wrapped{n}@example.com>",
    "mailto:linked{n}@example.com", "x" * 260 + "@example.com", "dots..{n}@example.com", "ünï{n}@example.com",
    "{n}@exämple.com", "=cmd|{n}@example.com",
)  # fmt: skip
_NAMES = (
    "<b>Ada</b>",
    "x" * 300,
    "https://example.com/spam",
    "",
    None,
    "👩 Ada",
    "=1+1",
    "Ada\nMarsh",
    "  ",
    "O'Neill, Jr.",
)
_PHONES = ("5032000001", "not a phone", "+1 (503) 200-0002", "123", "", None, "+44 20 7946 0958", "503-555-0100 ext 4")
_COUNTRIES = ("US", "United States", "Narnia", "", None, "CA", "GB", "UK", "us", "XX", "DE")
_STATES = ("OR", "Oregon", "ZZ", "", None, "Bavaria", "Ontario", "or")
_TEXTS = ("", None, "<script>x</script>", "y" * 300, "see www.example.com", "🏠 12 Home", "12 Example Street", " ")


def hostile(seed: int, count: int) -> list[dict[str, Any]]:
    """Return so many documents, the same for a seed."""
    dice = random.Random(seed)
    return [_document(dice, number) for number in range(1, count + 1)]


def _document(dice: random.Random, number: int) -> dict[str, Any]:
    found = customer(number)
    chosen = dice.sample(_DAMAGES, dice.choice([0, 0, 0, 1, 1, 2, 3]))
    for damage in sorted(chosen, key=_DAMAGES.index):  # what takes something away comes last
        damage(dice, number, found)
    return found


def _email(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    text = dice.choice(_EMAILS)
    found["email"] = text.replace("{n}", str(number)) if text else text


def _shared_email(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    shape = dice.choice(["C{}@example.com", " c{}@EXAMPLE.com", "<c{}@example.com>", "c{}@example.com"])
    found["email"] = shape.format(dice.randint(1, max(1, number)))


def _name(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found.update(first_name=dice.choice(_NAMES), last_name=dice.choice(_NAMES), name=dice.choice(_NAMES))


def _phone(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["addresses"][0]["phone_number"] = dice.choice(_PHONES)


def _address(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["addresses"][0].update(
        country=dice.choice(_COUNTRIES), state=dice.choice(_STATES), street=dice.choice(_TEXTS),
        city=dice.choice(_TEXTS), company=dice.choice(_TEXTS),
    )  # fmt: skip


def _addresses(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    first = found["addresses"][0]
    more = [
        {**first, "id": first["id"] + place, "street": f"{place} Example Street"}
        for place in range(dice.choice([2, 5, 14, 260]))
    ]
    found["addresses"] = [first, *more]


def _rows(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    months = range(1, dice.choice([1, 3, 12, 13]))
    found["orders"] = [order(number, month % 12 + 1, id=7_501_000_000 + number * 100 + month) for month in months]
    found["subscriptions"] = [subscription(number, status=dice.choice(["active", "cancelled", "weird", None, 7]))]


def _long(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["orders"] = [
        order(number, 1, id=7_501_000_000 + number * 100 + place, note="n" * 3000) for place in range(90)
    ]


def _unknown(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    for key in dice.sample(["addresses", "subscriptions", "orders"], dice.randint(1, 3)):
        found.pop(key, None)


def _damaged(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found[dice.choice(["addresses", "subscriptions", "orders"])] = dice.choice([["text", 7], "text", [None], {"id": 1}])


def _note(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["note"] = dice.choice(["n" * 6000, "=HYPERLINK()", "\x00\x07", "plain"])


def _nobody(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found.update(email=None, first_name=None, last_name=None, name=None, addresses=[])


def _no_id(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["id"] = None


def _test_rows(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    found["orders"] = [order(number, 1, is_test=True)]
    found["subscriptions"] = [subscription(number, is_test=True)]


def _shipped(dice: random.Random, number: int, found: dict[str, Any]) -> None:
    place = {"to": "Ship To", "street": f"{number} Dock Road", "city": "Salem", "state": "OR", "zip_code": "97301",
             "country": "US"}  # fmt: skip
    found["orders"] = [order(number, month, ship_address=place) for month in (1, 2)]


_DAMAGES = (
    _email, _shared_email, _shared_email, _name, _phone, _phone, _address, _address, _addresses, _rows, _long, _note,
    _test_rows, _shipped, _no_id, _nobody, _unknown, _damaged,
)  # fmt: skip
