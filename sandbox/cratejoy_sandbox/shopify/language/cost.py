"""Points that a query asks for, by the rule that recorded live answers follow.

A mutation is 10 and its payload's own objects are free; another object is 1; a connection of N nodes of cost n
is 2 + k x n with k = max(1, floor(2 ln N)), once for `nodes` and once for `edges`; a count is 10.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from cratejoy_sandbox.shopify.language.documents import Document

FREE_FIELDS = {"pageInfo", "defaultAddress", "emailMarketingConsent", "smsMarketingConsent"}
FREE_TYPES = {"MoneyV2", "MoneyBag"}
DEAR_TYPES = {"StoreCreditAccount": 5}
MUTATION = 10
COUNT = 10
DEFAULT_PAGE = 10


def requested(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """Points of an operation; remembered by the page sizes that its variables give."""
    sizes = tuple(sorted((name, value) for name, value in variables.items() if type(value) is int))
    key = (id(operation), sizes)
    if key not in document.costs:
        document.costs[key] = Meter(schema, document, variables).operation(operation)
    return document.costs[key]


class Meter:
    """Adds up a document under given variables."""

    def __init__(self, schema: GraphQLSchema, document: Document, variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.document = document
        self.variables = variables

    def operation(self, operation: OperationDefinitionNode) -> int:
        """Points of the whole operation."""
        root = self.schema.get_root_type(operation.operation)
        fields = list(self._fields(operation.selection_set.selections, root))
        if operation.operation is OperationType.MUTATION:
            return sum(MUTATION + self._payload(node, kind) for node, kind in fields)
        return sum(self._field(node, kind) for node, kind in fields)

    def _payload(self, node: FieldNode, kind: Any) -> int:
        """What is selected below a payload's own objects."""
        total = 0
        for inner, inner_kind in self._below(node, kind):
            named = get_named_type(inner_kind)
            if inner.name.value == "stagedTargets" or (
                not is_leaf_type(named) and not inner.name.value.lower().endswith("usererrors")
            ):
                total += self._selection(inner, named)
        return total

    def _field(self, node: FieldNode, kind: Any) -> int:
        named, name = get_named_type(kind), node.name.value
        if is_leaf_type(named) or named.name in FREE_TYPES or name.lower().endswith("usererrors"):
            return 0
        if named.name == "Count":
            return COUNT
        if named.name.endswith("Connection"):
            return self._connection(node, named)
        return (0 if name in FREE_FIELDS else _object(named)) + self._selection(node, named)

    def _connection(self, node: FieldNode, kind: GraphQLNamedType) -> int:
        factor = max(1, math.floor(2 * math.log(max(1, self._page(node)))))
        nodes = 0
        for inner, inner_kind in self._below(node, kind):
            if inner.name.value == "nodes":
                nodes += _object(get_named_type(inner_kind)) + self._selection(inner, get_named_type(inner_kind))
            elif inner.name.value == "edges":
                nodes += sum(self._field(edge, edge_kind) for edge, edge_kind in self._below(inner, inner_kind))
        return 2 + factor * nodes

    def _page(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                value: Any = argument.value
                size = self.variables.get(value.name.value) if isinstance(value, VariableNode) else value.value
                if isinstance(size, int) or (isinstance(size, str) and size.isdecimal()):
                    return int(size)
        return DEFAULT_PAGE

    def _selection(self, node: FieldNode, kind: Any) -> int:
        return sum(self._field(inner, inner_kind) for inner, inner_kind in self._below(node, kind))

    def _below(self, node: FieldNode, kind: Any) -> list[tuple[FieldNode, Any]]:
        if not node.selection_set:
            return []
        return list(self._fields(node.selection_set.selections, get_named_type(kind)))

    def _fields(self, selections: Iterable[SelectionNode], kind: Any) -> Iterable[tuple[FieldNode, Any]]:
        """Fields with their types; the same response key counts once."""
        merged: dict[str, tuple[FieldNode, Any]] = {}
        for node, parent in self._flat(selections, kind):
            definition = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
            if definition:
                merged.setdefault(node.alias.value if node.alias else node.name.value, (node, definition.type))
        return merged.values()

    def _flat(self, selections: Iterable[SelectionNode], kind: Any) -> Iterable[tuple[FieldNode, Any]]:
        for node in selections:
            if isinstance(node, FieldNode):
                yield node, kind
            elif isinstance(node, InlineFragmentNode):
                inner = self.schema.get_type(node.type_condition.name.value) if node.type_condition else kind
                yield from self._flat(node.selection_set.selections, inner)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.document.fragments[node.name.value]
                inner = self.schema.get_type(fragment.type_condition.name.value)
                yield from self._flat(fragment.selection_set.selections, inner)


def _object(kind: GraphQLNamedType) -> int:
    return 1 + DEAR_TYPES.get(kind.name, 0)
