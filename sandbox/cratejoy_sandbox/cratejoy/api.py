"""Answers as JSON values: one page of a collection, one element, one page under an element."""

import itertools
from dataclasses import dataclass
from typing import Any

from cratejoy_sandbox.cratejoy.elements import Element, elements, selected
from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.cratejoy.faults.bodies import spoil
from cratejoy_sandbox.cratejoy.faults.churn import churn
from cratejoy_sandbox.cratejoy.faults.grammar import Hits
from cratejoy_sandbox.cratejoy.faults.paging import bend_envelope, bend_ids, bend_query, bend_rules
from cratejoy_sandbox.cratejoy.filters import Condition
from cratejoy_sandbox.cratejoy.pages import (
    Parameters,
    envelope,
    read_elements,
    rules_of,
    understand,
    wants_of,
)
from cratejoy_sandbox.cratejoy.resources import ELEMENTS_ONLY, RESOURCES, Resource, sub_resource
from cratejoy_sandbox.cratejoy.shapes import Link
from cratejoy_sandbox.cratejoy.sql import quoted, select
from cratejoy_sandbox.cratejoy.store import Store


@dataclass(frozen=True)
class Answer:
    """A body with the ids of the rows in it."""

    body: Any
    ids: list[int]


class Api:
    """The readable part of the merchant API over one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._numbers = itertools.count(1)

    def page(self, resource: Resource, parameters: Parameters, hits: Hits, *within: Condition) -> Answer:
        """One page of a collection."""
        rules = bend_rules(rules_of(resource), hits)
        query = bend_query(understand(resource, parameters, rules, within), hits)
        table = resource.shape.table
        total = self.store.count(table, query.conditions)
        ids = bend_ids(self.store, query, hits, next(self._numbers))
        rows = spoil(resource, read_elements(self.store, query, ids), hits)
        body = bend_envelope(query, envelope(query, total, rows), hits)
        churn(self.store, table, ids, hits)
        return Answer(body, ids)

    def element(self, name: str, number: int, parameters: Parameters, hits: Hits) -> Answer:
        """One element by id."""
        resource = ELEMENTS_ONLY.get(name) or RESOURCES[name]
        text = next((value for key, value in parameters if key == "with"), None)
        wants = wants_of(resource, text)
        shape = resource.shape
        rows = self.store.rows(shape.table, selected(shape, wants.here), [number])
        if not rows:
            raise ApiError(404, f"No {name} with id {number}")
        found = elements(self.store.connection(), shape, rows, wants)
        return Answer(spoil(resource, found, hits)[0], [number])

    def under(self, path: tuple[str, int, str], parameters: Parameters, hits: Hits) -> Answer:
        """What hangs on one element: a page of a list, or a single object such as its metadata."""
        name, number, relation_name = path
        resource = RESOURCES[name]
        self.element(name, number, [], {})
        relation = resource.relations.get("_md" if relation_name == "metadata" else relation_name)
        if relation is None or relation.link is None:
            raise ApiError(404, f"No {relation_name} for {name} {number}")
        if relation.is_list:
            within = _hanging_on(resource, relation.link, number)
            return self.page(sub_resource(resource, relation_name, relation.link), parameters, hits, within)
        wants = wants_of(resource, "_md" if relation_name == "metadata" else relation_name)
        rows = self.store.rows(resource.shape.table, selected(resource.shape, wants.here), [number])
        found = elements(self.store.connection(), resource.shape, rows, wants)[0]
        return self._object_under(resource, found, relation_name, hits)

    def _object_under(self, resource: Resource, owner: Element, relation: str, hits: Hits) -> Answer:
        value = owner["_md" if relation == "metadata" else relation]
        if value is None:
            raise ApiError(404, f"No {relation} for {resource.name} {owner['id']}")
        return Answer(spoil(resource, [value], hits)[0], [owner["id"]])


def _hanging_on(resource: Resource, link: Link, number: int) -> Condition:
    """The rows that a link reaches from one element."""
    if link.through:
        table, near, far = link.through
        inside = select(quoted(far), table, "WHERE", quoted(near), "= ?")
        return Condition(f't."id" IN ({inside})', (number,))
    owner = select(quoted(link.here), resource.shape.table, 'WHERE "id" = ?')
    return Condition(f"{quoted(link.there, 't')} = ({owner})", (number,))
