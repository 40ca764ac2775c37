"""JSON in and out, fast where that is exact, exact where fast would not be.

orjson reads numbers as 64-bit integers or floats and refuses unpaired surrogates. Where a body holds a number that
would not survive that, or text that orjson refuses, the standard library reads it instead, with `Decimal` for what
does not fit; the encoder writes such numbers back digit by digit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import simplejson

_DIGITS = bytes(ord("0") if byte in b"0123456789." else ord(" ") for byte in range(256))
_LONG_RUN = b"0" * 16
_LONG_NUMBER = re.compile(rb"[:\[,\s-]\d[\d.]{15}")
_SUSPECT_TEXT = re.compile(rb"\\u(?:0000|[dD])")
_BREAKERS = re.compile("[\x00\ud800-\udfff]")
_MAX_INT64 = 2**63 - 1


def decode(body: bytes) -> tuple[Any, bool]:
    """Parse a JSON body.

    Args:
        body: UTF-8 bytes.

    Returns:
        The value, and whether its texts may hold NUL or unpaired surrogates.

    Raises:
        ValueError: The body is not JSON.
    """
    suspect = _SUSPECT_TEXT.search(body) is not None
    if not _has_long_number(body):
        try:
            return orjson.loads(body), suspect
        except orjson.JSONDecodeError:
            pass  # what orjson refuses may still be readable: surrogates, control characters, huge exponents
    return _decode_exactly(body), True


def encode(value: Any) -> bytes:
    """Return a value as compact UTF-8 JSON; `Decimal` keeps all its digits."""
    try:
        return orjson.dumps(value, default=_number)
    except TypeError:  # nested deeper than orjson goes
        text = simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"), default=_moment)
        return text.encode()


def scrub(value: Any) -> tuple[Any, int]:
    """Remove what Postgres cannot store from all texts at any depth, keys included.

    Args:
        value: Any parsed JSON value.

    Returns:
        The value without NUL and unpaired surrogates, and how many characters were removed.
    """
    if isinstance(value, str):
        return _BREAKERS.subn("", value)
    if isinstance(value, list):
        items, counts = _scrub_all(value)
        return items, counts
    if isinstance(value, dict):
        keys, in_keys = _scrub_all(value)
        values, in_values = _scrub_all(value.values())
        if in_keys:
            keys = _told_apart(value, keys)
        return dict(zip(keys, values, strict=True)), in_keys + in_values
    return value, 0


def _told_apart(raw: Iterable[str], scrubbed: list[str]) -> list[str]:
    """Return scrubbed keys, those that became equal to another one marked by `_`, so that no value is lost."""
    pairs = list(zip(raw, scrubbed, strict=True))
    taken = {key for before, key in pairs if before == key}
    told = []
    for before, key in pairs:
        name = key
        while before != key and name in taken:
            name += "_"
        taken.add(name)
        told.append(name)
    return told


def _scrub_all(values: Any) -> tuple[list[Any], int]:
    pairs = [scrub(value) for value in values]
    return [value for value, _ in pairs], sum(count for _, count in pairs)


def _has_long_number(body: bytes) -> bool:
    # The translation finds any long run of digits at memory speed; texts such as tracking numbers are told apart after.
    return _LONG_RUN in body.translate(_DIGITS) and _LONG_NUMBER.search(body) is not None


def _decode_exactly(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8-sig", "surrogatepass"),
            strict=False,
            parse_float=_exact_float,
            parse_int=_exact_int,
            parse_constant=_no_constant,
        )
    except (RecursionError, ArithmeticError) as error:
        raise ValueError(f"the JSON is beyond reading ({type(error).__name__})") from None


def _exact_float(digits: str) -> float | Decimal:
    value = float(digits)
    exact = Decimal(digits)
    return value if Decimal(repr(value)) == exact else exact


def _exact_int(digits: str) -> int | Decimal:
    if len(digits) < 19:
        return int(digits)
    exact = Decimal(digits)
    return int(exact) if abs(exact) <= _MAX_INT64 else exact


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _moment(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return value.isoformat()


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")
