"""Where resolvers announce themselves, so that a module of roots needs no entry anywhere else.

    @mutation("customerDelete")
    def customer_delete(call: Call, args: Args) -> Payload: ...

    @query("customer")
    def customer(call: Call, args: Args) -> Entity | None: ...

    @field("Customer", "displayName")
    def display_name(customer: Entity, call: Call, args: Args) -> str: ...

A field without a resolver is read from its parent dictionary by name; a name that is not in there is
answered as not modelled, except in a `Payload`, where it is null. A dictionary that stands for an abstract
type carries `__typename`. Modules are found in every package below this one.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.call import Call

Args = Mapping[str, Any]
Entity = dict[str, Any]
RootResolver = Callable[["Call", Args], Any]
FieldResolver = Callable[[Any, "Call", Args], Any]

ROOTS: dict[tuple[str, str], RootResolver] = {}
FIELDS: dict[tuple[str, str], FieldResolver] = {}
NODES: dict[str, Callable[["Call", str], Any]] = {}
TABLES: list[str] = []


class Payload(dict[str, Any]):
    """What a mutation answers: fields left out are null, and `userErrors` is empty unless given."""

    def __missing__(self, name: str) -> Any:
        return [] if name.endswith("rrors") else None


def mutation(name: str) -> Callable[[RootResolver], RootResolver]:
    """Resolve a mutation; it runs in a savepoint of its own."""
    return _root("Mutation", name)


def query(name: str) -> Callable[[RootResolver], RootResolver]:
    """Resolve a root query."""
    return _root("QueryRoot", name)


def field(kind: str, *names: str) -> Callable[[FieldResolver], FieldResolver]:
    """Resolve fields of an object type."""

    def announce(resolver: FieldResolver) -> FieldResolver:
        for name in names:
            FIELDS[kind, name] = resolver
        return resolver

    return announce


def node(kind: str) -> Callable[[Callable[["Call", str], Any]], Callable[["Call", str], Any]]:
    """Find an object by its whole global id, for `node` and `nodes`; returns None when it is not there."""

    def announce(finder: Callable[["Call", str], Any]) -> Callable[["Call", str], Any]:
        NODES[kind] = finder
        return finder

    return announce


def tables(sql: str) -> None:
    """Tables that a module keeps in the store's file: `CREATE ... IF NOT EXISTS` statements."""
    TABLES.append(sql)


def load_all() -> None:
    """Import every module below this package, but not the schema's tools."""
    package = importlib.import_module(__package__ or "")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".schema." not in found.name:
            importlib.import_module(found.name)


def _root(kind: str, name: str) -> Callable[[RootResolver], RootResolver]:
    def announce(resolver: RootResolver) -> RootResolver:
        ROOTS[kind, name] = resolver
        return resolver

    return announce
