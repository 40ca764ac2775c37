"""Result files of bulk operations: which line became which customer.

Platform fact (bulk imports page; recorded live answers): one JSON object a line in no order, `__lineNumber` counts the
input's lines from 0; a line may be missing, and an operation may leave lines without any result.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

_GID = re.compile(r"gid://shopify/Customer/(\d+)")
REFUSED = 1
"""In place of a customer's number: the line was answered with a refusal. No customer has this number."""


def created(path: Path, wanted: Sequence[int]) -> array[int]:
    """Return for each input line the number of its customer, `REFUSED`, or 0 for no answer.

    A customer counts only where it says itself that it is the one of that line: a line number alone would be taken
    from the file of another operation as well.

    Args:
        path: A result file; what cannot be read in it counts as no answer.
        wanted: The Cratejoy id of each line of the input file.
    """
    found = array("Q", bytes(8 * len(wanted)))
    for result in results(path):
        line = result.get("__lineNumber")
        if isinstance(line, int) and 0 <= line < len(wanted):
            found[line] = max(found[line], _answer(result, wanted[line]))
    return found


def results(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the readable lines of a result file."""
    with path.open("rb") as file:
        for line in file:
            try:
                result = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(result, dict):
                yield result


def pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (Cratejoy id, customer GID) of the customers a result file tells of."""
    for result in results(path):
        customer = _created(result)
        number = _named(customer) if customer else None
        if customer and number and customer.get("id"):
            yield number, str(customer["id"])


def gid(number: int) -> str:
    """Return the GID of a customer's number."""
    return f"gid://shopify/Customer/{number}"


def _created(result: dict[str, Any]) -> dict[str, Any] | None:
    data = result.get("data")
    payload = data.get("customerCreate") if isinstance(data, dict) else None
    customer = payload.get("customer") if isinstance(payload, dict) else None
    return customer if isinstance(customer, dict) else None


def _answer(result: dict[str, Any], wanted: int) -> int:
    customer = _created(result)
    match = _GID.match(str(customer.get("id"))) if customer else None
    if customer is None or match is None:
        return REFUSED
    return int(match[1]) if _named(customer) == str(wanted) else 0


def _named(customer: dict[str, Any]) -> str | None:
    """Return the Cratejoy id that a customer has in the shop."""
    value = (customer.get("customerId") or {}).get("value")
    return str(value) if value else None
