"""Build a store file: the same customers, seed and day give the same bytes; a killed build leaves nothing."""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cratejoy_sandbox.cratejoy.sql import create_index, create_table, insert
from cratejoy_sandbox.cratejoy.tables import INDEXES, TABLES
from cratejoy_sandbox.generator.catalogue import write_catalogue
from cratejoy_sandbox.generator.customers import Customers
from cratejoy_sandbox.generator.world import World

BATCH = 5_000
LAYOUT = 1
PRAGMAS = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "cache_size=-262144",
    "locking_mode=EXCLUSIVE",
    "temp_store=FILE",
)


@dataclass(frozen=True)
class Recipe:
    """What decides the contents of a store."""

    customers: int
    seed: int
    today: date

    @property
    def filename(self) -> str:
        """Name of the store's file; a new layout never reads an old file."""
        return f"cratejoy-{self.customers}-{self.seed}-{self.today.isoformat()}-v{LAYOUT}.sqlite"


class Writer:
    """Collects rows and writes them in batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.waiting: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.statements = {table: insert(table) for table in TABLES}

    def __call__(self, table: str, row: tuple[Any, ...]) -> None:
        """Take one row."""
        rows = self.waiting[table]
        rows.append(row)
        if len(rows) >= BATCH:
            self._write(table)

    def flush(self) -> None:
        """Write what is left."""
        for table in TABLES:
            self._write(table)

    def _write(self, table: str) -> None:
        self.connection.executemany(self.statements[table], self.waiting[table])
        self.waiting[table].clear()


def ensure_store(recipe: Recipe, folder: Path) -> Path:
    """Path of the store's file, built first when it is not there."""
    path = folder / recipe.filename
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    if not path.exists():
        with _unfinished(path) as unfinished:
            _build(recipe, unfinished)
    return path


def _sweep(folder: Path) -> None:
    """Remove unfinished stores and private copies whose process was killed."""
    for path in folder.glob("cratejoy-*.sqlite.*"):
        owner = path.name.split(".sqlite.")[1].split(".")[0]
        if owner.isdecimal() and not _alive(int(owner)):
            path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside the final one that takes its place only when it is finished."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.building")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _build(recipe: Recipe, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for table in TABLES:
            connection.execute(create_table(table))
        _fill(recipe, connection)
        for table, names in INDEXES.items():
            for name in names:
                connection.execute(create_index(table, name))
        connection.execute("COMMIT")


def _fill(recipe: Recipe, connection: sqlite3.Connection) -> None:
    writer = Writer(connection)
    world = World(customers=recipe.customers, seed=recipe.seed, today=recipe.today, emit=writer)
    write_catalogue(world)
    customers = Customers(world)
    for number in range(recipe.customers):
        customers.write(number)
    writer.flush()
