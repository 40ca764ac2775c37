"""Running a bulk query: page by page, each page's lines and the cursor behind it stored together."""

import time
from typing import TYPE_CHECKING, Any

from cratejoy_sandbox.shopify.api import Unready
from cratejoy_sandbox.shopify.bulk.exports import lines, page_query
from cratejoy_sandbox.shopify.bulk.runs import as_line
from cratejoy_sandbox.shopify.paging import UNLIMITED
from cratejoy_sandbox.shopify.registry import Entity

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator


class QueryFailed(Exception):
    """A query that was refused while it ran; the code is the operation's errorCode."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class QueryRun:
    """The run of one export in this process."""

    def __init__(self, simulator: "Simulator", operation: Entity) -> None:
        self.simulator = simulator
        self.api = simulator.api(operation["version"])
        self.begun = time.time()

    def run_slice(self, operation: Entity) -> bool:
        """Export one page, inside a transaction; True when it was the last."""
        if operation["exhausted"]:
            return True
        data = self._page(operation)
        found = [value for value in data.values() if isinstance(value, dict) and "edges" in value]
        results = [line for value in found for line in lines(value)]
        if not operation["grouped"]:
            results.sort(key=lambda line: "__parentId" in line)  # children anywhere behind their parents
        self._keep(operation, results)
        info = found[0]["bulkPageInfo"] if found else {"hasNextPage": False}
        limit = operation["faults"].get("bulk_fails", {}).get("lines", 2**62)
        operation["cursor"] = info.get("endCursor")
        operation["exhausted"] = not info["hasNextPage"]
        return bool(operation["exhausted"] and operation["done"] < limit)

    def close(self) -> None:
        """Nothing is open."""

    def _page(self, operation: Entity) -> dict[str, Any]:
        text = page_query(self.api, operation["query"], operation["cursor"])
        try:
            request = self.api.prepare(text, None)
        except Unready as unready:
            raise QueryFailed("INTERNAL_SERVER_ERROR") from unready
        unlimited = UNLIMITED.set(True)
        try:
            answer = self.api.run(request, frozenset(operation["scopes"]))
        finally:
            UNLIMITED.reset(unlimited)
        if answer.get("errors"):
            denied = answer["errors"][0].get("extensions", {}).get("code") == "ACCESS_DENIED"
            raise QueryFailed("ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR")
        return dict(answer["data"])

    def _keep(self, operation: Entity, results: list[dict[str, Any]]) -> None:
        first = operation["results"]
        rows = [(operation["id"], first + place, as_line(line)) for place, line in enumerate(results)]
        self.simulator.store.connection.executemany("INSERT INTO bulk_results VALUES (?, ?, ?)", rows)
        operation["results"] = operation["done"] = operation["objectCount"] = first + len(rows)
        operation["rootObjectCount"] += sum("__parentId" not in line for line in results)
