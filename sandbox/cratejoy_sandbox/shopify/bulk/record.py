"""A bulk operation as it is stored, and how it is read.

A record holds the fields under their API names, and for the run: `done` (lines run, or null), `results` (lines of
result), `key` and `etag` of the uploaded file, `file` (name of the result file), `started` and `ended` (seconds since
1970), `faults` (options of those it met) and `cursor` (of a query).
"""

import time
from typing import Any
from urllib.parse import urlencode

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.gids import gid, number_of
from cratejoy_sandbox.shopify.registry import Args, Entity, field, node, tables
from cratejoy_sandbox.shopify.store import Store

KIND = "BulkOperation"
CREATED_LOOKS = 2
"""The answer that made an operation and the first poll see it CREATED."""
RESULT_LIVES = 604_800
"""Seconds of shop time that a result file can be fetched (Shopify's page on bulk imports)."""
tables(
    """
    CREATE TABLE IF NOT EXISTS bulk_open (id INTEGER PRIMARY KEY, type TEXT);
    CREATE TABLE IF NOT EXISTS bulk_results (
        operation INTEGER, place INTEGER, body BLOB, PRIMARY KEY (operation, place)) WITHOUT ROWID;
    """
)


def new_operation(call: Call, kind: str, text: str, **more: Any) -> Entity:
    """A stored operation that waits for its run."""
    operation: Entity = {
        "id": call.store.new_id(),
        "type": kind,
        "query": text,
        "status": "CREATED",
        "createdAt": call.clock.now(),
        **dict.fromkeys(("completedAt", "errorCode", "fileSize", "file", "started", "ended", "cursor")),
        "objectCount": 0,
        "rootObjectCount": 0,
        "done": 0,
        "results": 0,
        "exhausted": False,
        "version": call.version,
        "scopes": sorted(call.scopes),
        "faults": None,
        "made": time.time(),
        **more,
    }
    save(call.store, operation)
    call.store.execute("INSERT INTO bulk_open VALUES (?, ?)", (operation["id"], kind))
    return operation


def save(store: Store, operation: Entity) -> None:
    """Write an operation."""
    store.put(KIND, operation["id"], operation)


def open_operations(store: Store, kind: str | None = None) -> list[int]:
    """Numbers of operations that have not ended, oldest first."""
    sql = "SELECT id FROM bulk_open WHERE type = ? OR ? IS NULL ORDER BY id"
    return [row[0] for row in store.execute(sql, (kind, kind))]


def shop_seconds(clock: Clock, since: float) -> float:
    """Seconds of shop time since a moment; also across a restart."""
    return (time.time() - since) * clock.scale


def status(operation: Entity, clock: Clock) -> str:
    """The status now: a completed operation expires by itself."""
    if operation["status"] != "COMPLETED":
        return str(operation["status"])
    lives = (operation["faults"] or {}).get("bulk_expires", {}).get("seconds", RESULT_LIVES)
    return "EXPIRED" if shop_seconds(clock, operation["ended"]) >= lives else "COMPLETED"


@node(KIND)
def operation_node(call: Call, identifier: str) -> Entity | None:
    """An operation by global id; another type's id is an error."""
    number = number_of(identifier, KIND)
    if number is None:
        raise top_error(f"Invalid id: {identifier}", "RESOURCE_NOT_FOUND")
    return call.store.get(KIND, number)


@field(KIND, "id")
def operation_id(operation: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(KIND, operation["id"])


@field(KIND, "status")
def operation_status(operation: Entity, call: Call, _: Args) -> str:
    """Where it stands; the second poll of a new one finds it RUNNING (recorded), its first line perhaps to come."""
    now = status(operation, call.clock)
    looks = call.simulator.looks
    looks[operation["id"]] += 1
    held = "bulk_stays_created" in call.simulator.faults.values()
    return "RUNNING" if now == "CREATED" and looks[operation["id"]] > CREATED_LOOKS and not held else now


@field(KIND, "objectCount")
def object_count(operation: Entity, _: Call, __: Args) -> str:
    """Lines so far, as text."""
    return str(operation["objectCount"])


@field(KIND, "rootObjectCount")
def root_object_count(operation: Entity, _: Call, __: Args) -> str:
    """Lines so far that have no parent, as text."""
    return str(operation["rootObjectCount"])


@field(KIND, "fileSize")
def file_size(operation: Entity, _: Call, __: Args) -> str | None:
    """Bytes of the result, as text; null until the end."""
    size = operation["fileSize"]
    return None if size is None else str(size)


@field(KIND, "url")
def url(operation: Entity, call: Call, _: Args) -> str | None:
    """Where the result is, once completed; null when it is empty."""
    return _address(operation, call) if status(operation, call.clock) == "COMPLETED" else None


@field(KIND, "partialDataUrl")
def partial_data_url(operation: Entity, call: Call, _: Args) -> str | None:
    """Where the results of a failed operation are."""
    return _address(operation, call) if operation["status"] == "FAILED" else None


def _address(operation: Entity, call: Call) -> str | None:
    if not operation["file"]:
        return None
    asked = {"Expires": int(operation["ended"] + RESULT_LIVES), "response-content-type": "application/jsonl"}
    return f"{call.simulator.base_url}/results/{operation['file']}?{urlencode(asked)}"
