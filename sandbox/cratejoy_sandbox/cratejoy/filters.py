"""`[relation.]property[__comparison]=value` into SQL conditions.

Cratejoy docs, "Filtering and searching": any property of the resource or of its first-level relations.
Enumerations are accepted as text and as the documented integer. What is not known raises a 400.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cratejoy_sandbox.cratejoy.errors import bad_request
from cratejoy_sandbox.cratejoy.resources import Resource
from cratejoy_sandbox.cratejoy.shapes import Link
from cratejoy_sandbox.cratejoy.sql import quoted, select
from cratejoy_sandbox.cratejoy.tables import Column, columns

OPERATORS = {"eq": "=", "ne": "IS NOT", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
COMPARISONS = (*OPERATORS, "like", "ilike", "in", "nin", "is_null")
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(?:Z|\+00:?00)?")
TRUE, FALSE = {"true", "1", "t", "yes"}, {"false", "0", "f", "no"}


@dataclass(frozen=True)
class Condition:
    """SQL text with its parameters."""

    sql: str
    values: tuple[Any, ...] = ()


def conditions(resource: Resource, parameters: list[tuple[str, str]]) -> list[Condition]:
    """Turn filter parameters into conditions on the alias `t` of the resource's table."""
    return [_condition(resource, name, value) for name, value in parameters]


def _condition(resource: Resource, name: str, value: str) -> Condition:
    path, _, comparison = name.partition("__")
    comparison = comparison or "eq"
    if comparison not in COMPARISONS:
        raise bad_request(f"Unknown comparison '{comparison}'")
    prefix, _, rest = path.partition(".")
    if rest:
        return _related(resource, (prefix, rest), comparison, value)
    wanted = resource.aliases.get(path, path)
    column = columns(resource.shape.table).get(wanted)
    if column is None:
        raise bad_request(f"Unknown property '{path}'")
    return _compare(quoted(column.name, "t"), column, comparison, value)


def _related(resource: Resource, path: tuple[str, str], comparison: str, value: str) -> Condition:
    name, rest = path
    relation = resource.relations.get(name)
    if relation is None or not relation.filterable:
        raise bad_request(f"Unknown property '{name}.{rest}'")
    link = relation.link
    if link is None:
        return Condition("0")
    inner = _inner(link, path, comparison, value)
    if link.through is None:
        query = select(quoted(link.there, "r"), f"{link.shape.table} r", "WHERE", inner.sql)
    else:
        table, near, far = link.through
        ids = select('r."id"', f"{link.shape.table} r", "WHERE", inner.sql)
        query = select(quoted(near), table, "WHERE", quoted(far), f"IN ({ids})")
    return Condition(f"{quoted(link.here, 't')} IN ({query})", inner.values)


def _inner(link: Link, path: tuple[str, str], comparison: str, value: str) -> Condition:
    name, rest = path
    column = columns(link.shape.table).get(rest)
    if column and column.kind != "json":
        return _compare(quoted(rest, "r"), column, comparison, value)
    if name == "_md":
        return _compare_json('r."data"', rest, comparison, value)
    raise bad_request(f"Unknown property '{name}.{rest}'")


def _compare_json(data: str, path: str, comparison: str, value: str) -> Condition:
    if not re.fullmatch(r"\w+(\.\w+)*", path):
        raise bad_request(f"Unknown property '_md.{path}'")
    kind = "float" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "str"
    return _compare(f"json_extract({data}, '$.{path}')", Column(path, kind, nullable=True), comparison, value)


def _compare(left: str, column: Column, comparison: str, value: str) -> Condition:
    if comparison == "is_null":
        return Condition(f"{left} IS NULL" if _boolean(column, value) else f"{left} IS NOT NULL")
    if comparison in {"in", "nin"}:
        return _membership(left, column, comparison, value)
    if comparison == "like":
        return Condition(f"{left} GLOB ?", (_glob(value),))
    if comparison == "ilike":
        return Condition(f"{left} LIKE ?", (value,))
    return Condition(f"{left} {OPERATORS[comparison]} ?", (_typed(column, value),))


def _membership(left: str, column: Column, comparison: str, value: str) -> Condition:
    values = tuple(_typed(column, item) for item in _items(value))
    marks = ", ".join("?" * len(values))
    return Condition(f"{left} {'NOT IN' if comparison == 'nin' else 'IN'} ({marks})", values)


def _items(value: str) -> list[str]:
    """A comma list, or the JSON array that version 1.1 takes for text."""
    if value.startswith("["):
        try:
            return [str(item) for item in json.loads(value)]
        except ValueError:
            raise bad_request(f"Invalid list '{value}'") from None
    return value.split(",")


def _glob(pattern: str) -> str:
    """SQL's LIKE ignores case, so case-sensitive patterns go through GLOB."""
    escaped = re.sub(r"([*?\[])", r"[\1]", pattern)
    return escaped.replace("%", "*").replace("_", "?")


def _typed(column: Column, value: str) -> Any:
    convert = CONVERSIONS.get(column.kind)
    return convert(column, value) if convert else value


def _invalid(column: Column, value: str) -> Exception:
    return bad_request(f"Invalid value '{value}' for property '{column.name}'")


def _number(column: Column, value: str) -> float | int:
    try:
        return int(value) if column.kind == "int" else float(value)
    except ValueError:
        raise _invalid(column, value) from None


def _boolean(column: Column, value: str) -> int:
    if value.lower() in TRUE | FALSE:
        return int(value.lower() in TRUE)
    raise _invalid(column, value)


def _name(column: Column, value: str) -> str:
    names = column.names or {}
    by_number = {str(number): name for name, number in names.items()}
    if value in by_number or value in names:
        return by_number.get(value, value)
    raise _invalid(column, value)


def _moment(column: Column, value: str) -> str:
    match = DATE.fullmatch(value.strip())
    if match is None:
        raise _invalid(column, value)
    year, month, day, hour, minute, second = (int(part) for part in match.groups(default="0"))
    try:
        when = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _invalid(column, value) from None
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


CONVERSIONS: dict[str, Callable[[Column, str], Any]] = {
    "int": _number,
    "float": _number,
    "bool": _boolean,
    "enum": _name,
    "moment": _moment,
}
