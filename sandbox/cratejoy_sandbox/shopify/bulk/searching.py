"""`bulkOperations(query:)`: searches by id, status, type and time (recorded live answers)."""

from typing import Any

import orjson

from cratejoy_sandbox.shopify.bulk.record import KIND
from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment, stamp
from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.registry import Entity
from cratejoy_sandbox.shopify.search import Condition, Meaning, column, understood

ACCEPTED = {
    "status": {"CANCELED", "CANCELING", "COMPLETED", "CREATED", "FAILED", "RUNNING"},
    "operation_type": {"MUTATION", "QUERY"},
}
"""Values that a field takes; another one, EXPIRED too, finds nothing and is warned about."""


def found_operations(call: Call, text: str | None) -> list[Entity]:
    """Operations that a search finds, newest first."""
    warnings: list[dict[str, str]] = []
    found = understood(text or "", _fields(warnings), _nothing)
    warnings += found.warnings
    if warnings:
        entry = {"path": ["bulkOperations"], "query": text, "parsed": _parsed(text or ""), "warnings": warnings}
        call.search_warnings.append(entry)
    condition, values = found.condition
    sql = f"SELECT doc FROM entities WHERE kind = ? AND ({condition}) ORDER BY id DESC"  # noqa: S608 - our own words
    return [orjson.loads(row[0]) for row in call.store.execute(sql, (KIND, *values))]


def _fields(warnings: list[dict[str, str]]) -> dict[str, Meaning]:
    return {
        "id": column("id", lambda text: int(text.rpartition("/")[2])),
        "status": _one_of("status", "status", warnings),
        "operation_type": _one_of("operation_type", "type", warnings),
        "created_at": _created,
    }


def _one_of(name: str, key: str, warnings: list[dict[str, str]]) -> Meaning:
    def meaning(_: str, value: str) -> Condition:
        if value.upper() in ACCEPTED[name]:
            return f"{_part(key)} = ?", (value.upper(),)
        text = f"Input `{value}` is not an accepted value."
        warnings.append({"field": name, "message": text, "code": "invalid_value"})
        return "0", ()

    return meaning


def _created(operator: str, value: str) -> Condition:
    when = moment(value)
    if when is None:
        raise top_error("Invalid timestamp for query filter `created_at`.", "BAD_REQUEST")
    return f"{_part('createdAt')} {operator} ?", (stamp(when),)


def _nothing(_: str, __: str) -> Condition:
    return "0", ()


def _part(key: str) -> str:
    return f"json_extract(CAST(doc AS TEXT), '$.{key}')"


def _parsed(text: str) -> dict[str, Any]:
    """How Shopify says that it read a query of one term."""
    name, _, value = text.partition(":")
    return {"field": name, "match_all": value}
