"""Checks of a document: Shopify's own where its words or its errors differ, else the library's."""

from collections.abc import Iterator
from typing import Any

import graphql.validation as library
from graphql import (
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
    print_ast,
)
from graphql.validation import ValidationRule

from cratejoy_sandbox.shopify.gids import PATTERN


def error_path(ancestors: list[Any], *more: Any) -> list[Any]:
    """Where an error is, as Shopify tells it: the operation, response keys, argument names, list positions."""
    path: list[Any] = []
    for above, below in zip(ancestors, [*ancestors[1:], None], strict=True):
        if isinstance(above, OperationDefinitionNode):
            path.append(f"{above.operation.value} {above.name.value}" if above.name else above.operation.value)
        elif isinstance(above, FieldNode):
            path.append(above.alias.value if above.alias else above.name.value)
        elif isinstance(above, ArgumentNode | ObjectFieldNode):
            path.append(above.name.value)
        elif isinstance(above, list | tuple) and isinstance(below, ValueNode):
            path.append(above.index(below))
    return [*path, *more]


class Rule(ValidationRule):
    """A rule that reports with a path and a code."""

    def report(self, message: str, node: Any, path: list[Any], code: str, **extensions: Any) -> None:
        """Note an error."""
        error = GraphQLError(message, node, extensions={"code": code, **extensions}, path=path)
        self.report_error(error)


class Fields(Rule):
    """Fields exist; objects have selections."""

    def enter_field(self, node: FieldNode, *rest: Any) -> None:
        """Check one field."""
        parent, definition = self.context.get_parent_type(), self.context.get_field_def()
        name, path = node.name.value, error_path([*rest[3], node])
        if parent and not definition:
            message = f"Field '{name}' doesn't exist on type '{parent.name}'"
            self.report(message, node, path, "undefinedField", typeName=parent.name, fieldName=name)
        if not definition:
            return
        kind = get_named_type(definition.type)
        if hasattr(kind, "fields") and not node.selection_set:  # a union may go without, as seen live
            message = (
                f"Field must have selections (field '{name}' returns {kind.name} but has no selections. "
                f"Did you mean '{name} {{ ... }}'?)"
            )
            self.report(message, node, path, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)
        if is_leaf_type(kind) and node.selection_set:
            message = f"Selections can't be made on scalars (field '{name}' returns {kind.name} but has selections)"
            self.report(message, node, path, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)


class Arguments(Rule):
    """Arguments are known, and those that are required are there."""

    def enter_field(self, node: FieldNode, *rest: Any) -> None:
        """Check the arguments of one field."""
        definition = self.context.get_field_def()
        if not definition:
            return
        name, path = node.name.value, error_path([*rest[3], node])
        given = {argument.name.value: argument for argument in node.arguments or ()}
        for key, argument in given.items():
            if key not in definition.args:
                message = f"Field '{name}' doesn't accept argument '{key}'"
                extra = {"name": name, "typeName": "Field", "argumentName": key}
                self.report(message, argument, [*path, key], "argumentNotAccepted", **extra)
        missing = ", ".join(k for k, item in definition.args.items() if is_required_argument(item) and k not in given)
        if missing:
            message = f"Field '{name}' is missing required arguments: {missing}"
            extra = {"className": "Field", "name": name, "arguments": missing}
            self.report(message, node, path, "missingRequiredArguments", **extra)


class Values(Rule):
    """Literals fit the type of their argument or input field."""

    def enter_field(self, node: FieldNode, *rest: Any) -> None:
        """Check the literals of one field."""
        definition = self.context.get_field_def()
        path = error_path([*rest[3], node])
        for argument in node.arguments or ():
            item = definition.args.get(argument.name.value) if definition else None
            if item:
                name = argument.name.value
                holder = ("Field", node.name.value, name)
                self._value(argument.value, item.type, [*path, name], holder)

    def _value(self, value: ValueNode, kind: GraphQLInputType, path: list[Any], holder: tuple[str, str, str]) -> None:
        identifier = _wrong_id(value, kind)
        if identifier is not None:
            text = f"Invalid global id '{identifier}'"
            self.report(text, value, path, "argumentLiteralsIncompatible", typeName="CoercionError")
        elif not _fits(value, kind):
            sort, name, argument = holder
            text = f"Argument '{argument}' on {sort} '{name}' has an invalid value ({print_ast(value)})."
            extra = {"typeName": sort, "argumentName": argument}
            message = f"{text} Expected type '{kind}'."
            self.report(message, value, path, "argumentLiteralsIncompatible", **extra)
        else:
            for inner, named, steps in _objects(value, kind):
                self._object(inner, named, [*path, *steps])

    def _object(self, value: ObjectValueNode, kind: GraphQLInputObjectType, path: list[Any]) -> None:
        given = {item.name.value: item for item in value.fields or ()}
        for name, item in given.items():
            if name not in kind.fields:
                message = f"InputObject '{kind.name}' doesn't accept argument '{name}'"
                extra = {"name": kind.name, "typeName": "InputObject", "argumentName": name}
                self.report(message, item, [*path, name], "argumentNotAccepted", **extra)
            else:
                self._value(item.value, kind.fields[name].type, [*path, name], ("InputObject", kind.name, name))
        for name, wanted in kind.fields.items():
            if is_required_input_field(wanted) and name not in given:
                message = f"Argument '{name}' on InputObject '{kind.name}' is required. Expected type {wanted.type}"
                extra = {"argumentName": name, "argumentType": str(wanted.type), "inputObjectType": kind.name}
                self.report(message, value, [*path, name], "missingRequiredInputObjectAttribute", **extra)
        if kind.is_one_of and (len(given) != 1 or isinstance(next(iter(given.values())).value, NullValueNode)):
            message = f"`{kind.name}` is a OneOf type, so only one argument may be given (instead of {len(given)})"
            self.report(message, value, path, "invalidOneOfInputObject", inputObjectType=kind.name)


class VariablesUsed(Rule):
    """Declared variables are used; told after everything else, as Shopify does."""

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Check one operation."""
        used = {usage.node.name.value for usage in self.context.get_recursive_variable_usages(node)}
        name = node.name.value if node.name else f"anonymous {node.operation.value}"
        for definition in node.variable_definitions or ():
            key = definition.variable.name.value
            if key not in used:
                message = f"Variable ${key} is declared by {name} but not used"
                path = error_path([node])
                self.report(message, definition, path, "variableNotUsed", variableName=key)


def _objects(value: ValueNode, kind: Any) -> Iterator[tuple[ObjectValueNode, GraphQLInputObjectType, list[Any]]]:
    """Input objects directly in a literal, through lists."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        return
    if isinstance(value, ObjectValueNode):
        yield value, named, []
    elif isinstance(value, ListValueNode):
        for position, item in enumerate(value.values):
            for inner, inner_kind, steps in _objects(item, kind):
                yield inner, inner_kind, [position, *steps]


def _fits(value: ValueNode, kind: Any) -> bool:
    """Whether a literal can be of a type; what is inside input objects is not looked at."""
    if isinstance(value, VariableNode):
        return True
    if isinstance(kind, GraphQLNonNull):
        return not isinstance(value, NullValueNode) and _fits(value, kind.of_type)
    if isinstance(value, NullValueNode):
        return True
    if isinstance(kind, GraphQLList):
        values = value.values if isinstance(value, ListValueNode) else (value,)
        return all(_fits(item, kind.of_type) for item in values)
    if isinstance(kind, GraphQLEnumType):
        return isinstance(value, EnumValueNode) and value.value in kind.values
    if isinstance(kind, GraphQLInputObjectType):
        return isinstance(value, ObjectValueNode)
    return _scalar_fits(value, kind)


def _scalar_fits(value: ValueNode, kind: GraphQLScalarType) -> bool:
    try:
        kind.parse_literal(value, None)
    except (GraphQLError, ValueError, TypeError):
        return False
    return not isinstance(value, EnumValueNode) or kind.name == "JSON"


def _wrong_id(value: ValueNode, kind: Any) -> str | None:
    """Text of a literal that should be a global id and is none."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if getattr(inner, "name", None) != "ID" or not isinstance(value, StringValueNode):
        return None
    return None if PATTERN.fullmatch(value.value) else value.value


RULES = [
    library.KnownTypeNamesRule,
    library.FragmentsOnCompositeTypesRule,
    library.VariablesAreInputTypesRule,
    library.UniqueOperationNamesRule,
    library.LoneAnonymousOperationRule,
    library.UniqueFragmentNamesRule,
    library.KnownFragmentNamesRule,
    library.NoUnusedFragmentsRule,
    library.PossibleFragmentSpreadsRule,
    library.NoFragmentCyclesRule,
    library.UniqueVariableNamesRule,
    library.NoUndefinedVariablesRule,
    library.KnownDirectivesRule,
    library.UniqueArgumentNamesRule,
    library.VariablesInAllowedPositionRule,
    library.OverlappingFieldsCanBeMergedRule,
    library.UniqueInputFieldNamesRule,
    Fields,
    Arguments,
    Values,
]
