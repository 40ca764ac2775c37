"""One page of Cratejoy as the probe keeps it: numbers, ids and forms; no value of any record."""

from __future__ import annotations

import email.utils
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tap_cratejoy import dates
from tap_cratejoy.client import Look
from tap_cratejoy.records import EXTRA, RecordCleaner, whole_id
from tap_cratejoy.stream import CratejoyStream
from tap_cratejoy.streams import STREAMS
from tap_cratejoy.windows import next_page

RESOURCES: dict[str, type[CratejoyStream]] = {str(vars(one)["name"]): one for one in STREAMS if one.selected_by_default}
"""The eight streams that are on by default, in the order they are read."""
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class Forms:
    """How the rows of a page are written.

    Attributes:
        unknown: Properties that the schema does not know.
        misfit: Properties whose values do not fit the schema's type.
        dates: Forms of date-times.
        enums: JSON types of enumerated properties.
        relations: JSON types of single relations.
        countries: Rows by two-letter country.
    """

    unknown: frozenset[str] = frozenset()
    misfit: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    enums: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    countries: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Seen:
    """What one request came to.

    Attributes:
        trouble: Why there is no page, in words; empty when there is one.
        status: HTTP status, 0 without an answer.
        ids: Of the rows, in order; never printed.
        count: The server's total.
        has_next: `next` is not null.
        next_number: The page it names.
        next_names: The parameters it names.
        next_absolute: It is a whole URL.
        embedded: JSON type of each property, as the first row that has it writes it.
        headers: As sent.
        skew: Seconds by which the server's clock is ahead of ours, None when it does not tell.
        told: The error body is the documented list of texts.
    """

    trouble: str = ""
    status: int = 0
    ids: tuple[int, ...] = ()
    count: int | None = None
    has_next: bool = False
    next_number: int | None = None
    next_names: frozenset[str] = frozenset()
    next_absolute: bool = False
    embedded: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    size: int = 0
    forms: Forms = field(default_factory=Forms)
    headers: Mapping[str, str] = field(default_factory=dict)
    skew: float | None = None
    told: bool = False

    @property
    def page(self) -> bool:
        """Whether it is a page."""
        return not self.trouble

    @property
    def refused(self) -> bool:
        """Whether the request was refused for what it asks."""
        return self.status in (400, 404, 405, 413, 414, 422)


def seen(stream: str, look: Look) -> Seen:
    """Return what an answer shows."""
    common: dict[str, Any] = {
        "status": look.status,
        "seconds": look.seconds,
        "size": look.size,
        "headers": look.headers,
    }
    if look.status != 200:
        return Seen(trouble=f"answer {look.status}", told=bool(look.reasons), **common)
    if not look.readable:
        return Seen(trouble="answer 200, but the body is no JSON", **common)
    rows = look.data.get("results") if isinstance(look.data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Seen(trouble="answer 200, but not the documented envelope", **common)
    count, following = look.data.get("count"), look.data.get("next")
    named = _names(following)
    return Seen(
        ids=tuple(number for row in rows if (number := whole_id(row.get("id"))) is not None),
        count=count if type(count) is int and count >= 0 else None,
        has_next=bool(following),
        next_number=next_page(following),
        next_names=frozenset(named),
        next_absolute=isinstance(following, str) and "://" in following,
        embedded={name: _kind(value) for row in reversed(rows) for name, value in row.items() if value is not None},
        forms=_forms(stream, rows),
        **common,
    )


def skew(date: str | None, now: float) -> float | None:
    """Return by how many seconds a Date header is ahead of us; None when it cannot be read."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - now if date else None
    except (ValueError, TypeError, OverflowError):
        return None


def _names(following: Any) -> list[str]:
    """Return the names of the parameters in an envelope's `next`."""
    try:
        query = urlsplit(following).query if isinstance(following, str) else ""
    except ValueError:
        return []
    return [name for name, _ in parse_qsl(query, keep_blank_values=True)]


def _forms(stream: str, rows: list[dict[str, Any]]) -> Forms:
    known, moments, cleaner = _schema(stream)
    resource = RESOURCES[stream]
    left = {name for row in rows for name in cleaner.clean(row)[EXTRA] or ()}
    return Forms(
        frozenset(left - known - resource.aliases.keys()),
        frozenset(left & known),
        frozenset(map(date_form, _values(rows, moments))),
        frozenset(map(_kind, _values(rows, resource.enums))),
        frozenset(map(_kind, _values(rows, resource.relations))),
        Counter(one for one in _values(rows, ["country"]) if isinstance(one, str) and _COUNTRY.fullmatch(one)),
    )


def date_form(value: Any) -> str:
    """Return the form of a date-time in words."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return "RFC 3339"
    if dates.parse(value) is None:
        return "not to be read"
    if isinstance(value, str):
        return "date only" if len(value) <= len("2026-03-14") else "another text"
    return "epoch milliseconds"


def _values(rows: list[dict[str, Any]], names: Iterable[str]) -> list[Any]:
    return [value for row in rows for name in names if (value := row.get(name)) is not None]


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "URL" if value.startswith(("/", "http://", "https://")) else "text"
    if isinstance(value, bool) or value is None:
        return "boolean" if value is not None else "null"
    return {dict: "object", list: "array", int: "integer"}.get(type(value), "number")


@cache
def _schema(stream: str) -> tuple[frozenset[str], tuple[str, ...], RecordCleaner]:
    """Return the properties of a stream's schema, those that are date-times, and what cleans its records."""
    schema = json.loads((resources.files("tap_cratejoy.schemas") / f"{stream}.json").read_text("utf-8"))
    resource = RESOURCES[stream]
    cleaner = RecordCleaner(schema, relations=resource.relations, enums=resource.enums, aliases=resource.aliases)
    moments = tuple(name for name, spec in schema["properties"].items() if spec.get("format") == "date-time")
    return frozenset(schema["properties"]), moments, cleaner
