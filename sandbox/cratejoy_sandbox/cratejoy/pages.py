"""One page of a collection: query parameters in, envelope out (Cratejoy docs, "Collections")."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from cratejoy_sandbox.cratejoy.elements import Element, Wanted, elements, selected, wanted
from cratejoy_sandbox.cratejoy.errors import bad_request
from cratejoy_sandbox.cratejoy.filters import Condition, conditions
from cratejoy_sandbox.cratejoy.resources import Resource
from cratejoy_sandbox.cratejoy.store import Store

DEFAULT_LIMIT = 10
Parameters = list[tuple[str, str]]
Envelope = dict[str, Any]


@dataclass(frozen=True)
class PageRules:
    """What differs between resources and can be switched: numbering and the largest page."""

    base: int
    max_limit: int
    clamp: bool = True


@dataclass(frozen=True)
class PageQuery:
    """A request for one page, understood."""

    resource: Resource
    page: int
    limit: int
    base: int
    wants: Wanted
    conditions: tuple[Condition, ...]
    carried: Parameters = field(default_factory=list)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - self.base) * self.limit


def rules_of(resource: Resource) -> PageRules:
    """The rules that hold when no switch is set."""
    return PageRules(resource.page_base, resource.max_limit)


def understand(
    resource: Resource, parameters: Parameters, rules: PageRules, within: Sequence[Condition] = ()
) -> PageQuery:
    """Read `page`, `limit`, `with` and the filters; anything unknown is a 400."""
    named = dict(parameters)
    page = _whole(named, "page", rules.base, rules.base)
    limit = _whole(named, "limit", DEFAULT_LIMIT, 1)
    if limit > rules.max_limit and not rules.clamp:
        raise bad_request(f"limit must not be above {rules.max_limit}")
    filters = [(name, value) for name, value in parameters if name not in {"page", "limit", "with"}]
    return PageQuery(
        resource,
        page,
        min(limit, rules.max_limit),
        rules.base,
        wants_of(resource, named.get("with")),
        (*within, *conditions(resource, filters)),
        [(name, value) for name, value in parameters if name != "page"],
    )


def wants_of(resource: Resource, text: str | None) -> Wanted:
    """Relations named by the `with` parameter; None when there is no such parameter."""
    names = None if text is None else [name.strip() for name in text.split(",") if name.strip()]
    for name in names or ():
        if name != "all" and name not in resource.relations:
            raise bad_request(f"Unknown relation '{name}'")
    return wanted(resource, names)


def read_ids(store: Store, query: PageQuery) -> list[int]:
    """Ids of the rows of a page, ascending."""
    return store.ids(query.resource.shape.table, query.conditions, query.offset, query.limit)


def read_elements(store: Store, query: PageQuery, ids: Sequence[int]) -> list[Element]:
    """The objects of these ids, in their order."""
    shape = query.resource.shape
    rows = store.rows(shape.table, selected(shape, query.wants.here), ids)
    return elements(store.connection(), shape, rows, query.wants)


def envelope(query: PageQuery, total: int, results: list[Element]) -> Envelope:
    """The object around a page; `next` and `prev` are relative and carry the other parameters."""
    has_next = query.offset + query.limit < total
    return {
        "count": total,
        "next": page_link(query, query.page + 1) if has_next else None,
        "prev": page_link(query, query.page - 1) if query.page > query.base else None,
        "results": results,
    }


def page_link(query: PageQuery, page: int) -> str:
    """`?page=2&limit=100&...`."""
    return "?" + urlencode([("page", page), *query.carried])


def without_filters(query: PageQuery) -> PageQuery:
    """The same page of everything."""
    return replace(query, conditions=())


def _whole(named: dict[str, str], name: str, default: int, lowest: int) -> int:
    text = named.get(name, str(default))
    if not text.lstrip("-").isdecimal() or int(text) < lowest:
        raise bad_request(f"Invalid value '{text}' for '{name}'")
    return int(text)
