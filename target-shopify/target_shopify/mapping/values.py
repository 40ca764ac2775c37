"""Single values as Cratejoy, Postgres or a JSON library may spell them, read without ever raising.

Ids may be numbers or digits, amounts numbers of any kind, dates in any offset, and anything may be missing, null or
of the wrong type: what cannot be read is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

Record = Mapping[str, Any]

EMPTY: Record = {}
_MAX_INT64 = 2**63 - 1
_MAX_CENTS = 10**15
_EXACT_FLOAT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DIGITS = 13
_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DIGITS = re.compile(r"-?[0-9]{1,19}(?:\.0*)?", re.ASCII)


def whole(value: Any) -> int | None:
    """Return a whole number of at most 64 bits, from a number or from digits."""
    if type(value) is int:
        return value if -_MAX_INT64 <= value <= _MAX_INT64 else None
    if isinstance(value, str):
        digits = value.strip()
        return whole(int(digits.partition(".")[0])) if _DIGITS.fullmatch(digits) else None
    if isinstance(value, float):
        return int(value) if abs(value) <= _EXACT_FLOAT and value.is_integer() else None
    if isinstance(value, Decimal) and value.is_finite() and abs(value) <= _MAX_INT64 and value == int(value):
        return int(value)
    return None


def identifier(value: Any) -> int | None:
    """Return an id: a whole number above zero."""
    number = value if type(value) is int else whole(value)
    return number if number is not None and 0 < number <= _MAX_INT64 else None


def cents(value: Any) -> int | None:
    """Return an amount in the smallest unit of its currency; fractions of it, which floats can have, are rounded."""
    if type(value) is not int and value is not None:
        value = _rounded(value) if isinstance(value, (float, Decimal)) else whole(value)
    return value if value is not None and -_MAX_CENTS < value < _MAX_CENTS else None


def _rounded(value: float | Decimal) -> int | None:
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return round(value) if -_MAX_CENTS < value < _MAX_CENTS else None


def flag(value: Any) -> bool | None:
    """Return a yes or no: a boolean, 0 or 1, or either as text."""
    if value is True or value is False or value is None:
        return value
    return _FLAGS.get(value.lower() if isinstance(value, str) else whole(value))


_FLAGS: dict[Any, bool] = {
    1: True,
    0: False,
    "true": True,
    "t": True,
    "1": True,
    "false": False,
    "f": False,
    "0": False,
}


def line(value: Any) -> str | None:
    """Return text of one line without control characters and surrounding white space, None when nothing is left."""
    if type(value) is str:
        if value.isprintable():
            return value.strip() or None
        return _CONTROLS.sub("", _BREAKS.sub(" ", value)).strip() or None
    return line(str(value)) if isinstance(value, str) else _digits(value)


def paragraphs(value: Any) -> str | None:
    """Return text that may have several lines, without other control characters; None when nothing is left."""
    if isinstance(value, str) and not value.isprintable():
        return _CONTROLS.sub("", value.replace("\r\n", "\n")).strip() or None
    return line(value)


def _digits(value: Any) -> str | None:
    number = None if value is None or isinstance(value, bool) else whole(value)
    return None if number is None else str(number)


_UTC = ("Z", "+00:00")


def moment(value: Any) -> str | None:
    """Return a date as RFC 3339 UTC in whole seconds, such as `2026-03-14T16:16:06Z`.

    Args:
        value: Date-time text in any offset (none means UTC), a bare date, or epoch milliseconds.
    """
    if not isinstance(value, str):
        return _epoch(value)
    try:
        instant = datetime.fromisoformat(value)
        if value[19:] in _UTC and value[4] == value[7] == "-" and value[10] == "T":
            return f"{value[:19]}Z"
        return _render(instant)
    except (ValueError, OverflowError):
        return _loose(value.strip())


def _render(instant: datetime) -> str:
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.replace(microsecond=0).isoformat() + "Z"


_LOOSE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?Z?", re.ASCII)


def _loose(text: str) -> str | None:
    if len(text) == _EPOCH_DIGITS and text.isascii() and text.isdigit():
        return _epoch(int(text))
    match = _LOOSE.fullmatch(text)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return _render(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _epoch(value: Any) -> str | None:
    milliseconds = whole(value) if isinstance(value, (int, float, Decimal)) else None
    if milliseconds is None or isinstance(value, bool):
        return None
    try:
        return _render(_EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return None


def record(value: Any) -> Record:
    """Return a related object; an array of one is that one; anything else is an empty object."""
    if type(value) is dict:
        return value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, Mapping) else EMPTY


def rows(value: Any) -> list[Any] | None:
    """Return an array, also one that arrives as JSON text; None when it is unknown."""
    if isinstance(value, (str, bytes)) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value] if isinstance(value, Mapping) else None


@lru_cache(maxsize=65_536)
def money(amount: int, currency: str) -> str:
    """Return an amount in major units as a decimal string.

    Args:
        amount: In the smallest unit of the currency.
        currency: ISO code; its minor units follow ISO 4217.
    """
    digits = MINOR_UNITS.get(currency, 2)
    if not digits:
        return str(amount)
    major, minor = divmod(abs(amount), 10**digits)
    return f"{'-' if amount < 0 else ''}{major}.{minor:0{digits}d}"


def cents_of(text: Any, currency: str) -> int | None:
    """Return a decimal string in major units as an amount in the smallest unit; the reverse of `money`."""
    try:
        return cents(Decimal(text).scaleb(MINOR_UNITS.get(currency, 2)))
    except (ArithmeticError, TypeError, ValueError):
        return None


_WITHOUT_MINOR_UNITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
MINOR_UNITS = {**dict.fromkeys(_WITHOUT_MINOR_UNITS.split(), 0), **dict.fromkeys(_WITH_THOUSANDTHS.split(), 3)}
"""Currencies whose smallest unit is not a hundredth (ISO 4217)."""
