"""Variables against the types they are declared with; every problem at once, as Shopify lists them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    print_ast,
    type_from_ast,
)

from cratejoy_sandbox.shopify.gids import PATTERN

Problem = dict[str, Any]
MOST_ITEMS = 250
"""Items that an array may hold (limits page, and seen live); more is MAX_INPUT_SIZE_EXCEEDED."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
STAMP = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
LINK = re.compile(r"[a-zA-Z][\w+.-]*:.+|/.*|[\w.-]+\..+")


def check_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> list[GraphQLError]:
    """One INVALID_VARIABLE error for each variable that does not fit its declaration."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind: Any = type_from_ast(schema, definition.type)
        value = given.get(name, Undefined)
        if value is Undefined and definition.default_value is not None:
            continue
        problems = list(_problems(kind, None if value is Undefined else value, []))
        if problems:
            errors.append(_invalid(name, print_ast(definition.type), given.get(name), problems, definition))
    return errors


def check_sizes(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> GraphQLError | None:
    """The error for an array that is too long, wherever it is in the arguments of a root field."""
    roots: list[Any] = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    for root in roots:
        for argument in root.arguments or ():
            value = argument.value
            if value.kind == "variable" and value.name.value in given:
                found = _too_long(given[value.name.value], [root.name.value, argument.name.value])
                if found:
                    return found
    return None


def _invalid(name: str, kind: str, value: Any, problems: list[Problem], node: Any) -> GraphQLError:
    told = [
        f"{'.'.join(map(str, problem['path']))} ({problem['explanation']})" for problem in problems if problem["path"]
    ]
    where = f" for {', '.join(told)}" if told else ""
    message = f"Variable ${name} of type {kind} was provided invalid value{where}"
    extensions = {"code": "INVALID_VARIABLE", "value": value, "problems": problems}
    return GraphQLError(message, node, extensions=extensions)


def _problem(path: list[Any], explanation: str, *, told: bool = False) -> Problem:
    problem: Problem = {"path": path, "explanation": explanation}
    return {**problem, "message": explanation} if told else problem


def _problems(kind: Any, value: Any, path: list[Any]) -> Iterator[Problem]:
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield _problem(path, "Expected value to not be null")
            return
        kind = kind.of_type
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        for position, item in enumerate(value if isinstance(value, list) else [value]):
            inner = [*path, position] if isinstance(value, list) else path
            yield from _problems(kind.of_type, item, inner)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _object(kind, value, path)
    elif isinstance(kind, GraphQLEnumType):
        if not isinstance(value, str) or value not in kind.values:
            yield _problem(path, f"Expected {_quoted(value)} to be one of: {', '.join(kind.values)}")
    else:
        yield from _scalar(kind.name, value, path)


def _object(kind: GraphQLInputObjectType, value: Any, path: list[Any]) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _problem(path, f"Expected {_quoted(value)} to be a key-value object")
        return
    for name in value:
        if name not in kind.fields:
            yield _problem([*path, name], f"Field is not defined on {kind.name}")
    for name, item in kind.fields.items():
        if name in value or item.default_value is Undefined:
            yield from _problems(item.type, value.get(name), [*path, name])
    if kind.is_one_of and (len(value) != 1 or None in value.values()):
        yield _problem(path, f"'{kind.name}' requires exactly one argument, but {len(value)} were provided.")


def _scalar(name: str, value: Any, path: list[Any]) -> Iterator[Problem]:
    if name == "ID":
        text = str(value)
        if isinstance(value, bool | float | list | dict) or not PATTERN.fullmatch(text):
            yield _problem(path, f"Invalid global id '{text}'", told=True)
    elif name in SCALARS and not SCALARS[name](value):
        yield _problem(path, f"Could not coerce value {_quoted(value)} to {name}")


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _whole(value: Any) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31


def _text_like(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _number(value: Any) -> bool:
    return type(value) in {int, float} or (isinstance(value, str) and bool(NUMBER.fullmatch(value)))


SCALARS: dict[str, Any] = {
    "String": lambda value: isinstance(value, str),
    "HTML": lambda value: isinstance(value, str),
    "FormattedString": lambda value: isinstance(value, str),
    "Int": _whole,
    "Float": lambda value: type(value) in {int, float},
    "Boolean": lambda value: isinstance(value, bool),
    "Decimal": _number,
    "Money": _number,
    "UnsignedInt64": lambda value: (
        (isinstance(value, str) and value.isdecimal()) or (type(value) is int and value >= 0)
    ),
    "DateTime": _text_like(STAMP),
    "Date": _text_like(DAY),
    "URL": _text_like(LINK),
}


def _too_long(value: Any, path: list[Any]) -> GraphQLError | None:
    if isinstance(value, list) and len(value) > MOST_ITEMS:
        text = f"The input array size of {len(value)} is greater than the maximum allowed of {MOST_ITEMS}."
        return GraphQLError(text, path=path, extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"})
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, dict | list):
            found = _too_long(item, [*path, key])
            if found:
                return found
    return None
