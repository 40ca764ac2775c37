"""Proof that a reduced schema says nothing else than Shopify's: read back by a GraphQL library and compared.

The text is parsed anew, so that a mistake of the writer cannot hide in the comparison.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    ConstValueNode,
    DirectiveDefinitionNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    Node,
    StringValueNode,
    TypeDefinitionNode,
    parse,
    print_ast,
)

from cratejoy_sandbox.shopify.schema.roots import KEPT
from cratejoy_sandbox.shopify.schema.sdl import STANDARD, type_text

Facts = dict[str, Any]


def differences(sdl: str, schema: Mapping[str, Any]) -> list[str]:
    """One line for each fact of the text that the introspection does not have, and each it has beyond."""
    document = parse(sdl, no_location=True)
    written = {node.name.value: node for node in document.definitions if isinstance(node, TypeDefinitionNode)}
    theirs = {kind["name"]: kind for kind in schema["types"]}
    lines = [f"type {name} is not in the package" for name in written if name not in theirs]
    for name, node in written.items():
        if name in theirs:
            lines += [f"{name}: {line}" for line in _compare(_ours(node), _theirs(theirs[name]), name)]
    directives = {n.name.value: n for n in document.definitions if isinstance(n, DirectiveDefinitionNode)}
    return lines + list(_directives(directives, schema["directives"]))


def _compare(ours: Facts, theirs: Facts, name: str) -> Iterator[str]:
    if name in KEPT:
        theirs = {key: value for key, value in theirs.items() if key in ours}
    for key in sorted({*ours, *theirs}):
        if ours.get(key) != theirs.get(key):
            yield f"{key} is {ours.get(key)!r}, in the package {theirs.get(key)!r}"


def _directives(ours: Mapping[str, DirectiveDefinitionNode], theirs: list[Any]) -> Iterator[str]:
    for item in theirs:
        node = ours.get(item["name"])
        if item["name"] in STANDARD:
            continue
        if node is None:
            yield f"directive @{item['name']} is missing"
        elif [place.value for place in node.locations] != item["locations"] or _inputs_ours(
            node.arguments
        ) != _inputs_theirs(item["args"]):
            yield f"directive @{item['name']} differs"


def _ours(node: Any) -> Facts:
    kind = node.kind.removesuffix("_definition").removesuffix("_type")
    facts: Facts = {"kind": kind, "oneOf": any(d.name.value == "oneOf" for d in node.directives or ())}
    facts["interfaces"] = sorted(item.name.value for item in getattr(node, "interfaces", None) or ())
    if kind == "union":
        facts["members"] = sorted(item.name.value for item in node.types)
    for field in getattr(node, "fields", None) or ():
        facts[f"field {field.name.value}"] = _field_ours(field)
    for value in getattr(node, "values", None) or ():
        facts[f"value {value.name.value}"] = _reason(value)
    return facts


def _theirs(kind: Mapping[str, Any]) -> Facts:
    facts: Facts = {"kind": kind["kind"].lower(), "oneOf": bool(kind.get("isOneOf"))}
    facts["interfaces"] = sorted(item["name"] for item in kind["interfaces"] or [])
    if kind["kind"] == "UNION":
        facts["members"] = sorted(item["name"] for item in kind["possibleTypes"])
    for field in (*(kind["fields"] or ()), *(kind["inputFields"] or ())):
        facts[f"field {field['name']}"] = _field_theirs(field)
    for value in kind["enumValues"] or ():
        facts[f"value {value['name']}"] = value["deprecationReason"]
    return facts


def _field_ours(node: FieldDefinitionNode | InputValueDefinitionNode) -> Any:
    if isinstance(node, InputValueDefinitionNode):
        return _input_ours(node)
    return (print_ast(node.type), _reason(node), _inputs_ours(node.arguments))


def _field_theirs(field: Mapping[str, Any]) -> Any:
    if "args" not in field:
        return _input_theirs(field)
    return (type_text(field["type"]), field["deprecationReason"], _inputs_theirs(field["args"]))


def _inputs_ours(nodes: Any) -> dict[str, Any]:
    return {node.name.value: _input_ours(node) for node in nodes or ()}


def _inputs_theirs(items: Any) -> dict[str, Any]:
    return {item["name"]: _input_theirs(item) for item in items}


def _input_ours(node: InputValueDefinitionNode) -> Any:
    default: ConstValueNode | None = node.default_value
    return (print_ast(node.type), _value(print_ast(default)) if default else None, _reason(node))


def _input_theirs(item: Mapping[str, Any]) -> Any:
    default = item["defaultValue"]
    return (type_text(item["type"]), _value(default) if default is not None else None, item.get("deprecationReason"))


def _value(text: str) -> str:
    """A default value without the freedom of its spelling."""
    return "".join(text.split())


def _reason(node: Node) -> str | None:
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value == "deprecated":
            value = directive.arguments[0].value
            return value.value if isinstance(value, StringValueNode) else None
    return None
