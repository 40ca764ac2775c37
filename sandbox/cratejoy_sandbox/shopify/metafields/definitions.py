"""Definitions of metafields: the record, how one is found, and the limits it puts on values."""

import json
import re
from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.metafields.values import Bad
from cratejoy_sandbox.shopify.registry import Entity, tables

KIND = "MetafieldDefinition"
tables(
    """
    CREATE TABLE IF NOT EXISTS metafield_definitions (
        owner_type TEXT, namespace TEXT, key TEXT, id INTEGER, PRIMARY KEY (owner_type, namespace, key)) WITHOUT ROWID;
    """
)


def definition_of(call: Call, owner_type: str, namespace: str, key: str) -> Entity | None:
    """The definition for a namespace and key."""
    sql = "SELECT id FROM metafield_definitions WHERE owner_type = ? AND namespace = ? AND key = ?"
    row = call.store.execute(sql, (owner_type, namespace, key)).fetchone()
    return call.store.get(KIND, row[0]) if row else None


def save_definition(call: Call, definition: Entity) -> None:
    """Write a definition, new or changed."""
    call.store.put(KIND, definition["id"], definition)
    where = (definition["ownerType"], definition["namespace"], definition["key"], definition["id"])
    call.store.execute("INSERT OR REPLACE INTO metafield_definitions VALUES (?, ?, ?, ?)", where)


def remove_definition(call: Call, definition: Entity) -> None:
    """Remove a definition, not its metafields."""
    call.store.remove(KIND, definition["id"])
    call.store.execute("DELETE FROM metafield_definitions WHERE id = ?", (definition["id"],))


def limits_broken(definition: Entity | None, kind: str, value: str) -> None:
    """Raise Bad when a value breaks its definition's validations."""
    options = {item["name"]: item["value"] for item in (definition or {}).get("validations") or ()}
    if not options:
        return
    if kind == "rating":
        _check_scale(options, value)
        return
    texts = [str(item) for item in json.loads(value)] if kind.startswith("list.") else [value]
    for text in texts:
        _check_limits(options, kind.removeprefix("list."), text)


def _check_limits(options: dict[str, Any], kind: str, value: str) -> None:
    text = kind in {"single_line_text_field", "multi_line_text_field", "id"}
    for name, word in (("min", "minimum"), ("max", "maximum")):
        if options.get(name) is not None and _beyond(name, options[name], kind, value):
            limit = _shown(kind, options[name])
            raise Bad(f"Value has a {word}{' length' if text else ''} of {limit}.")
    if "regex" in options and not re.search(options["regex"], value):
        raise Bad("Value is not the correct format.")
    if "choices" in options and value not in json.loads(options["choices"]):
        shown = ", ".join(f'"{choice}"' for choice in json.loads(options["choices"]))
        raise Bad(f"Value does not exist in provided choices: [{shown}].")


def _beyond(name: str, limit: str, kind: str, value: str) -> bool:
    if kind in {"number_integer", "number_decimal"}:
        number, edge = Decimal(value), Decimal(limit)
        return number < edge if name == "min" else number > edge
    if kind in {"date", "date_time"}:
        return value < limit if name == "min" else value[: len(limit)] > limit
    length = len(value)
    return length < int(limit) if name == "min" else length > int(limit)


def _shown(kind: str, limit: str) -> str:
    return f"{limit[:10]} {limit[11:19]} +0000" if kind == "date_time" else limit


def _check_scale(options: dict[str, Any], value: str) -> None:
    rating = json.loads(value)
    if any(str(rating[key]) != str(options[key]) for key in ("scale_min", "scale_max") if key in options):
        raise Bad("Value min and max on the rating value must be the same as the min and max on the definition.")
