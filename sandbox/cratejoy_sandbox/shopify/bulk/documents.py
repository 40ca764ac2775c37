"""The mutation of a bulk operation: what Shopify checks of its text before it looks at the file (recorded order)."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from cratejoy_sandbox.shopify.api import Api
from cratejoy_sandbox.shopify.errors import NOT_HERE, refuse
from cratejoy_sandbox.shopify.language.documents import parsed

LONGEST = 65_535
"""Bytes that the text of a bulk operation may have (seen live)."""
NEVER = {"bulkOperationRunMutation", "bulkOperationRunQuery"}
"""The mutations that may not be run in bulk (Shopify's page on bulk imports)."""


def check_mutation(api: Api, text: str) -> None:
    """Refuse a text that cannot be run in bulk."""
    size = len(text.encode())
    if size > LONGEST:
        raise refuse(["query"], f"is too large ({size} bytes; maximum is {LONGEST} bytes)", "INVALID_MUTATION")
    try:
        document = parsed(text)
    except GraphQLError as error:
        raise refuse(None, f"Failed to parse the mutation - {error.message}", "INVALID_MUTATION") from None
    operation = the_operation(document)
    if operation is None or operation.operation.value != "mutation":
        text = "Invalid operation type. Only `mutation` operations are supported."
        raise refuse(None, text, "INVALID_MUTATION")
    _check_roots(api, operation)
    if len(list(connections(api.schema.graphql, document))) > 1:
        raise refuse(["mutation"], "Bulk mutations cannot contain more than 1 connection.")
    errors = [error for error in api.documents.read(text).errors if NOT_HERE not in error.message]
    if errors:
        raise refuse(["mutation"], f"Invalid mutation: {errors[0].message}", "INVALID_MUTATION")


def _check_roots(api: Api, operation: OperationDefinitionNode) -> None:
    roots = [root for root in operation.selection_set.selections if isinstance(root, FieldNode)]
    if len(roots) != 1 or len(roots) != len(operation.selection_set.selections):
        raise refuse(["mutation"], "You must specify a single top level mutation.")
    kind: Any = api.schema.graphql.mutation_type
    name = roots[0].name.value
    left_out = api.schema.left_out_roots.get("Mutation", frozenset())
    if name in NEVER or (name not in kind.fields and name not in left_out):
        raise refuse(["mutation"], "You must use an allowed mutation name.")


def the_operation(document: DocumentNode) -> OperationDefinitionNode | None:
    """The first operation of a document."""
    found = (item for item in document.definitions if isinstance(item, OperationDefinitionNode))
    return next(found, None)


def connections(schema: GraphQLSchema, document: DocumentNode) -> Iterator[FieldNode]:
    """Fields that return a connection, in order."""
    found: list[FieldNode] = []
    info = TypeInfo(schema)

    class Finder(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            kind = info.get_type()
            if kind and get_named_type(kind).name.endswith("Connection"):
                found.append(node)

    visit(document, TypeInfoVisitor(info, Finder()))
    return iter(found)
