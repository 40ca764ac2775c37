"""Documents by their text: parsed and checked once, remembered for the next request."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    Lexer,
    OperationDefinitionNode,
    Source,
    TokenKind,
    parse,
    validate,
)

from cratejoy_sandbox.shopify.language.rules import RULES, VariablesUsed
from cratejoy_sandbox.shopify.language.words import in_shopify_words
from cratejoy_sandbox.shopify.schema import Schema

REMEMBERED = 2_000


@dataclass
class Document:
    """A text that is GraphQL, with what is wrong about it by the schema."""

    ast: DocumentNode
    operations: list[OperationDefinitionNode]
    fragments: dict[str, FragmentDefinitionNode]
    errors: list[GraphQLError] = field(default_factory=list)
    costs: dict[Any, int] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run; as a GraphQLError when the name does not decide."""
        if name:
            for operation in self.operations:
                if operation.name and operation.name.value == name:
                    return operation
            raise GraphQLError(f'No operation named "{name}"')
        if len(self.operations) != 1:
            raise GraphQLError("An operation name is required")
        return self.operations[0]


class Documents:
    """Documents of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._known: OrderedDict[str, Document] = OrderedDict()

    def read(self, text: str) -> Document:
        """The document of a text; a GraphQLError with code PARSE_ERROR when it is none."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._checked(text)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return known

    def _checked(self, text: str) -> Document:
        ast = parsed(text)
        operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
        document = Document(ast, operations, fragments)
        found = validate(self.schema.graphql, ast, RULES, max_errors=100)
        late = validate(self.schema.graphql, ast, [VariablesUsed], max_errors=100)
        document.errors = [in_shopify_words(error, self.schema) for error in (*found, *late)]
        return document


def parsed(text: str) -> DocumentNode:
    """Parse, or raise Shopify's PARSE_ERROR."""
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        raise _syntax_error(text, error) from None


def _syntax_error(text: str, error: GraphQLSyntaxError) -> GraphQLError:
    line, column = error.locations[0] if error.locations else (1, 1)
    what = error.message.removeprefix("Syntax Error: ")
    message = f"syntax error, {what[:1].lower()}{what[1:].rstrip('.')} at [{line}, {column}]"
    if "<EOF>" in what:
        line, column = _last_token(text)
        message = f"syntax error, unexpected end of file at [{line}, {column}]"
    wrong = GraphQLError(message, extensions={"code": "PARSE_ERROR"})
    wrong.locations = [type(error.locations[0])(line, column)] if error.locations else None
    return wrong


def _last_token(text: str) -> tuple[int, int]:
    """Where the last token begins, which is where Shopify says that the file ended too early."""
    lexer, last = Lexer(Source(text)), (1, 1)
    while lexer.advance().kind != TokenKind.EOF:
        last = (lexer.token.line, lexer.token.column)
    return last
