"""What Shopify accepts in a definition; each refusal in its words (recorded live answers)."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cratejoy_sandbox.shopify.metafields.kinds import MEASUREMENTS, TYPES

Problem = tuple[list[str], str, str]
NAMES = (("namespace", "Namespace", 3, 255), ("key", "Key", 2, 64))
OLD = {"float", "integer", "json_string", "string", "list.boolean", "list.multi_line_text_field"}
DEFINABLE = tuple(kind for kind in TYPES if kind not in OLD)
"""Types that a definition may have; a metafield without one may also be of the old ones."""
TEXT_OPTIONS = {"min", "max", "regex", "choices"}
NUMBER_OPTIONS = {"min", "max", "choices"}
OPTIONS = {
    "single_line_text_field": TEXT_OPTIONS,
    "multi_line_text_field": {"min", "max", "regex"},
    "id": {"min", "max", "regex"},
    "number_integer": NUMBER_OPTIONS,
    "number_decimal": {*NUMBER_OPTIONS, "max_precision"},
    "date": {"min", "max"},
    "date_time": {"min", "max"},
    "rating": {"scale_min", "scale_max"},
    "url": {"allowed_domains"},
    "json": {"schema"},
    "color": set(),
    "boolean": set(),
    "money": set(),
}


def name_problems(sent: Mapping[str, Any], namespace: str) -> list[Problem]:
    """Namespace, key, name and description."""
    found: list[Problem] = []
    values = {"namespace": namespace, "key": sent["key"]}
    for field, label, least, most in NAMES:
        text = values[field]
        if len(text) < least:
            found.append(([field], f"{label} is too short (minimum is {least} characters)", "TOO_SHORT"))
        elif len(text) > most:
            found.append(([field], f"{label} is too long (maximum is {most} characters)", "TOO_LONG"))
        elif not re.fullmatch(r"[\w-]+", text, re.ASCII):
            found.append(([field], f"{label} contains one or more invalid characters.", "INVALID_CHARACTER"))
    return found + length_problems(sent)


def length_problems(sent: Mapping[str, Any]) -> list[Problem]:
    """Name and description that are too long."""
    return [
        ([field], f"{field.capitalize()} is too long (maximum is 255 characters)", "TOO_LONG")
        for field in ("name", "description")
        if len(sent.get(field) or "") > 255
    ]


def type_problems(kind: str) -> list[Problem]:
    """A type that is none."""
    if kind in DEFINABLE:
        return []
    valid = ", ".join(DEFINABLE)
    return [(["type"], f"Type name {kind} is not a valid type. Valid types are: {valid}.", "INCLUSION")]


def option_problems(kind: str, validations: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Validations that do not fit the type."""
    names = [item["name"] for item in validations]
    plain = kind.removeprefix("list.")
    if len(set(names)) < len(names):
        return [_option('Validations cannot contain duplicate "name" options.', "DUPLICATE_OPTION")]
    allowed = {*_allowed(plain), *({"list.min", "list.max"} if kind.startswith("list.") else set())}
    wrong = [name for name in names if name not in allowed]
    if wrong:
        text = f"contains an invalid value: '{wrong[0]}' isn't supported for {kind}."
        return [_option(f"Validations value for option {wrong[0]} {text}")]
    return _missing(plain, names) or _numbers(plain, {item["name"]: item["value"] for item in validations})


def _option(message: str, code: str = "INVALID_OPTION") -> Problem:
    return ["validations"], message, code


def _allowed(kind: str) -> set[str]:
    if kind in MEASUREMENTS:
        return {"min", "max"}
    if kind.endswith("_reference"):
        return {"metaobject_definition_id", "metaobject_definition_ids", "file_type_options"}
    return OPTIONS.get(kind, set())


def _missing(kind: str, names: Sequence[str]) -> list[Problem]:
    if kind == "rating":
        return [
            _option(f"Validations requires '{name}' to be provided.")
            for name in ("scale_max", "scale_min")
            if name not in names
        ]
    if kind == "metaobject_reference" and "metaobject_definition_id" not in names:
        return [_option("Validations require that you select a metaobject.")]
    return []


def _numbers(kind: str, values: Mapping[str, Any]) -> list[Problem]:
    if kind in MEASUREMENTS or kind in {"date", "date_time", "rating"} or not {"min", "max"} & set(values):
        return []
    decimal = kind == "number_decimal"
    limits = {}
    for name in ("min", "max"):
        if name in values:
            limits[name] = _number(str(values[name]), decimal=decimal)
            if limits[name] is None:
                what = "a decimal" if decimal else "an integer"
                return [_option(f"Validations value for option {name} must be {what}.")]
    if len(limits) == 2 and (limits["min"] or 0) > (limits["max"] or 0):
        return [_option("Validations contains an invalid value: 'min' must be less than 'max'.")]
    return []


def _number(text: str, *, decimal: bool) -> Decimal | None:
    if not decimal and not re.fullmatch(r"-?\d+", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
