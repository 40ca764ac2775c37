"""What a fault does to an exchange: before the request is executed, and to its answer."""

import asyncio
import time
from typing import Any

import orjson
from starlette.responses import Response

from cratejoy_sandbox.cratejoy.connections import Client, Connections
from cratejoy_sandbox.cratejoy.faults.answers import HTML, JSON_TYPE, Dropped, Short, hang
from cratejoy_sandbox.cratejoy.faults.answers import too_many as too_many_requests
from cratejoy_sandbox.cratejoy.faults.grammar import Hits

UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
SAID = {
    401: UNAUTHORIZED,
    402: "Unavailable Shop",
    403: "Forbidden",
    404: "Not Found",
    423: "Shop is locked. Contact support.",
    429: "Exceeded rate limit. Reduce request rates to resume uninterrupted service.",
    430: "Request rejected for security reasons.",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""Bodies of refusals; the texts of 401 and 404 are known, the others inferred from the page on response codes."""


async def before(hits: Hits, client: Client, connections: Connections) -> Response | None:
    """What comes instead of executing the request; None when it goes on."""
    if "away" in hits and time.monotonic() < hits["away"]["since"] + hits["away"]["seconds"]:
        return Dropped(connections)
    if "latency" in hits:
        await asyncio.sleep(hits["latency"]["seconds"])
    if "hang" in hits:
        await hang(hits["hang"]["seconds"], client, connections)
        return Dropped(connections)
    if "dropped" in hits:
        return Dropped(connections)
    if "revoked" in hits:
        return refusal(401)
    if "rate_limited" in hits:
        return too_many(hits["rate_limited"])
    return _status(hits, "before")


def after(answer: dict[str, Any], hits: Hits, connections: Connections) -> Response:
    """The answer to a request that was executed, or what comes in its place."""
    if "lost_answer" in hits:
        return Dropped(connections)
    if "html" in hits:
        return Response(HTML, 200, media_type="text/html")
    content = orjson.dumps(answer)
    how = hits.get("truncated", {}).get("how")
    if how == "short":
        return Short(content, media_type=JSON_TYPE)
    whole = content[: len(content) // 2] if how == "whole" else content
    return _status(hits, "after") or Response(whole, media_type=JSON_TYPE)


def refusal(status: int, body: str = "json") -> Response:
    """A status without GraphQL."""
    if body == "html":
        return Response(HTML, status, media_type="text/html")
    return Response(orjson.dumps({"errors": SAID.get(status, "Error")}), status, media_type=JSON_TYPE)


def too_many(options: dict[str, Any]) -> Response:
    """429, with Retry-After in one of its forms or without."""
    told = too_many_requests(options)
    headers = {"Retry-After": told.headers["Retry-After"]} if "Retry-After" in told.headers else None
    return Response(orjson.dumps({"errors": SAID[429]}), 429, headers, JSON_TYPE)


def _status(hits: Hits, when: str) -> Response | None:
    options = hits.get("status")
    return refusal(options["status"], options["body"]) if options and options["when"] == when else None
