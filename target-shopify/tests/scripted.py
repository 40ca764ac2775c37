"""A server that gives the answers it was told to give, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COST = {
    "requestedQueryCost": 10, "actualQueryCost": 10,
    "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0},
}  # fmt: skip


@dataclass
class Answer:
    """One answer; without a status the connection closes."""

    status: int | None = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def data(value: Any, cost: dict[str, Any] | None = None) -> Answer:
    return Answer(body=json.dumps({"data": value, "extensions": {"cost": cost or COST}}))


def errors(*codes: str, value: Any = None) -> Answer:
    told = [{"message": "No.", "extensions": {"code": code}} for code in codes]
    return Answer(body=json.dumps({"data": value, "errors": told}))


@dataclass
class Scripted:
    """Answers in their order, the last one for ever."""

    url: str
    answers: list[Answer]
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def scripted(*answers: Answer) -> Iterator[Scripted]:
    """Run such a server for a while."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    script = Scripted(f"http://127.0.0.1:{server.server_port}", list(answers))
    server.script = script  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        script: Scripted = self.server.script  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        script.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
        if answer.status is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body.encode())), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *_: Any) -> None:
        pass
