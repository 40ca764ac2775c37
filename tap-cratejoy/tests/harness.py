"""Starting the sandbox, asking it what it holds, and running the tap against it as its users do."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
from tap_cratejoy import cli

BIN = Path(sys.executable).parent
CLIENT_ID, CLIENT_SECRET = "sandbox", "sandbox-secret"
TODAY = "2026-06-30"


@dataclass
class Sandbox:
    """A running sandbox.

    Attributes:
        port: Where it listens on loopback.
    """

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def reset(self) -> None:
        requests.delete(f"{self._control}/faults", timeout=10)
        requests.delete(f"{self._control}/stats", timeout=10)

    def fault(self, **faults: Any) -> None:
        answer = requests.put(f"{self._control}/faults", json=faults, timeout=10)
        assert answer.status_code == 200, answer.text

    def stats(self) -> dict[str, Any]:
        return requests.get(f"{self._control}/stats", timeout=10).json()

    def ids(self, resource: str) -> list[int]:
        return [int(line) for line in requests.get(f"{self._control}/ids/{resource}", timeout=10).text.split()]

    def rows(self, resource: str, **params: str) -> list[dict[str, Any]]:
        """Return all rows as the API gives them with no fault on."""
        rows: list[dict[str, Any]] = []
        page = 1 if resource == "shipments" else 0
        while True:
            answer = requests.get(
                f"{self.url}/{resource}/",
                params={"limit": "500", "page": str(page), **params},
                auth=(CLIENT_ID, CLIENT_SECRET),
                timeout=30,
            ).json()
            rows.extend(answer["results"])
            page += 1
            if not answer["next"]:
                return rows

    def change(self, resource: str, **changes: Any) -> Any:
        answer = requests.post(f"{self._control}/rows/{resource}", json=changes, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def _control(self) -> str:
        return f"http://127.0.0.1:{self.port}/_sandbox"


@contextmanager
def start_sandbox(data: Path, *, customers: int = 60, seed: int = 11) -> Iterator[Sandbox]:
    """Serve a small store until the block ends."""
    process = subprocess.Popen(
        [
            BIN / "sandbox", "cratejoy", "--customers", str(customers), "--seed", str(seed), "--today", TODAY,
            "--data", str(data), "--port", "0", "--exit-with-parent",
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Sandbox(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@dataclass
class Result:
    """What one run of the tap brought."""

    status: int
    stderr: str
    messages: list[dict[str, Any]] = field(repr=False)
    lines: list[bytes] = field(repr=False, default_factory=list)

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"])
        return found

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1]

    def bookmark(self, stream: str) -> dict[str, Any]:
        return self.state["bookmarks"][stream]

    def ids(self, stream: str) -> set[int]:
        return {record["id"] for record in self.records[stream]}


def settings(sandbox: Sandbox | None = None, **others: Any) -> dict[str, Any]:
    """Return settings for quick tests: no ceiling, short retries."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "api_url": sandbox.url if sandbox else "http://127.0.0.1:1/v1",
        "requests_per_second": 0,
        "page_size": 10,
        "request_timeout": 3,
        "max_retries": 3,
        **others,
    }


def select(*streams: str, deselect: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return a catalog in which only these streams are selected."""
    catalog: dict[str, Any] = json.loads(_discovered())
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
            elif entry["breadcrumb"][-1] in (deselect or {}).get(stream["tap_stream_id"], []):
                entry["metadata"]["selected"] = False
    return catalog


@cache
def _discovered() -> str:
    """Return what the tap offers, which is always the same."""
    line = [BIN / "tap-cratejoy", "--discover"]
    return subprocess.run(line, capture_output=True, check=True, text=True, env=environment()).stdout


def command(
    folder: Path, config: dict[str, Any], *, state: dict[str, Any] | None = None, catalog: dict[str, Any] | None = None
) -> list[str]:
    """Write the input files and return the command line."""
    folder.mkdir(parents=True, exist_ok=True)
    line = [str(BIN / "tap-cratejoy")]
    for option, value in (("config", config), ("state", state), ("catalog", catalog)):
        if value is not None:
            path = folder / f"{option}.json"
            path.write_text(json.dumps(value))
            line += [f"--{option}", str(path)]
    return line


def environment() -> dict[str, str]:
    """Return the environment without what the shell of a developer may add."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TAP_CRATEJOY", "MELTANO"))}


def run_tap(
    folder: Path,
    config: dict[str, Any],
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    timeout: float = 120,
) -> Result:
    """Run the tap as a process of its own."""
    done = subprocess.run(
        command(folder, config, state=state, catalog=catalog),
        capture_output=True,
        timeout=timeout,
        check=False,
        env=environment(),
    )
    return _result(done.returncode, done.stdout, done.stderr.decode())


def run_here(
    folder: Path,
    config: dict[str, Any],
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
) -> Result:
    """Run the tap in this process, which takes half the time; for runs that leave no request behind."""
    arguments = command(folder, config, state=state, catalog=catalog)[1:]
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.run(arguments)
    finally:
        root.handlers, root.level = handlers, level
        for number, was in signals.items():
            signal.signal(number, was)
    return _result(status, out.buffer.getvalue(), err.getvalue())  # type: ignore[attr-defined]  # it is a BytesIO


def _result(status: int, out: bytes, stderr: str) -> Result:
    assert "Traceback" not in stderr, stderr
    assert CLIENT_SECRET not in stderr
    lines = out.split(b"\n")[:-1]
    return Result(status, stderr, [json.loads(line) for line in lines], lines)
