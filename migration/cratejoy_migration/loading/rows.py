"""Records into the values that COPY takes: pure, exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import simplejson
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy.types import TypeEngine

Record = dict[str, Any]
_encode = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"), ignore_nan=True).encode


def as_json(value: Any) -> str | None:
    """Return the JSON text of a value; None, which is SQL's null, stays None."""
    return None if value is None else _encode(value)


def as_text(value: Any) -> str | None:
    """Return a string as it is, and anything else as its JSON text."""
    return value if value is None or isinstance(value, str) else _encode(value)


def as_scalar(value: Any) -> Any:
    """Return numbers, booleans and strings as they are, for PostgreSQL to read or to refuse."""
    return _encode(value) if isinstance(value, (dict, list)) else value


def converter(sql_type: TypeEngine[Any]) -> Callable[[Any], Any]:
    """Return what makes a JSON value fit a column of this type."""
    if isinstance(sql_type, JSONB):
        return as_json
    return as_text if isinstance(sql_type, Text) else as_scalar


def first_with_nul(rows: Sequence[Record]) -> int | None:
    """Return the number, counted from 1, of the first row with a NUL in a text, which no column takes."""
    return next((number for number, row in enumerate(rows, 1) if any(map(_has_nul, row.values()))), None)


def _has_nul(value: Any) -> bool:
    return isinstance(value, str) and "\x00" in value


def latest_by_key(records: Iterable[Record], keys: Sequence[str]) -> list[Record]:
    """Return one record a key, the last one; all of them when there is no key."""
    if not keys:
        return list(records)
    if len(keys) == 1:
        (key,) = keys
        return list({record[key]: record for record in records}.values())
    return list({tuple(record[key] for key in keys): record for record in records}.values())
