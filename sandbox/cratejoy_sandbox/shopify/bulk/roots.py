"""The mutations and queries of bulk operations."""

import time
from typing import Any

from cratejoy_sandbox.cratejoy.faults.grammar import Visit
from cratejoy_sandbox.shopify.bulk.documents import check_mutation
from cratejoy_sandbox.shopify.bulk.exports import check_query
from cratejoy_sandbox.shopify.bulk.record import KIND, new_operation, open_operations, operation_node, save, status
from cratejoy_sandbox.shopify.bulk.searching import found_operations
from cratejoy_sandbox.shopify.bulk.targets import LARGEST
from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import refuse
from cratejoy_sandbox.shopify.faults.bulk import RUN
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.paging import check_page, connection
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation, query

AT_ONCE = 5
"""Operations of a type that an app may have open in a shop (API 2026-01 or later)."""
IDENTIFIER = (10, 255)
"""Characters that a clientIdentifier must and may have (seen live)."""
NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL "
    "correctly for the stagedUploadPath mutation argument."
)


@mutation("bulkOperationRunMutation")
def run_mutation(call: Call, args: Args) -> Payload:
    """Start running a mutation once for each line of an uploaded file."""
    _check_identifier(args.get("clientIdentifier"))
    check_mutation(call.simulator.api(call.version), args["mutation"])
    etag = _check_file(call, args["stagedUploadPath"])
    _check_room(call, "MUTATION")
    operation = new_operation(call, "MUTATION", args["mutation"], key=args["stagedUploadPath"], etag=etag)
    return Payload(bulkOperation=operation)


@mutation("bulkOperationRunQuery")
def run_query(call: Call, args: Args) -> Payload:
    """Start exporting what a query finds."""
    check_query(call.simulator.api(call.version), args["query"])
    _check_room(call, "QUERY")
    return Payload(bulkOperation=new_operation(call, "QUERY", args["query"], grouped=args["groupObjects"]))


@mutation("bulkOperationCancel")
def cancel(call: Call, args: Args) -> Payload:
    """Ask an operation to stop; what it has done stays."""
    operation = operation_node(call, args["id"])
    if operation is None:
        raise refuse(["id"], "Bulk operation does not exist")
    now = status(operation, call.clock)
    if now not in {"CREATED", "RUNNING", "CANCELING"}:
        text = f"A bulk operation cannot be canceled when it is {now.lower()}"
        return Payload(bulkOperation=operation, userErrors=[{"field": None, "message": text}])
    if now != "CANCELING":
        operation |= {"status": "CANCELING", "canceled": time.time()}
        save(call.store, operation)
    return Payload(bulkOperation=operation)


@query("bulkOperation")
def bulk_operation(call: Call, args: Args) -> Entity | None:
    """An operation by global id."""
    found: Entity | None = operation_node(call, args["id"])
    return found


@query("currentBulkOperation")
def current_bulk_operation(call: Call, args: Args) -> Entity | None:
    """The newest operation of a type."""
    kind = args.get("type") or "QUERY"
    found: Entity | None = next((item for item in call.store.walk(KIND, reverse=True) if item["type"] == kind), None)
    return found


@query("bulkOperations")
def bulk_operations(call: Call, args: Args) -> Any:
    """Operations that a search finds, the newest first; `reverse` puts the oldest first (seen live)."""
    check_page(args)
    found = found_operations(call, args.get("query"))
    order = "completedAt" if args.get("sortKey") == "COMPLETED_AT" else "createdAt"
    found.sort(key=lambda item: (item[order] or "", item["id"]), reverse=True)
    return connection(found, args)


def _check_identifier(text: str | None) -> None:
    least, most = IDENTIFIER
    if text is not None and len(text) < least:
        raise refuse(["clientIdentifier"], f"is too short (minimum is {least} characters)", "INVALID_MUTATION")
    if text is not None and len(text) > most:
        raise refuse(["clientIdentifier"], f"is too long (maximum is {most} characters)", "INVALID_MUTATION")


def _check_file(call: Call, path: str) -> str:
    """Checksum of the file at a path; refused when it is missing, empty or too large."""
    row = call.store.execute("SELECT file, size, etag FROM bulk_uploads WHERE key = ?", (path,)).fetchone()
    if row is None or row[0] is None:
        raise refuse(None, NO_FILE, "NO_SUCH_FILE")
    if not row[1]:
        raise refuse(None, "The input file is empty.", "INVALID_STAGED_UPLOAD_FILE")
    if row[1] > LARGEST:
        text = "The input file size exceeds the maximum allowed size of 100 MB."
        raise refuse(None, text, "INVALID_STAGED_UPLOAD_FILE")
    return str(row[2])


def _check_room(call: Call, kind: str) -> None:
    """Refuse the sixth operation of a type, or any by a fault."""
    running = open_operations(call.store, kind)
    hits = call.simulator.faults.hits(Visit("bulk", operations=[_runner(kind)], at=RUN))
    if len(running) >= AT_ONCE or "bulk_refused" in hits:
        named = ", ".join(gid(KIND, number) for number in running)
        code = hits.get("bulk_refused", {}).get("code", "OPERATION_IN_PROGRESS")
        text = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {named}."
        raise refuse(None, text, code)


def _runner(kind: str) -> str:
    return "bulkOperationRunMutation" if kind == "MUTATION" else "bulkOperationRunQuery"
