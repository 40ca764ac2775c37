"""Starting the sandbox, asking it what it holds, and running the tap against it as its users do."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from singer_sdk import metrics
from tap_cratejoy import cli
from tap_cratejoy.tap import TapCratejoy

BIN = Path(sys.executable).parent
CLIENT_ID, CLIENT_SECRET = "sandbox", "sandbox-secret"
TODAY = "2026-06-30"
PATIENCE_SECONDS = 10
"""So long requests of a run in this process may outlive it; more than their timeout in `settings`."""


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
    return call([BIN / "tap-cratejoy", "--discover"]).stdout.decode()


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
    """Run the tap in this process, which spares the start of another; for runs that end by themselves."""
    done = call(command(folder, config, state=state, catalog=catalog))
    return _result(done.returncode, done.stdout, done.stderr.decode())


def call(line: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
    """Do in this process what a command line of the tap does in one of its own: same output, same status."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    arguments = [str(argument) for argument in line[1:]]
    with redirect_stdout(out), redirect_stderr(err), _nothing_left_behind():
        status = cli.run(arguments)
    written = [stream.buffer.getvalue() for stream in (out, err)]
    return subprocess.CompletedProcess(line, status, *written)


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Undo what the tap and the SDK set for a whole process, and wait for requests that are still under way."""
    threads = set(threading.enumerate())
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.excepthook
    root, loggers = logging.getLogger(), (TapCratejoy.logger, metrics.get_metrics_logger())
    handlers, level = root.handlers[:], root.level
    before = [(logger, logger.level, logger.filters[:]) for logger in loggers]
    with warnings.catch_warnings(), patch.dict(os.environ, environment(), clear=True):
        try:
            yield
        finally:
            for number, was in signals.items():
                signal.signal(number, was)
            alive = _wait(set(threading.enumerate()) - threads)
            logging.captureWarnings(capture=False)
            sys.excepthook = hook
            root.handlers = handlers
            root.setLevel(level)
            for logger, logs_from, filters in before:
                logger.setLevel(logs_from)
                logger.filters = filters
            assert not alive, alive


def _wait(threads: Collection[threading.Thread]) -> list[threading.Thread]:
    """Wait for the last requests of a run, since what they say and ask belongs to it; return what does not end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return [thread for thread in threads if thread.is_alive()]


def _result(status: int, out: bytes, stderr: str) -> Result:
    assert "Traceback" not in stderr, stderr
    assert CLIENT_SECRET not in stderr
    lines = out.split(b"\n")[:-1]
    return Result(status, stderr, [json.loads(line) for line in lines], lines)
