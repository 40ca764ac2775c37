"""Result files over HTTP, whole or by Range."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cratejoy_sandbox.cratejoy.faults.grammar import Hits, Visit
from cratejoy_sandbox.shopify.app import ROUTES
from cratejoy_sandbox.shopify.bulk.record import KIND, RESULT_LIVES, status
from cratejoy_sandbox.shopify.bulk.storage import xml_error
from cratejoy_sandbox.shopify.faults.bulk import RESULT

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

CHUNK = 262_144
CODES = {403: "AccessDenied", 404: "NoSuchKey"}
SPAN = re.compile(r"bytes=(\d*)-(\d*)")


async def download(request: Request) -> Response:
    """A result file, until it expires."""
    simulator: Simulator = request.app.state.simulator
    hits = simulator.faults.hits(Visit("result", operations=["result"], at=RESULT))
    if "result_refused" in hits:
        refused = hits["result_refused"]["status"]
        return xml_error(CODES.get(refused, "InternalError"), "By request of the test.", refused)
    name = request.path_params["name"]
    operation = next((item for item in simulator.store.walk(KIND, reverse=True) if item["file"] == name), None)
    path = simulator.store.folder / name
    if operation is None or not path.exists():
        return xml_error("NoSuchKey", "The specified key does not exist.", 404)
    if _expired(simulator, operation):
        return xml_error("ExpiredToken", "The provided token has expired.", 400)
    asked = None if "result_without_range" in hits else request.headers.get("range")
    return _part(path, asked, hits)


ROUTES.append(Route("/results/{name}", download, methods=["GET", "HEAD"]))


def _expired(simulator: "Simulator", operation: dict[str, Any]) -> bool:
    late = time.time() - operation["ended"] > RESULT_LIVES / simulator.clock.scale
    return late or status(operation, simulator.clock) == "EXPIRED"


def _part(path: Path, asked: str | None, hits: Hits) -> Response:
    size = path.stat().st_size
    if hits.get("result_truncated", {}).get("how") == "whole":
        size //= 2
    span = _span(asked, size)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    return FilePart(path, span, size, hits)


def _span(asked: str | None, size: int) -> range | None:
    """Which bytes are asked for; all without a Range that can be read, None for one beyond the end."""
    match = SPAN.fullmatch(asked or "")
    if not match or match[0] == "bytes=-":
        return range(size)
    first, last = match[1], match[2]
    if not first:
        return range(max(0, size - int(last)), size)
    if int(first) >= size:
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


class FilePart(Response):
    """Some bytes of a file, as it was asked for or as a fault has it."""

    def __init__(self, path: Path, span: range, size: int, hits: Hits) -> None:
        whole = len(span) == size
        headers = {"Content-Length": str(len(span)), "Accept-Ranges": "bytes"}
        if not whole:
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
        super().__init__(None, 200 if whole else 206, headers, "application/jsonl")
        self.path = path
        self.span = span
        self.short = hits.get("result_truncated", {}).get("how") == "short"
        self.speed: int | None = hits.get("result_slow", {}).get("bytes_per_second")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it chunk by chunk."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "GET":
            for chunk in self._chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if self.speed:
                    await asyncio.sleep(len(chunk) / self.speed)
        await send({"type": "http.response.body", "body": b"", "more_body": self.short})

    def _chunks(self) -> Iterator[bytes]:
        left = len(self.span) // 2 if self.short else len(self.span)
        most = max(1, self.speed // 20) if self.speed else CHUNK
        with self.path.open("rb") as file:
            file.seek(self.span.start)
            while left > 0:
                chunk = file.read(min(most, left))
                left -= len(chunk)
                yield chunk
