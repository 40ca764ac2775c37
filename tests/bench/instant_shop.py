"""A shop where nothing takes time: it says yes to what the bulk lane asks and swallows what it uploads.

A bulk operation has ended when it is first looked at; its result file says that every line became a customer. It
writes its URL as the first line and ends when its standard input does.

    python -m tests.bench.instant_shop [FILE for what is uploaded]
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DOMAIN = "bench.myshopify.com"
_CHUNK = 1 << 20
_POINTS = 1_000_000
_COST = {
    "requestedQueryCost": 10,
    "actualQueryCost": 10,
    "throttleStatus": {"maximumAvailable": _POINTS, "currentlyAvailable": _POINTS, "restoreRate": _POINTS},
}
_RESULT = (
    b'{"data":{"customerCreate":{"customer":{"id":"gid://shopify/Customer/1%012d","customerId":{"value":"1%012d"}},'
    b'"userErrors":[]}},"__lineNumber":%9d}\n'
)
_LAST_PAGE = {"hasNextPage": False, "endCursor": None}
_FIXED: dict[str, dict[str, Any]] = {
    "Shop": {"shop": {"id": "gid://shopify/Shop/1", "myshopifyDomain": DOMAIN, "currencyCode": "USD"}},
    "AccessScopes": {
        "currentAppInstallation": {"accessScopes": [{"handle": "read_customers"}, {"handle": "write_customers"}]}
    },
    "Definitions": {"metafieldDefinitions": {"nodes": [], "pageInfo": _LAST_PAGE}},
    "BulkOperations": {"bulkOperations": {"nodes": [], "pageInfo": _LAST_PAGE}},
    "CustomerFind": {"customerByIdentifier": None},
}
_RESULT_BYTES = len(_RESULT % (0, 0, 0))


class InstantShop(ThreadingHTTPServer):
    """Counts the lines of each upload.

    Args:
        keep: Where to keep the lines, too; nowhere when absent.
    """

    daemon_threads = True

    def __init__(self, keep: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.numbers = itertools.count(1)
        self.lines: dict[str, int] = {}
        self.keep = keep
        self.keeping = threading.Lock()

    def answer(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data of one of the target's operations."""
        fixed = _FIXED.get(name)
        if fixed is not None:
            return fixed
        return {
            "DefinitionCreate": self._define,
            "StagedUploadsCreate": self._stage,
            "BulkRun": self._start,
            "BulkOperation": self._look,
            "CustomerCreate": self._create,
        }[name](variables)

    def _define(self, _: dict[str, Any]) -> dict[str, Any]:
        made = {"id": f"gid://shopify/MetafieldDefinition/{next(self.numbers)}"}
        return {"metafieldDefinitionCreate": {"createdDefinition": made, "userErrors": []}}

    def _stage(self, _: dict[str, Any]) -> dict[str, Any]:
        key = f"uploads/{next(self.numbers)}"
        target = {"url": f"{self.url}/{key}", "parameters": [{"name": "key", "value": key}]}
        return {"stagedUploadsCreate": {"stagedTargets": [target], "userErrors": []}}

    def _start(self, variables: dict[str, Any]) -> dict[str, Any]:
        number = variables["stagedUploadPath"].rpartition("/")[2]
        operation = {"id": f"gid://shopify/BulkOperation/{number}", "status": "CREATED"}
        return {"bulkOperationRunMutation": {"bulkOperation": operation, "userErrors": []}}

    def _look(self, variables: dict[str, Any]) -> dict[str, Any]:
        key = f"uploads/{variables['id'].rpartition('/')[2]}"
        lines = self.lines[key]
        state = {"status": "COMPLETED", "objectCount": str(lines), "fileSize": str(lines * _RESULT_BYTES)}
        return {"bulkOperation": {"id": variables["id"], "errorCode": None, "url": f"{self.url}/{key}", **state}}

    def _create(self, _: dict[str, Any]) -> dict[str, Any]:
        customer = {"id": f"gid://shopify/Customer/{next(self.numbers)}"}
        return {"customerCreate": {"customer": customer, "userErrors": []}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: InstantShop

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if self.path.startswith("/uploads/"):
            self.server.lines[self.path[1:]] = self._count(length)
            self._send(201, b"")
            return
        asked = json.loads(self.rfile.read(length))
        data = self.server.answer(asked["operationName"], asked["variables"])
        self._send(200, json.dumps({"data": data, "extensions": {"cost": _COST}}).encode())

    def do_GET(self) -> None:
        lines = self.server.lines[self.path[1:]]
        first = int(self.path.rpartition("/")[2]) * 1_000_000
        self.send_response(200)
        self.send_header("Content-Length", str(lines * _RESULT_BYTES))
        self.end_headers()
        for start in range(0, lines, 5000):
            numbers = range(start, min(start + 5000, lines))
            self.wfile.write(b"".join(_RESULT % (first + number, number, number) for number in numbers))

    def _count(self, length: int) -> int:
        """Read a multipart form; its own lines end with both marks, those of the file with one."""
        if self.server.keep:
            return self._kept(self.server.keep, self.rfile.read(length))
        lines = 0
        while length:
            chunk = self.rfile.read(min(length, _CHUNK))
            length -= len(chunk)
            lines += chunk.count(b"\n") - chunk.count(b"\r")
        return lines

    def _kept(self, keep: Path, form: bytes) -> int:
        lines = [line for line in form.splitlines() if line.startswith(b"{")]
        with self.server.keeping, keep.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)
        return len(lines)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Serve until standard input ends."""
    shop = InstantShop(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    sys.stdout.write(f"{shop.url}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
