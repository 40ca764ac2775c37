"""Faults of the exchange itself: statuses, waiting, broken bodies, broken connections."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cratejoy_sandbox.cratejoy.connections import Client, Connections
from cratejoy_sandbox.cratejoy.faults.grammar import Hits, Visit

HTML = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
JSON_TYPE = "application/json"


class Dropped(Response):
    """Closes the connection instead of answering."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Abort, and give the server a moment to notice."""
        self.connections.abort(scope)
        await asyncio.sleep(0.01)


class Short(Response):
    """Promises a length and ends before it; the server closes the connection of an unfinished answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the head and half of the body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


async def interrupt(hits: Hits, visit: Visit, client: Client, connections: Connections) -> Response | None:
    """What comes instead of the answer; None when the answer may go on."""
    if "away" in hits and time.monotonic() < hits["away"]["since"] + hits["away"]["seconds"]:
        return Dropped(connections)
    if "latency" in hits:
        options = hits["latency"]
        await asyncio.sleep(options["seconds"] + options["per_page"] * (visit.page or 0))
    if "hang" in hits:
        await hang(hits["hang"]["seconds"], client, connections)
        return Dropped(connections)
    if "dropped" in hits:
        return Dropped(connections)
    return _refusal(hits)


async def hang(seconds: float, client: Client, connections: Connections) -> None:
    """Wait, but not longer than the client does."""
    end = time.monotonic() + seconds
    while client in connections.open and time.monotonic() < end:
        await asyncio.sleep(min(0.05, seconds))


def _refusal(hits: Hits) -> Response | None:
    if "rate_limited" in hits:
        return too_many(hits["rate_limited"])
    if "status" in hits:
        return _status(hits["status"]["status"], hits["status"]["body"])
    if "html" in hits:
        return Response(HTML, 200, media_type="text/html")
    return None


def answer(body: Any, hits: Hits) -> Response:
    """The answer as bytes, whole or broken off."""
    content = _bytes(body, hits)
    how = hits.get("truncated", {}).get("how")
    if how == "short":
        return Short(content, media_type=JSON_TYPE)
    return Response(content[: len(content) // 2] if how == "whole" else content, media_type=JSON_TYPE)


def _bytes(body: Any, hits: Hits) -> bytes:
    """JSON; half a surrogate pair needs an escape, which the standard library writes."""
    return json.dumps(body).encode() if "odd_text" in hits else orjson.dumps(body)


def too_many(options: dict[str, Any]) -> Response:
    """429, with Retry-After in one of its forms or without."""
    seconds = options["seconds"]
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    headers = {"seconds": {"Retry-After": str(seconds)}, "date": {"Retry-After": later}, "missing": {}}
    body = orjson.dumps({"errors": ["Too many requests"]})
    return Response(body, 429, headers[options["retry_after"]], JSON_TYPE)


def _status(status: int, body: str) -> Response:
    if body == "html":
        return Response(HTML, status, media_type="text/html")
    return Response(orjson.dumps({"errors": [f"Answer {status} by request of the test"]}), status, media_type=JSON_TYPE)
