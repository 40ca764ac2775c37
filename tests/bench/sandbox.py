"""The local Shopify: how it is started and watched, and its own speed, so that readers can tell who was the limit."""

from __future__ import annotations

import http.client
import json
import logging
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from tests.bench.bulk import carry
from tests.bench.programs import TOKEN, CannotMeasure, Child, Programs
from tests.bench.report import Row

_CONNECTIONS = 8
_UNLIMITED = ("--plan", "enterprise", "--time-scale", "1000")
NOTES = f"""\
- The sandbox's own speed is that of `sandbox shopify` with its clock a thousand times faster, so that neither points
  nor its waiting count; the customers are those of the direct lane. Single calls come over {_CONNECTIONS} connections
  from a bare HTTP client; a bulk operation lasts from the answer that started it to the one that says COMPLETED.
"""


@dataclass(frozen=True)
class Seen:
    """The sandbox at one moment: seconds of our clock, and its figures."""

    at: float
    points: float
    throttled: int
    requests: int
    cpu: float


class Sandbox:
    """A local Shopify that runs.

    Args:
        port: Where it listens.
        pid: Of its process.
    """

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._process = psutil.Process(pid)

    def look(self) -> Seen:
        """Return its figures now."""
        before = time.monotonic()
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats") as answer:
            told = json.load(answer)
        at = (before + time.monotonic()) / 2
        return Seen(at, told["points"], told["throttled"], told["requests"], cpu(self._process))


def cpu(process: psutil.Process) -> float:
    """Return the processor time of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def sandbox(programs: Programs, *options: str) -> Iterator[Sandbox]:
    """Run an empty shop while the block runs."""
    command = [
        *programs.program("sandbox"), "shopify", "--port", "0", "--shop", "bench", "--token", TOKEN,
        "--exit-with-parent", *options,
    ]  # fmt: skip
    with Child(command, stdout=subprocess.PIPE) as server:
        assert server.process.stdout is not None
        line = server.process.stdout.readline()
        if not line:
            server.end()
        yield Sandbox(json.loads(line)["port"], server.process.pid)


def measure(programs: Programs, customers: int) -> list[Row]:
    """Create so many customers one by one, then twice as many in a file."""
    variables = _variables(programs, 3 * customers)
    with sandbox(programs, *_UNLIMITED) as shop:
        single = _single_calls(shop, variables[:customers])
        bulk = _bulk_operation(programs, shop, variables[customers:])
    return [single, bulk]


def _variables(programs: Programs, count: int) -> list[bytes]:
    """Return what the target sends for so many customers: the lines of its files."""
    path = programs.folder / "sent.jsonl"
    carry(programs, count, 1, None, keep=path)
    lines = path.read_bytes().splitlines()
    path.unlink()
    return lines


def _single_calls(shop: Sandbox, variables: Sequence[bytes]) -> Row:
    from target_shopify import operations

    query = json.dumps(operations.operation("CustomerCreate").text).encode()
    bodies = iter([b'{"query":%s,"variables":%s}' % (query, line) for line in variables])
    lock, failed = threading.Lock(), []

    def converse() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", shop.port)
        headers = {"X-Shopify-Access-Token": TOKEN, "Content-Type": "application/json"}
        while True:
            with lock:
                body = next(bodies, None)
            if body is None:
                return
            connection.request("POST", "/admin/api/2026-07/graphql.json", body, headers)
            answer = connection.getresponse().read()
            if b'"userErrors":[]' not in answer:
                failed.append(answer)
                return

    threads = [threading.Thread(target=converse) for _ in range(_CONNECTIONS)]
    before = shop.look()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = shop.look()
    if failed:
        raise CannotMeasure(f"the sandbox answered {failed[0][:300]!r}")
    return _row("single calls", "mutations", len(variables), before, after)


def _bulk_operation(programs: Programs, shop: Sandbox, lines: Sequence[bytes]) -> Row:
    from target_shopify.client import ShopifyClient
    from target_shopify.lanes.operation import FINAL, BulkOperations
    from target_shopify.settings import CONFIG_SCHEMA, from_config

    defaults = {name: spec.get("default") for name, spec in CONFIG_SCHEMA["properties"].items()}
    settings = from_config({**defaults, "shop": "bench", "access_token": TOKEN, "api_url": shop.url})
    logger = logging.getLogger("bench")
    client = ShopifyClient(settings, logger)
    operations = BulkOperations(client, logger)
    path = programs.folder / "lines.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    gid = operations.start(path, "BulkCustomerCreate")
    before = shop.look()
    state: Any = {}
    while state.get("status") not in FINAL:
        time.sleep(0.05)
        state = operations.look(gid)
    after = shop.look()
    path.unlink()
    if (state["status"], int(state["objectCount"])) != ("COMPLETED", len(lines)):
        raise CannotMeasure(f"the bulk operation ended as {state}")
    return _row("a bulk operation", "lines", len(lines), before, after)


def _row(what: str, unit: str, count: int, before: Seen, after: Seen) -> Row:
    seconds, used = after.at - before.at, after.cpu - before.cpu
    return Row(
        f"sandbox, {what}",
        f"{count / seconds:,.0f} {unit}/s",
        f"{count:,} customers in {seconds:.1f} s; processor time {used:.1f} s, {1000 * used / count:.2f} ms each",
    )
