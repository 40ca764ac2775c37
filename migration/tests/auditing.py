"""A small Cratejoy on loopback, a staging that holds all of it, and the tap and the loader between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests
from cratejoy_migration.audit.audit import Audit, connect, screen_logger
from cratejoy_migration.audit.source import Cratejoy
from tap_cratejoy.settings import Settings
from tap_cratejoy.tap import TapCratejoy

from .programs import as_a_program, run_loader_here, run_tap_here

BIN = Path(sys.executable).parent
TODAY = "2026-06-30"
STREAMS = [
    "customers", "subscriptions", "orders", "products", "transactions", "shipments", "inventory", "shipment_batches",
]  # fmt: skip


@dataclass
class Store:
    """A running sandbox; `reset` takes faults and changes of rows back only as far as the sandbox does."""

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

    def requests(self) -> int:
        stats = requests.get(f"{self._control}/stats", timeout=10).json()
        return sum(one["requests"] for one in stats["resources"].values())

    def ids(self, resource: str) -> list[int]:
        return [int(line) for line in requests.get(f"{self._control}/ids/{resource}", timeout=10).text.split()]

    def change(self, resource: str, **changes: Any) -> Any:
        answer = requests.post(f"{self._control}/rows/{resource}", json=changes, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def _control(self) -> str:
        return f"http://127.0.0.1:{self.port}/_sandbox"


@contextmanager
def start_store(data: Path, customers: int = 60) -> Iterator[Store]:
    process = subprocess.Popen(
        [
            BIN / "sandbox", "cratejoy", "--customers", str(customers), "--seed", "11", "--today", TODAY,
            "--data", str(data), "--port", "0", "--exit-with-parent",
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Store(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def config(store: Store, **others: Any) -> dict[str, Any]:
    return {
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "api_url": store.url,
        "requests_per_second": 0,
        "page_size": 10,
        "request_timeout": 3,
        "max_retries": 2,
        **others,
    }


def settings(store: Store, **others: Any) -> Settings:
    with as_a_program():
        return TapCratejoy(config=config(store, **others)).settings


@dataclass
class TapAndLoader:
    """The real tap and the real loader; what Meltano would run."""

    store: Store
    url: str
    others: dict[str, Any] = field(default_factory=dict)
    ordered: list[dict[str, Any]] = field(default_factory=list)

    def read(self, variables: Mapping[str, str]) -> int:
        self.ordered.append(
            {name.removeprefix("TAP_CRATEJOY_").lower(): json.loads(value) for name, value in variables.items()}
        )
        return self.run(variables)

    def scan(self, stream: str) -> int:
        raise AssertionError("a whole stream is left to the tests with Meltano")

    def run(self, variables: Mapping[str, str]) -> int:
        """Run them in this process, the loader after the tap, which takes a tenth of the time."""
        status, messages, _ = run_tap_here("--config", "ENV", **self._settings, **variables)
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "config.json"
            config.write_text(json.dumps({"sqlalchemy_url": self.url, "default_target_schema": "cratejoy"}))
            loaded, _, _ = run_loader_here(self.url, Path(folder), ["--config", str(config)], messages)
        return status or loaded

    def pipe(self) -> int:
        """Run them as processes with a pipe between them."""
        tap = subprocess.Popen(
            [BIN / "tap-cratejoy", "--config", "ENV"],
            env={**os.environ, **self._settings}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        loads = {"TARGET_POSTGRES_SQLALCHEMY_URL": self.url, "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "cratejoy"}
        loader = subprocess.run(
            [BIN / "staging-target-postgres", "--config", "ENV"],
            env={**os.environ, **loads},
            stdin=tap.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
        assert tap.stdout is not None
        tap.stdout.close()
        return tap.wait() or loader.returncode

    @property
    def _settings(self) -> dict[str, str]:
        return {f"TAP_CRATEJOY_{name.upper()}": str(value) for name, value in config(self.store, **self.others).items()}


@contextmanager
def auditing(
    url: str, store: Store, streams: list[str] | None = None, marks: Any = None, **others: Any
) -> Iterator[Audit]:
    with connect(url) as connection, Cratejoy(settings(store, **others), screen_logger()) as cratejoy:
        yield Audit(connection, cratejoy, streams or STREAMS, marks)


def collected(url: str, store: Store) -> None:
    """Collect everything, once, and keep it in a schema that tests copy from."""
    assert TapAndLoader(store, url, {"page_size": 500}).pipe() == 0
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists collected cascade; alter schema cratejoy rename to collected")


def staged(url: str, streams: list[str]) -> None:
    """Stage what was collected of these streams."""
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists cratejoy, migration cascade; create schema cratejoy")
        for stream in streams:
            connection.execute(f"create table cratejoy.{stream} (like collected.{stream} including all)")
            connection.execute(f"insert into cratejoy.{stream} select * from collected.{stream}")


def delete(url: str, stream: str, ids: list[int]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"delete from cratejoy.{stream} where id = any(%s)", (ids,))


def staged_ids(url: str, stream: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(f"select id from cratejoy.{stream} order by id")]
