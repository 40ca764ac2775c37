"""Customers that a rehearsal has made or changed, on disk: a forecast of 600,000 must not fill the memory."""

from __future__ import annotations

import itertools
import re
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from target_shopify.bloom import Seen
from target_shopify.errors import WORKING_FOLDER, room_in

_FIRST_NUMBER = 4 * 10**18
"""Above all numbers that Shopify gives."""
_ROWS_A_WRITE = 500
_TABLES = """
pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive; pragma cache_size = -24000;
create table people (number integer primary key, body blob not null);
create table keys (key integer primary key, number integer not null);
"""


@dataclass(slots=True)
class Person:
    """One customer as the shop would have it.

    Attributes:
        number: Of its GID.
        fields: CustomerInput name to value, where there is one.
        tags: As they would be.
        addresses: MailingAddressInput dicts with their `id`.
        default: Id of the default address.
        metafields: Of our namespace: key to type and value.
    """

    number: int
    fields: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    default: str | None = None
    metafields: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def gid(self) -> str:
        """Its GID."""
        return f"gid://shopify/Customer/{self.number}"

    @property
    def keys(self) -> list[str]:
        """What no other customer may have."""
        named = (email_key(self.fields.get("email")), phone_key(self.fields.get("phone")), id_key(self.customer_id))
        return [key for key in named if key]

    @property
    def customer_id(self) -> str | None:
        """Our id metafield."""
        return self.metafields["customer_id"][1] if "customer_id" in self.metafields else None


class People:
    """The customers of a rehearsal; not safe to share between threads without a lock around it.

    Args:
        folder: Where the file lies; whoever made the folder removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "people.sqlite", isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._met = Seen()
        self._bodies: dict[int, Mapping[str, Any]] = {}
        self._keys: dict[int, int] = {}

    def number(self) -> int:
        """Return a number that nobody has."""
        return next(self._numbers)

    def owner(self, key: str) -> int | None:
        """Return who has an e-mail, a phone or an id."""
        if not self._met.has(key):
            return None
        place = hash(key)
        if place in self._keys:
            return self._keys[place] or None
        row = self._database.execute("select number from keys where key = ?", (place,)).fetchone()
        return row[0] or None if row else None

    def make(self, number: int, wanted: Mapping[str, Any], keys: Iterator[str]) -> None:
        """Keep a new customer as its CustomerInput, which few are ever asked for again."""
        self._keep(number, wanted, keys)

    def note(self, number: int, keys: Sequence[str]) -> None:
        """Note whose these are in the real shop, unless the rehearsal has given them to somebody or freed them."""
        for key in keys:
            if not self._met.has(key) or not self._is_kept(key):
                self._met.add(key)
                self._keys[hash(key)] = number
        if len(self._keys) >= 3 * _ROWS_A_WRITE:
            self._write()

    def get(self, number: int) -> Person | None:
        """Return a customer that the rehearsal made or changed."""
        body = self._bodies.get(number)
        if body is None:
            row = self._database.execute("select body from people where number = ?", (number,)).fetchone()
            body = orjson.loads(zlib.decompress(row[0])) if row else None
        return _person(number, body) if body is not None else None

    def put(self, person: Person, before: list[str] | None = None) -> None:
        """Keep a customer as it would be now; of its keys `before`, those that it gave up are free."""
        for key in set(before or ()) - set(person.keys):
            self._keys[hash(key)] = 0
        body = {
            **person.fields,
            "tags": person.tags,
            "addresses": person.addresses,
            "default": person.default,
            "metafields": [{"key": key, "type": one[0], "value": one[1]} for key, one in person.metafields.items()],
        }
        self._keep(person.number, body, iter(person.keys))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _is_kept(self, key: str) -> bool:
        row = self._database.execute("select 1 from keys where key = ?", (hash(key),)).fetchone()
        return hash(key) in self._keys or row is not None

    def _keep(self, number: int, body: Mapping[str, Any], keys: Iterator[str]) -> None:
        self._bodies[number] = body
        for key in keys:
            self._met.add(key)
            self._keys[hash(key)] = number
        if len(self._bodies) >= _ROWS_A_WRITE:
            self._write()

    def _write(self) -> None:
        with room_in(WORKING_FOLDER):
            self._write_all()

    def _write_all(self) -> None:
        rows = ((number, zlib.compress(orjson.dumps(body), 1)) for number, body in self._bodies.items())
        self._database.execute("begin")
        self._database.executemany("insert or replace into people values (?, ?)", rows)
        self._database.executemany("insert or replace into keys values (?, ?)", self._keys.items())
        self._database.execute("commit")
        self._bodies, self._keys = {}, {}


def email_key(email: str | None) -> str | None:
    """Return the key of an e-mail: Shopify compares without case."""
    return f"e{email.casefold()}" if email else None


def phone_key(phone: str | None) -> str | None:
    """Return the key of a phone number."""
    return "p" + re.sub(r"\D", "", phone) if phone else None


def id_key(number: str | None) -> str | None:
    """Return the key of a Cratejoy id."""
    return f"i{number}" if number else None


def _person(number: int, body: Mapping[str, Any]) -> Person:
    addresses = [
        {**one, "id": one.get("id") or f"gid://shopify/MailingAddress/{number}{place:03d}"}
        for place, one in enumerate(body.get("addresses") or ())
    ]
    names = ("email", "firstName", "lastName", "phone", "note")
    return Person(
        number,
        {name: body[name] for name in names if body.get(name)},
        list(body.get("tags") or ()),
        addresses,
        body.get("default") or (addresses[0]["id"] if addresses else None),
        {one["key"]: (one["type"], one["value"]) for one in body.get("metafields") or ()},
    )
