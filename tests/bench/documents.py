"""Customer documents at full size: how long they take to build in a private staging database, and to read.

Five orders a customer and seven subscriptions for six; the rows are made by `documents.sql`.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from tests.bench.database import database
from tests.bench.programs import CannotMeasure, Child, Programs, Took, run
from tests.bench.report import Row
from tests.bench.singer import STREAM

_FILL = Path(__file__).with_name("documents.sql")
_MB = 2**20
_MAPPED = 50_000
NOTES = f"""\
- Documents are built from five orders a customer and seven subscriptions for six, raw rows of about 2 KB, in an
  embedded PostgreSQL that starts empty; the memory of its processes is what they do not share, looked at ten times a
  second. With a stream map the extractor reads the first {_MAPPED:,} documents the SDK's way.
"""


def measure(programs: Programs, customers: int) -> list[Row]:
    """Build the documents of so many customers, then read them."""
    folder = programs.folder / "documents"
    with database(folder) as url:
        orders = _fill(url, customers)
        place = {"MELTANO_PROJECT_ROOT": str(folder)}
        built, memory = _build(programs, folder, place)
        rows = [
            Row(
                f"migration documents, {customers:,} customers",
                f"{built.seconds:.0f} s",
                f"{orders:,} orders; {customers / built.seconds:,.0f} documents/s; "
                f"memory of the database's processes {memory / _MB:.0f} MB, of the command {built.peak_mb:.0f} MB",
            )
        ]
        catalog = _catalog(programs, place)
        rows.append(_read(programs, place, catalog, "tap-postgres", {}, customers))
        mapped = {"max_record_count": _MAPPED, "stream_maps": {STREAM: {"seen": "1"}}}
        rows.append(_read(programs, place, catalog, "tap-postgres, with a stream map", mapped, min(_MAPPED, customers)))
    return rows


def _fill(url: str, customers: int) -> int:
    """Make the staged rows; return how many orders there are."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema cratejoy")
        connection.execute("create table cratejoy.size as select %s::bigint as customers", (customers,))
        connection.execute(_FILL.read_text())
        found = connection.execute("select count(*) from cratejoy.orders").fetchone()
    return int(found[0]) if found else 0


def _build(programs: Programs, folder: Path, place: dict[str, str]) -> tuple[Took, int]:
    memory = _Memory(folder)
    with memory.watched():
        took = run([*programs.program("migration"), "documents", "--all"], variables=place)
    return took, memory.peak


def _catalog(programs: Programs, place: dict[str, str]) -> Path:
    """Return a catalog with nothing selected but the documents."""
    path = programs.folder / "documents_catalog.json"
    with path.open("wb") as file:
        run([*programs.program("staging-tap-postgres"), "--discover"], variables=place, stdout=file)
    found = json.loads(path.read_text())
    for stream in found["streams"]:
        root = next(entry for entry in stream["metadata"] if entry["breadcrumb"] == [])
        root["metadata"]["selected"] = stream["tap_stream_id"] == STREAM
    path.write_text(json.dumps(found))
    return path


def _read(
    programs: Programs, place: dict[str, str], catalog: Path, what: str, settings: dict[str, object], expected: int
) -> Row:
    config = programs.folder / "documents_config.json"
    config.write_text(json.dumps(settings))
    command = [*programs.program("staging-tap-postgres"), "--config", str(config), "--catalog", str(catalog)]
    count = size = 0
    with Child(command, stdout=subprocess.PIPE, variables=place) as tap:
        assert tap.process.stdout is not None
        while chunk := os.read(tap.process.stdout.fileno(), _MB):
            size += len(chunk)
            count += chunk.count(b"\n")
        took = tap.end()
    count -= len(("SCHEMA", "STATE"))
    if count < expected:
        raise CannotMeasure(f"{count} of {expected} documents were read")
    return Row(
        what,
        f"{count / took.seconds:,.0f} documents/s",
        f"{count:,} documents of {size / count / 1000:.1f} KB in {took.seconds:.1f} s; "
        f"processor time {took.cpu:.1f} s; peak memory {took.peak_mb:.0f} MB",
    )


class _Memory:
    """The largest memory of the processes of a database server, looked at ten times a second."""

    def __init__(self, folder: Path) -> None:
        self._server = int((folder / ".staging" / "data" / "postmaster.pid").read_text().splitlines()[0])
        self.peak = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while the block runs."""
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
