"""One raw record into one clean record: every property of the schema, one type each, nothing lost.

What the schema does not know, and what does not fit its property's type, is kept as sent in `_extra`. The inside of
nested objects is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tap_cratejoy import dates

Record = dict[str, Any]
Fit = Callable[[Any], Any]

EXTRA = "_extra"
_UNFIT: Any = object()
_ABSENT: Any = object()
_URL = re.compile(r"(?:https?://[^\s]+|/[^\s]*)")
_ID = re.compile(r"0|[1-9][0-9]{0,18}")
_TRAILING_ID = re.compile(r"/([0-9]{1,19})/?(?:[?#].*)?$")
_EXACT_FLOAT_INT = 2**53
_MAX_INT64 = 2**63 - 1


class RecordCleaner:
    """Turns raw records of one stream into records of its schema.

    Args:
        schema: The stream's JSON schema; its top-level properties decide.
        relations: Properties that hold one related object.
        enums: For enumerated properties, the documented name of each integer.
        aliases: Misspelt documented names, to the live one.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        relations: Sequence[str] = (),
        enums: Mapping[str, Mapping[int, str]] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        enums = enums or {}
        self._known = frozenset(name for name in schema["properties"] if name != EXTRA)
        self._plan = [
            (name, *_kind(name, spec, relations, enums)) for name, spec in schema["properties"].items() if name != EXTRA
        ]
        self._fits = {name: (plain, fit) for name, plain, fit in self._plan}
        self._derived = [(relation, f"{relation}_id") for relation in relations]
        self._aliases = dict(aliases or {})

    def clean(self, raw: Record) -> Record:
        """Return the record to emit.

        Args:
            raw: The record as parsed from the API; not changed.

        Returns:
            A new record in schema order, with `_extra` last. `id` is None when the raw one cannot be used.
        """
        record: Record = {}
        extra: Record = {}
        unknown = len(raw)
        for name, plain, fit in self._plan:
            value = raw.get(name, _ABSENT)
            if value is _ABSENT:
                record[name] = None
                continue
            unknown -= 1
            if value is None or type(value) is plain:
                record[name] = value
                continue
            fitted = fit(value)
            if fitted is _UNFIT:
                extra[name] = value
                fitted = None
            record[name] = fitted
        if unknown:
            self._keep_unknown(raw, record, extra)
        for relation, key in self._derived:
            if record[key] is None and (related := record[relation]) is not None:
                related_id = related.get("id")
                record[key] = related_id if type(related_id) is int else None
        record[EXTRA] = extra or None
        return record

    def _keep_unknown(self, raw: Record, record: Record, extra: Record) -> None:
        for name, value in raw.items():
            if name in self._known:
                continue
            extra[name] = value
            live = self._aliases.get(name)
            if live and record[live] is None and value is not None:
                plain, fit = self._fits[live]
                fitted = value if type(value) is plain else fit(value)
                record[live] = None if fitted is _UNFIT else fitted


def whole_id(value: Any) -> int | None:
    """Return an id as a whole number: one, or text or a float that says one; None for anything else."""
    if type(value) is int:
        return value
    fitted = _fit_id(value)
    return None if fitted is _UNFIT else fitted


def _kind(
    name: str, spec: Mapping[str, Any], relations: Sequence[str], enums: Mapping[str, Mapping[int, str]]
) -> tuple[type | None, Fit]:
    """Return the type that needs no look, and the function for all others."""
    if name == "id":
        return int, _fit_id
    if name in relations:
        return dict, _fit_relation
    if name in enums:
        return str, _fit_enum(enums[name])
    if spec.get("format") == "date-time":
        return None, _fit_date
    json_type = next(kind for kind in spec["type"] if kind != "null")
    if json_type == "array":
        return (None, _fit_objects) if spec.get("items") else (list, _no_fit)
    return _SIMPLE[json_type]


def _no_fit(_: Any) -> Any:
    return _UNFIT


def _fit_id(value: Any) -> Any:
    if isinstance(value, str) and _ID.fullmatch(value) and int(value) <= _MAX_INT64:
        return int(value)
    return _fit_integer(value)


def _fit_integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_FLOAT_INT:
        return int(value)
    return _UNFIT


def _fit_number(value: Any) -> Any:
    return value if type(value) in (int, float, Decimal) else _UNFIT


def _fit_date(value: Any) -> Any:
    return dates.normalize(value) or _UNFIT


def _fit_enum(names: Mapping[int, str]) -> Fit:
    def fit(value: Any) -> Any:
        return names.get(value, str(value)) if type(value) is int else _UNFIT

    return fit


def _fit_relation(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else _from_url(value)


def _fit_objects(value: Any) -> Any:
    if isinstance(value, list):
        objects = [item if isinstance(item, dict) else _from_url(item) for item in value]
        return _UNFIT if _UNFIT in objects else objects
    one = value if isinstance(value, dict) else _from_url(value)
    return _UNFIT if one is _UNFIT else [one]


def _from_url(value: Any) -> Any:
    """Return the object a URL stands for: `{"id": n, "url": "..."}`, with a null id where the URL names a list."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return _UNFIT
    match = _TRAILING_ID.search(value)
    number = int(match[1]) if match else None
    return {"id": number if number is None or number <= _MAX_INT64 else None, "url": value}


_SIMPLE: dict[str, tuple[type | None, Fit]] = {
    "integer": (int, _fit_integer),
    "number": (float, _fit_number),
    "boolean": (bool, _no_fit),
    "string": (str, _no_fit),
    "object": (dict, _no_fit),
}
