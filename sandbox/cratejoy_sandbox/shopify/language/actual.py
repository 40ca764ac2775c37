"""Points that an answer really took: the rule of `cost.py` on what came back instead of on what was asked for."""

import math
from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_leaf_type,
)

from cratejoy_sandbox.shopify.language.cost import COUNT, FREE_FIELDS, FREE_TYPES, MUTATION, Meter
from cratejoy_sandbox.shopify.language.documents import Document

ITEMS = ("nodes", "edges")


def spent(
    schema: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    data: Mapping[str, Any] | None,
) -> int:
    """Points of an answer: nothing below what came back null; for a page what is on it, in full if that is nothing."""
    is_mutation = operation.operation is OperationType.MUTATION
    return Spent(schema, document, variables).root(operation, data or {}, mutation=is_mutation)


class Spent(Meter):
    """Adds up a document over an answer."""

    def root(self, operation: OperationDefinitionNode, data: Mapping[str, Any], *, mutation: bool) -> int:
        """Points of the whole answer."""
        kind = self.schema.get_root_type(operation.operation)
        total = 0
        for node, inner in self._fields(operation.selection_set.selections, kind):
            value = data.get(_key(node))
            total += MUTATION + self._in_payload(node, inner, value) if mutation else self._value(node, inner, value)
        return total

    def _in_payload(self, node: FieldNode, kind: Any, payload: Any) -> int:
        total = 0
        for inner, inner_kind in self._below(node, kind) if payload else ():
            if not is_leaf_type(get_named_type(inner_kind)) and not _is_errors(inner):
                total += self._inside(inner, inner_kind, payload.get(_key(inner)))
        return total

    def _value(self, node: FieldNode, kind: Any, value: Any) -> int:
        named = get_named_type(kind)
        if is_leaf_type(named) or named.name in FREE_TYPES or _is_errors(node):
            return 0
        if value is None:
            return 0 if node.name.value in FREE_FIELDS else 1
        if named.name == "Count":
            return COUNT
        if named.name.endswith("Connection"):
            return self._window(node, named, value)
        return (0 if node.name.value in FREE_FIELDS else 1) + self._inside(node, named, value)

    def _inside(self, node: FieldNode, kind: Any, value: Any) -> int:
        """Below an object; of a list only the dearest item, as the list counts as one object."""
        if isinstance(value, list):
            return max((self._inside(node, kind, item) for item in value), default=0)
        if not isinstance(value, Mapping):
            return 0
        return sum(self._value(inner, below, value.get(_key(inner))) for inner, below in self._below(node, kind))

    def _window(self, node: FieldNode, kind: Any, value: Mapping[str, Any]) -> int:
        if not any(value.get(_key(inner)) for inner, _ in self._below(node, kind) if inner.name.value in ITEMS):
            return self._connection(node, kind)
        nodes = size = 0
        for inner, inner_kind in self._below(node, kind):
            if inner.name.value in ITEMS:
                items = value.get(_key(inner)) or []
                size = max(size, len(items))
                below = self._inside(inner, get_named_type(inner_kind), items)
                nodes += below + (1 if inner.name.value == "nodes" and items else 0)
        factor = max(1, math.floor(2 * math.log(max(1, size))))
        return 2 + factor * nodes


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _is_errors(node: FieldNode) -> bool:
    return node.name.value.lower().endswith("usererrors")
