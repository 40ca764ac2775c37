"""Invented people and where they live: names, e-mails and addresses from our own word lists.

E-mails are at example.com, example.org and example.net; phone numbers come from ranges kept for fiction.
"""

import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cratejoy_sandbox.cratejoy.tables import Address
from cratejoy_sandbox.generator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Person:
    """A name with a country and an e-mail address."""

    first_name: str
    last_name: str
    country: str
    email: str | None

    @property
    def name(self) -> str:
        """First and last name as one."""
        return f"{self.first_name} {self.last_name}".strip()


@cache
def words(name: str) -> dict[str, Any]:
    """Read one of the word lists."""
    text = files("cratejoy_sandbox.generator").joinpath("words", f"{name}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _country_ladder() -> tuple[list[str], list[float]]:
    countries = words("countries")
    steps = list(accumulate(entry["weight"] for entry in countries.values()))
    return list(countries), [step / steps[-1] for step in steps]


def a_country(world: World) -> str:
    """A country, drawn by its weight."""
    names, ladder = _country_ladder()
    drawn = world.chance()
    return next(name for name, step in zip(names, ladder, strict=True) if drawn < step)


def a_person(world: World, country: str, number: int) -> Person:
    """A person of this country; the number keeps most e-mail addresses apart."""
    lists = words("countries")[country]
    first, last = world.pick(lists["first"]), world.pick(lists["last"])
    return Person(first, last, country, _email(world, first, last, number))


def an_address(world: World, customer_id: int, person: Person, seconds: int) -> Address:
    """An address row of a customer, with this person as the one who receives."""
    lists, phrases = words("countries")[person.country], words("phrases")
    city, state, zip_code = world.pick(lists["cities"])
    street = lists["street"].format(number=world.between(1, 240), street=world.pick(lists["streets"]))
    bad = world.happens(0.04)
    return Address(
        id=world.ids.take(seconds),
        customer_id=customer_id,
        to=person.name,
        street=street,
        unit=_sometimes(world, phrases["units"], 0.22),
        city=city,
        state=state,
        zip_code=_digits(world, zip_code),
        country=person.country,
        company=_sometimes(world, phrases["companies"], 0.05),
        phone_number=_digits(world, lists["phone"]) if world.happens(0.8) else world.pick(("", None)),
        status=0 if bad else 1,
        status_message="Address could not be verified" if bad else None,
        icon=lists["icon"],
    )


def in_other_case(world: World, email: str) -> str:
    """The same e-mail address typed in another case."""
    changes: tuple[Callable[[str], str], ...] = (str.upper, str.title, str.swapcase)
    return world.pick(changes)(email)


def _email(world: World, first: str, last: str, number: int) -> str | None:
    if world.happens(0.004):
        return world.pick((None, "", "not-an-address", " spaced.out@example.com "))
    host = world.pick(words("phrases")["mail_hosts"])
    local = ".".join(filter(None, (_ascii(first), _ascii(last))))
    return f"{local or world.pick(words('phrases')['nicknames'])}.{number}@{host}"


@cache
def _ascii(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in letters if letter.isalnum())


def _digits(world: World, pattern: str) -> str:
    return "".join(str(int(world.chance() * 10)) if letter == "#" else letter for letter in pattern)


def _sometimes(world: World, choices: list[str], probability: float) -> str | None:
    if world.happens(probability):
        return world.pick(choices)
    return "" if world.happens(0.8) else None
