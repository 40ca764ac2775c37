"""Faults in what a row says: odd dates, text, names, relations and nulls."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cratejoy_sandbox.cratejoy.elements import Element
from cratejoy_sandbox.cratejoy.faults.grammar import Hits
from cratejoy_sandbox.cratejoy.resources import Resource
from cratejoy_sandbox.cratejoy.tables import TABLES, columns
from cratejoy_sandbox.draws import draws

MISSPELT = {"transaction_fee": "transaction_fes", "tax_price": "tax_prices", "product_instance": "instance"}
UNREADABLE = ("", "0000-00-00", "soon")
TEXTS = frozenset(
    (
        "name",
        "first_name",
        "last_name",
        "note",
        "to",
        "street",
        "gift_message",
        "description",
        "referred_by",
        "code_used",
    )
)
ODD = {"nul": "\0", "surrogate": "\ud83d"}
EXTRA = {"loyalty_tier": "gold", "migrated_from": None, "experiments": {"checkout": ["b", 2, None]}}


def spoil(resource: Resource, rows: list[Element], hits: Hits) -> list[Element]:
    """Apply the faults that were met to copies of the rows."""
    for name, change in CHANGES.items():
        if name in hits:
            rows = [change(resource, row, hits[name]) for row in rows]
    return rows


def _deep(value: Any, change: Callable[[str, Any, Any], Any], owner: Any = None, key: str = "") -> Any:
    """Copy JSON, every leaf through `change(key, leaf, the object around it)`."""
    if isinstance(value, dict):
        return {name: _deep(item, change, value, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_deep(item, change, owner, key) for item in value]
    return change(key, value, owner)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 20 and value[10] == "T" and value[-1] == "Z"


def _draws(row: Element, options: dict[str, Any]) -> random.Random:
    """Draws that are the same at every read of a row."""
    return draws(f"{options['seed']}-{row.get('id')}")


def _epoch_dates(_: Resource, row: Element, __: dict[str, Any]) -> Element:
    def change(_key: str, value: Any, _owner: Any) -> Any:
        return int(datetime.fromisoformat(value).timestamp()) * 1000 if _is_date(value) else value

    copy: Element = _deep(row, change)
    return copy


def _enumerations() -> dict[tuple[str, str], dict[str, int]]:
    types = {
        "subscriptions": "subscription",
        "orders": "order",
        "transactions": "transaction",
        "shipments": "shipment",
    }
    return {
        (types[table], column.name): column.names
        for table in TABLES
        for column in columns(table).values()
        if column.names
    }


ENUMERATIONS = _enumerations()


def _integer_enums(resource: Resource, row: Element, _: dict[str, Any]) -> Element:
    def change(key: str, value: Any, owner: Any) -> Any:
        kind = owner.get("type", resource.shape.table.removesuffix("s"))
        return ENUMERATIONS.get((kind, key), {}).get(value, value) if isinstance(value, str) else value

    copy: Element = _deep(row, change)
    return copy


def _relations_as_urls(resource: Resource, row: Element, _: dict[str, Any]) -> Element:
    copy = dict(row)
    for name, relation in resource.relations.items():
        value = copy.get(name)
        if isinstance(value, list):
            copy[name] = f"/v1/{resource.shape.table}/{row['id']}/{name}"
        elif isinstance(value, dict) and relation.link and "id" in value:
            copy[name] = f"/v1/{relation.link.shape.table}/{value['id']}"
    return copy


def _relations_in_arrays(resource: Resource, row: Element, _: dict[str, Any]) -> Element:
    return {
        name: [value] if name in resource.relations and isinstance(value, dict) else value
        for name, value in row.items()
    }


def _nulls(_: Resource, row: Element, options: dict[str, Any]) -> Element:
    chance = _draws(row, options)
    return {name: None if chance.random() < options["share"] and name != "id" else value for name, value in row.items()}


def _extra_properties(_: Resource, row: Element, __: dict[str, Any]) -> Element:
    return {**row, **EXTRA}


def _misspelt(_: Resource, row: Element, __: dict[str, Any]) -> Element:
    return {MISSPELT.get(name, name): value for name, value in row.items()}


def _odd_text(_: Resource, row: Element, options: dict[str, Any]) -> Element:
    odd = ODD[options["kind"]]

    def change(key: str, value: Any, _owner: Any) -> Any:
        return f"{value[:2]}{odd}{value[2:]}" if key in TEXTS and isinstance(value, str) else value

    copy: Element = _deep(row, change)
    return copy


def _bad_dates(_: Resource, row: Element, options: dict[str, Any]) -> Element:
    chance = _draws(row, options)
    text = chance.choice(UNREADABLE) if options["text"] is None else options["text"]
    spoilt = chance.random() < options["share"]
    return {name: text if spoilt and _is_date(value) else value for name, value in row.items()}


CHANGES: dict[str, Callable[[Resource, Element, dict[str, Any]], Element]] = {
    "integer_enums": _integer_enums,
    "bad_dates": _bad_dates,
    "epoch_dates": _epoch_dates,
    "odd_text": _odd_text,
    "relations_as_urls": _relations_as_urls,
    "relations_in_arrays": _relations_in_arrays,
    "misspelt": _misspelt,
    "extra_properties": _extra_properties,
    "nulls": _nulls,
}
