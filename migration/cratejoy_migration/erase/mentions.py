"""A person in the rows and files of others: finding an address, an id; and taking them out of a value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

ERASED = "[erased]"
_PERSONAL = re.compile(
    r"(^|_)(name|email|phone|phone_number|street|unit|city|state|zip_code|company|to|message|note|location)$"
)
"""What stands beside an address in one object and is about the same person."""
_BEFORE, _AFTER = r"(?<![a-z0-9._%+\-])", r"(?![a-z0-9_\-]|\.[a-z0-9])"


def address(emails: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of these addresses, not as part of a longer one; None for none."""
    ways = "|".join(re.escape(one) for one in emails)
    return re.compile(f"{_BEFORE}(?:{ways}){_AFTER}", re.IGNORECASE) if ways else None


def person(emails: Iterable[str], ids: Iterable[int], gids: Iterable[str]) -> re.Pattern[bytes]:
    """Return what finds a line about a person: an address, a Cratejoy id or a GID."""
    ways = [f"{_BEFORE}(?:{re.escape(one)}){_AFTER}" for one in emails]
    ways += [rf"(?<![\w.]){number}(?![\w.])" for number in ids]
    ways += [rf"{re.escape(gid)}(?!\d)" for gid in gids]
    return re.compile("|".join(ways or ["(?!)"]).encode(), re.IGNORECASE)


def redacted(value: Any, found: re.Pattern[str]) -> Any:
    """Return a value without an address; an object that holds it loses all that is about the same person."""
    if isinstance(value, str):
        return found.sub(ERASED, value)
    if isinstance(value, list):
        return [redacted(one, found) for one in value]
    if not isinstance(value, dict):
        return value
    named = any(isinstance(one, str) and found.search(one) for one in value.values())
    return {
        key: None if named and isinstance(one, str) and _PERSONAL.search(key) else redacted(one, found)
        for key, one in value.items()
    }
