"""State in SQLite: what was acknowledged is there after a kill, and a restart finds it.

Entities are JSON documents by kind and number; a module that must find them otherwise keeps tables of its
own (`registry.tables`) beside them. All access is from one thread, inside `transaction`.
"""

import contextlib
import functools
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from cratejoy_sandbox.shopify.registry import TABLES, Entity
from cratejoy_sandbox.shopify.scratch import scratch_folder

FIRST_ID = 7_000_000_000_001
RESERVED = 1_000
KEPT = {"counter", "granted_tokens"}
BASE = """
CREATE TABLE IF NOT EXISTS entities (kind TEXT, id INTEGER, doc BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (top INTEGER NOT NULL);
"""


class OtherVersion(Exception):
    """The file was made by another version of the sandbox."""


class Store:
    """Entities by kind and number, and the modules' own tables.

    Raises:
        OtherVersion: The file's tables are not those of this version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-65536", "mmap_size=1073741824"):
            self.connection.execute(f"PRAGMA {pragma}")
        self._create()

    def _create(self) -> None:
        ours = BASE + "".join(sorted(TABLES))
        mark = zlib.crc32(ours.encode()) & 0x7FFFFFFF
        there = self.connection.execute("PRAGMA user_version").fetchone()[0]
        used = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if used and there != mark:
            self.connection.close()
            raise OtherVersion
        # The mark first: a kill in between leaves a file that the next start completes.
        self.connection.executescript(f"PRAGMA user_version = {mark};{ours}")
        row = self.connection.execute("SELECT top FROM counter").fetchone()
        if row is None:
            self.connection.execute("INSERT INTO counter VALUES (?)", (FIRST_ID,))
        self._next = self._reserved = row[0] if row else FIRST_ID

    @functools.cached_property
    def folder(self) -> Path:
        """Where files lie that are too large for rows: beside the database, or for a shop in memory until the end."""
        if self.path:
            folder = self.path.with_name(f"{self.path.name}.files")
            folder.mkdir(exist_ok=True)
            return folder
        self._temporary = scratch_folder()
        return Path(self._temporary.name)

    def reset(self) -> None:
        """Forget everything but granted tokens; ids go on from where they were."""
        names = [row[0] for row in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        with self.transaction():
            for name in names:
                if name not in KEPT and not name.startswith("sqlite_"):
                    self.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names are our own
        for file in self.folder.iterdir() if "folder" in self.__dict__ else ():
            file.unlink()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one it is a part of that."""
        if self.connection.in_transaction:
            with self.savepoint():
                yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that an exception undoes alone."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO part")
            self.connection.execute("RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement on a module's own tables."""
        return self.connection.execute(sql, values)

    def new_id(self) -> int:
        """A number that no thing has or had, from one counter for all kinds."""
        if self._next >= self._reserved:
            self._reserved = self._next + RESERVED
            self.connection.execute("UPDATE counter SET top = ?", (self._reserved,))
        self._next += 1
        return self._next - 1

    def get(self, kind: str, number: int | None) -> Entity | None:
        """A document, or None."""
        row = self.connection.execute("SELECT doc FROM entities WHERE kind = ? AND id = ?", (kind, number)).fetchone()
        return orjson.loads(row[0]) if row else None

    def put(self, kind: str, number: int, document: Entity) -> None:
        """Write a document, new or changed."""
        self.connection.execute(
            "INSERT OR REPLACE INTO entities VALUES (?, ?, ?)", (kind, number, orjson.dumps(document))
        )

    def remove(self, kind: str, number: int) -> None:
        """Remove a document."""
        self.connection.execute("DELETE FROM entities WHERE kind = ? AND id = ?", (kind, number))

    def count(self, kind: str) -> int:
        """How many documents of a kind there are."""
        row = self.connection.execute("SELECT COUNT(*) FROM entities WHERE kind = ?", (kind,)).fetchone()
        return int(row[0])

    def walk(self, kind: str, after: int = 0, limit: int = -1, *, reverse: bool = False) -> Iterator[Entity]:
        """Documents of a kind by number, those above `after` (below it in reverse; 0 is the end)."""
        order, compare = ("DESC", "<") if reverse else ("ASC", ">")
        bound = after or (2**63 - 1 if reverse else 0)
        sql = f"SELECT doc FROM entities WHERE kind = ? AND id {compare} ? ORDER BY id {order} LIMIT ?"  # noqa: S608
        for row in self.connection.execute(sql, (kind, bound, limit)):
            yield orjson.loads(row[0])

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
