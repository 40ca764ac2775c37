"""What the GraphQL library finds wrong, said as Shopify says it; the texts not seen live follow graphql-ruby."""

import re

from graphql import GraphQLError, OperationDefinitionNode

from cratejoy_sandbox.shopify.errors import not_modelled
from cratejoy_sandbox.shopify.schema import Schema

WORDS: tuple[tuple[str, str, str], ...] = (
    (r"Unknown type '(\w+)'.*", r"No such type \1, so it can't be a fragment condition", "undefinedType"),
    (r"Unknown fragment '(\w+)'\.", r"Fragment \1 was used, but not defined", "useAndDefineFragment"),
    (r"Fragment '(\w+)' is never used\.", r"Fragment \1 was defined, but not used", "useAndDefineFragment"),
    (r"Unknown directive '@(\w+)'\.", r"Directive @\1 is not defined", "undefinedDirective"),
    (
        r"Variable '\$(\w+)' is not defined.*",
        r"Variable $\1 is used by {operation} but not declared",
        "variableNotDefined",
    ),
    (
        r"Variable '\$(\w+)' of type '(.+)' used in position expecting type '(.+)'\.",
        r"Type mismatch on variable $\1 and argument {argument} (\2 / \3)",
        "variableMismatch",
    ),
    (r"Fields '(\w+)' conflict because .*", r"Field '\1' has an argument conflict", "fieldConflict"),
    (r"There can be only one (.+)\.", r"There can be only one \1", "notUnique"),
)


def in_shopify_words(error: GraphQLError, schema: Schema) -> GraphQLError:
    """The same error with Shopify's text and code; what is only left out of our schema is said to be that."""
    extensions = error.extensions or {}
    if extensions.get("code") == "undefinedField" and _left_out(extensions, schema):
        return not_modelled(extensions["fieldName"])
    if extensions.get("code"):
        return error
    unknown = re.match(r"Unknown type '(\w+)'", error.message)
    if unknown and unknown[1] in schema.left_out_types:
        return not_modelled(unknown[1])
    for pattern, template, code in WORDS:
        match = re.fullmatch(pattern, error.message, re.DOTALL)
        if match:
            message = match.expand(template).format(operation=_operation(error), argument=_argument(error))
            return GraphQLError(message, error.nodes, extensions={"code": code})
    return error


def _left_out(extensions: dict[str, str], schema: Schema) -> bool:
    return extensions["fieldName"] in schema.left_out_roots.get(extensions["typeName"], ())


def _operation(error: GraphQLError) -> str:
    for node in error.nodes or ():
        if isinstance(node, OperationDefinitionNode):
            return node.name.value if node.name else f"anonymous {node.operation.value}"
    return "anonymous query"


def _argument(error: GraphQLError) -> str:
    """Name of the argument that a variable stands in, read from the text before it."""
    if not error.source or not error.positions:
        return ""
    before = error.source.body[: list(error.positions)[-1]]
    names = re.findall(r"(\w+)\s*:\s*[\[\s]*$", before)
    return names[-1] if names else ""
