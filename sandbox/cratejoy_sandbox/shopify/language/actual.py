"""Points that an answer really took: the rule of `cost.py` on what came back."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from cratejoy_sandbox.shopify.language.cost import MUTATION, requested
from cratejoy_sandbox.shopify.language.documents import Document


def spent(
    schema: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    data: Mapping[str, Any] | None,
) -> int:
    """Points of an answer: the requested ones, where parts came back null only what was looked at."""
    asked = requested(schema, document, operation, variables)
    if not data or any(value is None for value in data.values()):
        roots = len(data or {}) or 1
        return min(asked, roots * MUTATION if operation.operation.value == "mutation" else roots)
    return asked
