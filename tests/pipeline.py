"""Starting a small Cratejoy, and running commands in a private copy of the project."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

ROOT = Path(__file__).parent.parent
BIN = ROOT / ".venv" / "bin"
SECRET = "planted-secret-5061"  # looked for in every output
SECRET_TOKEN = "shpat_planted-secret-5062"
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # no customer's address may stand in any output
TODAY = "2026-06-30"
STREAMS = (
    "customers", "subscriptions", "orders", "products", "transactions", "shipments", "inventory", "shipment_batches",
)  # fmt: skip


@dataclass
class Store:
    """A running sandbox."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self, **faults: Any) -> None:
        assert requests.put(f"{self.url}/_sandbox/faults", json=faults, timeout=10).status_code == 200

    def reset(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=10)

    def rows(self, resource: str, **params: str) -> dict[int, dict[str, Any]]:
        """Return all rows as the API gives them, by id."""
        found: dict[int, dict[str, Any]] = {}
        page = 1 if resource == "shipments" else 0
        while True:
            query = {"limit": "1000", "page": str(page), **params}
            answer = requests.get(
                f"{self.url}/v1/{resource}/", params=query, auth=("sandbox", SECRET), timeout=60
            ).json()
            found.update((row["id"], row) for row in answer["results"])
            page += 1
            if not answer["next"]:
                return found


@contextmanager
def start_store(data: Path, customers: int) -> Iterator[Store]:
    process = subprocess.Popen(
        [
            BIN / "sandbox", "cratejoy", "--customers", str(customers), "--seed", "5", "--today", TODAY,
            "--data", str(data), "--client-secret", SECRET, "--port", "0", "--exit-with-parent",
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


@dataclass
class Shop:
    """A running local Shopify."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self, **faults: Any) -> None:
        assert requests.put(f"{self.url}/_sandbox/faults", json=faults, timeout=10).status_code == 200

    def no_faults(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=10)

    def stats(self) -> dict[str, Any]:
        return dict(requests.get(f"{self.url}/_sandbox/stats", timeout=10).json())

    def customers(self) -> list[dict[str, Any]]:
        text = requests.get(f"{self.url}/_sandbox/customers", timeout=60).text
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def start_shop(*options: str) -> Iterator[Shop]:
    command = [
        BIN / "sandbox",
        "shopify",
        "--shop",
        "demo",
        "--token",
        SECRET_TOKEN,
        "--port",
        "0",
        "--exit-with-parent",
    ]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Shop(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _leaks(file: Path, *, private: bool) -> list[str]:
    try:
        text, mode = file.read_bytes().decode("utf-8", "replace"), file.stat().st_mode
    except FileNotFoundError:
        return []
    if private:
        return ["others may read it"] if mode & 0o077 else []
    found = ["an e-mail address"] if E_MAIL.search(text) else []
    # A run that was killed leaves the settings that Meltano wrote for a plugin.
    secret = SECRET in text or SECRET_TOKEN in text
    if secret and not (file.name.endswith(".config.json") and mode & 0o077 == 0):
        found.append("a secret")
    return found


@dataclass
class Project:
    """A folder with the project's meltano.yml and nothing of anybody's data."""

    folder: Path
    environment: dict[str, str]

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, both outputs in one."""
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder, env={**self.environment, **variables}, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str, timeout: float = 240, **variables: str) -> tuple[int, str]:
        """Run a command to its end and return its status and all it said."""
        process = self.start(*command, **variables)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert SECRET not in said
        assert SECRET_TOKEN not in said
        assert not E_MAIL.search(said), said
        assert "Traceback" not in said, said
        return process.returncode, said

    def leaks(self) -> list[str]:
        """Return the files of the folder that tell others a key, or hold an address where nobody looks for one."""
        found = []
        for folder, names, files in os.walk(self.folder):
            place = Path(folder).relative_to(self.folder)
            names[:] = [name for name in names if name not in {".venv", ".staging", "__pycache__"}]
            for file in (Path(folder) / name for name in files):
                found += [f"{place / file.name}: {what}" for what in _leaks(file, private="reports" in place.parts)]
        return found

    def staged(self, stream: str, columns: str = "*") -> list[dict[str, Any]]:
        """Return the rows of a staging table."""
        with self.database() as connection:
            cursor = connection.execute(f"select to_jsonb(t) from (select {columns} from cratejoy.{stream}) t")
            return [row[0] for row in cursor]

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        code = "from cratejoy_migration.staging import connection_url as u; print(u(), flush=True); input()"
        process = subprocess.Popen(
            [BIN / "python", "-c", code],
            cwd=self.folder, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            with psycopg.connect(process.stdout.readline().strip()) as connection:
                yield connection
        finally:
            process.communicate("\n", timeout=30)
