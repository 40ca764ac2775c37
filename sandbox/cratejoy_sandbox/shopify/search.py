"""Shopify's search language: `field:value` terms with AND, OR, NOT, quotes, comparisons and brackets, into SQL.

What a field means is up to the caller: a table from field to a function that gives SQL for an operator and a
value. A field that is not in the table is ignored and warned about, so that everything is found.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Condition = tuple[str, tuple[Any, ...]]
Meaning = Callable[[str, str], Condition]
"""From an operator (`=`, `<`, `<=`, `>`, `>=`) and a value to SQL with its parameters."""

TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<minus>-)(?=\S)|(?P<name>[A-Za-z_][\w.]*)\s*:\s*(?P<op>[<>]=?|=)?\s*
    (?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s()]+)|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s()]+))""",
    re.VERBOSE,
)
EVERYTHING: Condition = ("1", ())


@dataclass
class Found:
    """SQL of a query, and a warning for each field that was ignored."""

    condition: Condition
    warnings: list[dict[str, str]] = field(default_factory=list)


def understood(text: str, fields: Mapping[str, Meaning], default: Meaning) -> Found:
    """SQL for a query; words without a field mean what `default` says."""
    reader = Reader(text, fields, default)
    condition = reader.either() if reader.tokens else EVERYTHING
    return Found(condition, reader.warnings)


class Reader:
    """Reads a query from left to right."""

    def __init__(self, text: str, fields: Mapping[str, Meaning], default: Meaning) -> None:
        self.tokens = list(TOKEN.finditer(text))
        self.fields = fields
        self.default = default
        self.warnings: list[dict[str, str]] = []
        self.at = 0

    def either(self) -> Condition:
        """Terms joined by OR."""
        parts = [self.all_of()]
        while self._word("OR"):
            parts.append(self.all_of())
        return _joined(" OR ", parts)

    def all_of(self) -> Condition:
        """Terms joined by AND, or by nothing."""
        parts = []
        while self.at < len(self.tokens) and not self._sees("OR") and self.tokens[self.at]["bracket"] != ")":
            if not self._word("AND"):
                parts.append(self.term())
        return _joined(" AND ", parts) if parts else EVERYTHING

    def term(self) -> Condition:
        """One term, negated or in brackets."""
        if self._word("NOT") or self._minus():
            sql, values = self.term()
            return f"NOT ({sql})", values
        token = self.tokens[self.at]
        self.at += 1
        if token["bracket"] == "(":
            inner = self.either()
            self.at += 1
            return inner
        if token["name"] is None:
            return self.default("=", _plain(token["text"] or ""))
        meaning = self.fields.get(token["name"])
        if meaning is None:
            text = "Invalid search field for this query."
            self.warnings.append({"field": token["name"], "message": text, "code": "invalid_field"})
            return EVERYTHING
        return meaning(token["op"] or "=", _plain(token["value"]))

    def _sees(self, word: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at]["text"] == word

    def _word(self, word: str) -> bool:
        if self._sees(word):
            self.at += 1
            return self.at < len(self.tokens)
        return False

    def _minus(self) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at]["minus"]:
            self.at += 1
            return True
        return False


def _joined(word: str, parts: list[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    return f"({word.join(sql for sql, _ in parts)})", tuple(value for _, values in parts for value in values)


def _plain(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def column(sql: str, convert: Callable[[str], Any] = str) -> Meaning:
    """A field that is a column; `*` at the end of a value matches any rest, and alone anything at all."""

    def meaning(operator: str, value: str) -> Condition:
        if value == "*":
            return f"({sql} IS NOT NULL AND {sql} <> '')", ()
        if value.endswith("*") and operator == "=":
            return f"{sql} LIKE ?", (f"{value[:-1].replace('%', '')}%",)
        try:
            return f"{sql} {operator} ?", (convert(value),)
        except ValueError:
            return "0", ()

    return meaning
