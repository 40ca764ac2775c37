"""Running a mutation once for each line of a file: in an order of its own, and never a line twice.

The order is drawn from the operation's number, so a restart goes on behind the last line that was stored; a line's
write and its result are stored in one transaction.
"""

import random
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from cratejoy_sandbox.cratejoy.faults.grammar import Visit
from cratejoy_sandbox.shopify.api import Answer, Unready, shown
from cratejoy_sandbox.shopify.bulk.documents import the_operation
from cratejoy_sandbox.shopify.bulk.record import shop_seconds
from cratejoy_sandbox.shopify.faults.bulk import LINE
from cratejoy_sandbox.shopify.faults.bulk import SWITCHES as BULK_SWITCHES
from cratejoy_sandbox.shopify.language.documents import parsed
from cratejoy_sandbox.shopify.registry import Entity

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

SLICE = 0.01
"""Seconds that a run takes before other work gets its turn."""
AT_LINES = {name for name, switch in BULK_SWITCHES.items() if switch.at == LINE}


class MutationRun:
    """The run of one operation in this process."""

    def __init__(self, simulator: "Simulator", operation: Entity, path: Path) -> None:
        self.simulator = simulator
        self.api = simulator.api(operation["version"])
        self.text: str = operation["query"]
        self.root = _root(self.text)
        self.file: BinaryIO = path.open("rb")
        self.starts = array("Q", _line_starts(path))
        self.order = array("L", range(len(self.starts)))
        random.Random(operation["id"]).shuffle(self.order)  # noqa: S311 - the same order after a restart
        self.begun = time.time()
        self.done_before: int = operation["done"]

    def run_slice(self, operation: Entity) -> bool:
        """Run some lines, inside a transaction; True when there are no more."""
        until = min(len(self.order), self._allowed(), operation["faults"].get("bulk_fails", {}).get("lines", 2**62))
        scopes = self._scopes(operation)
        faulty = not AT_LINES.isdisjoint(self.simulator.faults.values())
        results: list[bytes] = []
        end = time.monotonic() + SLICE
        while operation["done"] < until and time.monotonic() < end:
            results += self._line(self.order[operation["done"]], scopes, faulty=faulty)
            operation["done"] += 1
        self._keep(operation, results)
        return bool(operation["done"] >= len(self.order))

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _allowed(self) -> int:
        """How many lines may be done by now."""
        rate = self.simulator.settings.bulk_rate
        if not rate:
            return 2**62
        return self.done_before + int(shop_seconds(self.simulator.clock, self.begun) * rate)

    def _scopes(self, operation: Entity) -> frozenset[str]:
        lacking = self.simulator.faults.option("missing_scope", "bulk", "scope")
        return frozenset(operation["scopes"]) - {lacking}

    def _line(self, number: int, scopes: frozenset[str], *, faulty: bool) -> list[bytes]:
        """Run a line; its result, which faults may leave out or repeat."""
        hits = {}
        if faulty:
            hits = self.simulator.faults.hits(Visit("bulk", operations=[self.root], at=LINE))
        self.file.seek(self.starts[number])
        text = self.file.readline()
        answer = self._answer(text, scopes)
        if "line_executed_twice" in hits:
            second = self._answer(text, scopes)
            answer = second if hits["line_executed_twice"]["result"] == "second" else answer
        result = as_line({**answer, "__lineNumber": number})
        copies = 0 if "line_without_result" in hits else 2 if "line_result_doubled" in hits else 1
        return [result] * copies

    def _answer(self, text: bytes, scopes: frozenset[str]) -> Answer:
        try:
            variables = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return _failed(f"Invalid JSON: {error}")
        if not isinstance(variables, dict):
            return _failed("The line is not a JSON object.")
        try:
            request = self.api.prepare(self.text, variables)
        except Unready as unready:
            return {"errors": [shown(error) for error in unready.errors]}
        answer = self.api.run(request, scopes)
        if answer.get("errors") and not any((answer["data"] or {}).values()):
            return {"errors": answer["errors"]}
        return answer

    def _keep(self, operation: Entity, results: list[bytes]) -> None:
        first = operation["results"]
        rows = [(operation["id"], first + place, body) for place, body in enumerate(results)]
        self.simulator.store.connection.executemany("INSERT INTO bulk_results VALUES (?, ?, ?)", rows)
        operation["results"] = first + len(rows)
        operation["objectCount"] = operation["rootObjectCount"] = operation["done"]


def as_line(result: dict[str, Any]) -> bytes:
    """JSON as result files have it: slashes escaped, and a line's end."""
    return orjson.dumps(result).replace(b"/", b"\\/") + b"\n"


def _failed(message: str) -> Answer:
    return {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}


def _root(text: str) -> str:
    operation: Any = the_operation(parsed(text))
    return str(operation.selection_set.selections[0].name.value)


def _line_starts(path: Path) -> Iterator[int]:
    """Where each line begins; blank lines at the end do not count."""
    place, blank = 0, []
    with path.open("rb") as file:
        for line in file:
            blank.append(place)
            if not line.isspace():
                yield from blank
                blank = []
            place += len(line)
