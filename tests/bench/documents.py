"""Phase 2's source at full size: `python -m tests.bench.documents` fills a private staging database, then measures.

Five orders a customer and seven subscriptions for six; `--keep FOLDER` leaves the filled database for another look.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil
import psycopg
from cratejoy_migration.staging import control, staging_database
from cratejoy_migration.staging.layout import Layout

_BIN = Path(sys.executable).parent
_FILL = Path(__file__).with_name("documents.sql")
_MB = 2**20
_MAPPED = 50_000


class Memory:
    """The largest memory of the processes that a command name belongs to, looked at ten times a second."""

    def __init__(self, folder: Path) -> None:
        self._server = int((folder / ".staging" / "data" / "postmaster.pid").read_text().splitlines()[0])
        self.peak = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the database server while the block runs."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.1):
            backends = psutil.Process(self._server).children()
            self.peak = max(self.peak, sum(map(_private, backends)))


def _private(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.NoSuchProcess:
        return 0
    return int(memory.rss - memory.shared)


def main() -> int:
    """Fill, build, read."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.documents", description=__doc__)
    parser.add_argument("--customers", type=int, default=600_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "STAGING_DATABASE_URL"):
        os.environ.pop(name, None)
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        folder.mkdir(exist_ok=True)
        os.environ["MELTANO_PROJECT_ROOT"] = str(folder)
        try:
            with staging_database(folder) as url:
                _fill(url, options.customers)
                _build(folder)
                _read(folder)
        finally:
            control.stop(Layout(folder))
    return 0


def _fill(url: str, customers: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("select to_regclass('cratejoy.customers')").fetchone() != (None,):
            return
        began = time.monotonic()
        connection.execute("create schema cratejoy")
        connection.execute("create table cratejoy.size as select %s::bigint as customers", (customers,))
        connection.execute(_FILL.read_text())
        print(f"filled: {customers:,} customers in {time.monotonic() - began:.0f} s")


def _build(folder: Path) -> None:
    memory = Memory(folder)
    began = time.monotonic()
    with memory.watched():
        subprocess.run([_BIN / "migration", "documents", "--all"], check=True)
    print(f"built in {time.monotonic() - began:.0f} s; memory of the server's processes {memory.peak / _MB:.0f} MB")


def _read(folder: Path) -> None:
    catalog = folder / "catalog.json"
    config = folder / "tap.json"
    config.write_text("{}")
    tap = [str(_BIN / "staging-tap-postgres"), "--config", str(config)]
    with catalog.open("wb") as file:
        subprocess.run([*tap, "--discover"], check=True, stdout=file)
    found = json.loads(catalog.read_text())
    for stream in found["streams"]:
        root = next(entry for entry in stream["metadata"] if entry["breadcrumb"] == [])
        root["metadata"]["selected"] = stream["tap_stream_id"] == "migration-customer_documents"
    catalog.write_text(json.dumps(found))
    catalog.write_text(json.dumps(found))
    command = [*tap, "--catalog", str(catalog)]
    _read_once("as it is", command)
    mapped = {"max_record_count": _MAPPED, "stream_maps": {"migration-customer_documents": {"seen": "1"}}}
    config.write_text(json.dumps(mapped))
    _read_once("with a stream map, which is the SDK's way", command)


def _read_once(note: str, command: list[str]) -> None:
    began = time.monotonic()
    count = size = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
        assert tap.stdout is not None
        while chunk := tap.stdout.read(1 << 20):
            size += len(chunk)
            count += chunk.count(b"\n")
        _, status, usage = os.wait4(tap.pid, 0)
        tap.returncode = status
    seconds = time.monotonic() - began
    count -= len(("SCHEMA", "STATE"))
    assert status == 0, status
    print(
        f"read {note}: {count:,} documents, {size / _MB:,.0f} MB in {seconds:.1f} s: {count / seconds:,.0f}/s,"
        f" {size / count:,.0f} bytes each; processor {usage.ru_utime + usage.ru_stime:.1f} s,"
        f" memory {usage.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
