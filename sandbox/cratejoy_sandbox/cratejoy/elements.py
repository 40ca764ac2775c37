"""Rows of the store into JSON objects, with the relations that the request wants, a query a relation."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson

from cratejoy_sandbox.cratejoy.resources import Relation, Resource, Shown
from cratejoy_sandbox.cratejoy.shapes import Link, Shape
from cratejoy_sandbox.cratejoy.sql import quoted, select
from cratejoy_sandbox.cratejoy.tables import columns

Element = dict[str, Any]
SQLRow = tuple[Any, ...]


class Wanted:
    """Which relations of a resource are embedded, and which show as a URL."""

    def __init__(self, embedded: Mapping[str, Relation], urls: Mapping[str, Relation]) -> None:
        self.embedded = embedded
        self.urls = urls
        self.links = {name: relation.link for name, relation in embedded.items() if relation.link}
        linked = [relation.link.here for relation in urls.values() if relation.link and not relation.is_list]
        self.here = tuple(sorted({*(link.here for link in self.links.values()), *linked}))


def wanted(resource: Resource, names: Iterable[str] | None) -> Wanted:
    """Relations by the names in `with`; None when the request has no `with` at all.

    A list replaces the default set; relations of that set which it leaves out show as URLs
    (Cratejoy docs, "Working with object relationships").
    """
    relations = resource.relations
    if names is None:
        embedded = {name: relation for name, relation in relations.items() if relation.shown is Shown.EMBEDDED}
    else:
        chosen = set(relations) if "all" in names else set(names)
        embedded = {name: relation for name, relation in relations.items() if name in chosen}
    urls = {
        name: relation
        for name, relation in relations.items()
        if relation.shown is not Shown.ABSENT and name not in embedded
    }
    return Wanted(embedded, urls)


@cache
def selected(shape: Shape, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Columns to read for a shape: those that show first, then those that only link."""
    nested = {link.here for link in shape.links.values()}
    return (*shape.names, *sorted((nested | set(extra) | {"id"}) - set(shape.names)))


@cache
def _conversions(shape: Shape) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    known = columns(shape.table)
    keys = tuple(shape.renames.get(name, name) for name in shape.names)
    booleans = tuple(key for key, name in zip(keys, shape.names, strict=True) if known[name].kind == "bool")
    documents = tuple(key for key, name in zip(keys, shape.names, strict=True) if known[name].kind == "json")
    return keys, booleans, documents


def elements(
    connection: sqlite3.Connection, shape: Shape, rows: list[SQLRow], wants: Wanted | None = None
) -> list[Element]:
    """Build the objects of rows that were read with the columns `selected`."""
    names = selected(shape, wants.here if wants else ())
    objects = [_plain(shape, row) for row in rows]
    for name, link in {**shape.links, **(wants.links if wants else {})}.items():
        keys = [row[names.index(link.here)] for row in rows]
        found = _related(connection, link, {key for key in keys if key is not None})
        for element, key in zip(objects, keys, strict=True):
            element[name] = found.get(key, [] if link.many else None)
    if wants:
        _add_empty_and_urls(objects, rows, names, (shape, wants))
    return objects


def _plain(shape: Shape, row: SQLRow) -> Element:
    keys, booleans, documents = _conversions(shape)
    element = dict(zip(keys, row, strict=False))
    for key in booleans:
        if element[key] is not None:
            element[key] = bool(element[key])
    for key in documents:
        if element[key] is not None:
            element[key] = orjson.loads(element[key])
    element.update(shape.fixed)
    if shape.type:
        element["type"] = shape.type
    if shape.url:
        element["url"] = f"/v1/{shape.url}/{element['id']}/"
    return element


def _related(connection: sqlite3.Connection, link: Link, keys: set[int]) -> dict[int, Any]:
    names = selected(link.shape, () if link.through else (link.there,))
    what = ", ".join(quoted(name, "r") for name in names)
    rows = connection.execute(_related_query(link, what), (json.dumps(sorted(keys)),)).fetchall() if keys else []
    position = len(names) if link.through else names.index(link.there)
    objects = elements_of_link(connection, link, names, rows)
    if not link.many:
        return {row[position]: element for row, element in zip(rows, objects, strict=True)}
    groups: dict[int, list[Element]] = defaultdict(list)
    for row, element in zip(rows, objects, strict=True):
        groups[row[position]].append(element)
    return groups


def elements_of_link(
    connection: sqlite3.Connection, link: Link, names: tuple[str, ...], rows: list[SQLRow]
) -> list[Element]:
    """Objects of related rows; their columns may hold more than the shape's own selection."""
    order = selected(link.shape, ())
    if names != order:
        places = [names.index(name) for name in order]
        rows = [tuple(row[place] for place in places) for row in rows]
    return elements(connection, link.shape, rows)


def _related_query(link: Link, what: str) -> str:
    keys = "IN (SELECT value FROM json_each(?))"
    if link.through is None:
        there = quoted(link.there, "r")
        return select(what, f"{link.shape.table} r", "WHERE", there, keys, f'ORDER BY {there}, r."id"')
    table, near, far = link.through
    joined = f"{table} l JOIN {link.shape.table} r ON r.id = {quoted(far, 'l')}"
    near = quoted(near, "l")
    return select(f"DISTINCT {what}, {near}", joined, "WHERE", near, keys, f'ORDER BY {near}, r."id"')


def _add_empty_and_urls(
    objects: list[Element], rows: list[SQLRow], names: tuple[str, ...], what: tuple[Shape, Wanted]
) -> None:
    shape, wants = what
    for name, relation in wants.embedded.items():
        if relation.link is None:
            for element in objects:
                element[name] = [] if relation.is_list else None
    for name, relation in wants.urls.items():
        for element, row in zip(objects, rows, strict=True):
            element[name] = _url(shape, name, relation, dict(zip(names, row, strict=True)))


def _url(shape: Shape, name: str, relation: Relation, row: Mapping[str, Any]) -> str | None:
    """A related list lives under its owner, a related object under its own plural."""
    if relation.link is None or relation.is_list:
        return f"/v1/{shape.table}/{row['id']}/{name}"
    key = row[relation.link.here]
    return None if key is None else f"/v1/{relation.link.shape.table}/{key}/"
