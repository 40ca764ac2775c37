"""Introspection as schema text without descriptions, always in the same order."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

STANDARD = {"include", "skip", "deprecated", "specifiedBy", "oneOf"}


def printed(types: Mapping[str, Mapping[str, Any]], directives: Sequence[Mapping[str, Any]]) -> str:
    """The whole schema; directives that GraphQL itself defines are left to it."""
    own = [_directive(item) for item in directives if item["name"] not in STANDARD]
    schema = "schema {\n  query: QueryRoot\n  mutation: Mutation\n}"
    return "\n\n".join([schema, *own, *(KINDS[kind["kind"]](kind) for kind in types.values())]) + "\n"


def type_text(reference: Mapping[str, Any]) -> str:
    """A type reference such as `[String!]!`."""
    if reference["kind"] == "NON_NULL":
        return f"{type_text(reference['ofType'])}!"
    if reference["kind"] == "LIST":
        return f"[{type_text(reference['ofType'])}]"
    return str(reference["name"])


def _directive(item: Mapping[str, Any]) -> str:
    repeatable = " repeatable" if item.get("isRepeatable") else ""
    where = " | ".join(item["locations"])
    return f"directive @{item['name']}{_arguments(item['args'])}{repeatable} on {where}"


def _deprecated(item: Mapping[str, Any]) -> str:
    if not item.get("isDeprecated"):
        return ""
    return f" @deprecated(reason: {json.dumps(item['deprecationReason'], ensure_ascii=False)})"


def _input(item: Mapping[str, Any]) -> str:
    default = f" = {item['defaultValue']}" if item["defaultValue"] is not None else ""
    return f"{item['name']}: {type_text(item['type'])}{default}{_deprecated(item)}"


def _arguments(items: Sequence[Mapping[str, Any]]) -> str:
    return f"({', '.join(_input(item) for item in items)})" if items else ""


def _block(lines: Sequence[str]) -> str:
    return "{\n" + "".join(f"  {line}\n" for line in lines) + "}"


def _fields(kind: Mapping[str, Any]) -> str:
    word = {"OBJECT": "type", "INTERFACE": "interface"}[kind["kind"]]
    interfaces = " & ".join(item["name"] for item in kind["interfaces"] or [])
    lines = [f"{f['name']}{_arguments(f['args'])}: {type_text(f['type'])}{_deprecated(f)}" for f in kind["fields"]]
    return f"{word} {kind['name']}{f' implements {interfaces}' if interfaces else ''} {_block(lines)}"


def _input_object(kind: Mapping[str, Any]) -> str:
    one_of = " @oneOf" if kind.get("isOneOf") else ""
    return f"input {kind['name']}{one_of} {_block([_input(item) for item in kind['inputFields']])}"


def _enum(kind: Mapping[str, Any]) -> str:
    values = [f"{item['name']}{_deprecated(item)}" for item in kind["enumValues"]]
    return f"enum {kind['name']} {_block(values)}"


def _union(kind: Mapping[str, Any]) -> str:
    return f"union {kind['name']} = {' | '.join(item['name'] for item in kind['possibleTypes'])}"


def _scalar(kind: Mapping[str, Any]) -> str:
    url = kind.get("specifiedByURL")
    return f"scalar {kind['name']}{f' @specifiedBy(url: {json.dumps(url)})' if url else ''}"


KINDS = {
    "OBJECT": _fields,
    "INTERFACE": _fields,
    "INPUT_OBJECT": _input_object,
    "ENUM": _enum,
    "UNION": _union,
    "SCALAR": _scalar,
}
