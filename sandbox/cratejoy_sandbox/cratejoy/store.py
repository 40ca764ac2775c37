"""The store file: read by many threads at once, changed only in a private copy.

A built store stays as it was built, so that other servers and later runs find the same rows; the first
change copies it, and the copy goes when the server ends.
"""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cratejoy_sandbox.cratejoy.filters import Condition
from cratejoy_sandbox.cratejoy.sql import insert, quoted, select
from cratejoy_sandbox.cratejoy.tables import INDEXES, TABLES, columns

ANCHORS = 20_000


class Store:
    """Rows by page, by id and in full, with counts that are remembered until something changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = 0
        self._copy: Path | None = None
        self._local = threading.local()
        self._lock = threading.RLock()
        self._counts: dict[tuple[Any, ...], int] = {}
        self._anchors: dict[tuple[Any, ...], int] = {}

    def connection(self) -> sqlite3.Connection:
        """This thread's own read connection."""
        if getattr(self._local, "path", None) != self.path:
            uri = f"{self.path.resolve().as_uri()}?mode=ro"
            self._local.connection = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=60)
            self._local.connection.execute("PRAGMA mmap_size=1073741824")
            self._local.path = self.path
        connection: sqlite3.Connection = self._local.connection
        return connection

    def count(self, table: str, conditions: Sequence[Condition] = ()) -> int:
        """Rows that meet the conditions."""
        where, values = _where(conditions)
        key = (self.version, table, where, values)
        if key not in self._counts:
            row = self.connection().execute(select("COUNT(*)", f"{table} t", where), values).fetchone()
            self._counts[key] = int(row[0])
        return self._counts[key]

    def ids(self, table: str, conditions: Sequence[Condition], offset: int, limit: int) -> list[int]:
        """Ids of one window in ascending order.

        The last id of each window is remembered, so that the window after it starts there and not at row one.
        """
        where, values = _where(conditions)
        key = (self.version, table, where, values)
        after = self._anchors.get((*key, offset))
        if after is not None:
            more = Condition('t."id" > ?', (after,))
            where, values = _where([*conditions, more])
            offset_now = 0
        else:
            offset_now = offset
        query = select('t."id"', f"{table} t", where, 'ORDER BY t."id" LIMIT ? OFFSET ?')
        if not conditions and after is None and offset and "id" in INDEXES.get(table, ()):
            query = select('"id"', f"{table} INDEXED BY {table}_id", 'ORDER BY "id" LIMIT ? OFFSET ?')
        found = [row[0] for row in self.connection().execute(query, (*values, limit, offset_now))]
        self._remember(key, offset, found)
        return found

    def shuffled_ids(
        self, table: str, conditions: Sequence[Condition], window: tuple[int, int], salt: int
    ) -> list[int]:
        """Ids of one window (offset, limit) in an order that only the salt decides."""
        where, values = _where(conditions)
        order = 'ORDER BY (t."id" % 2147483647) * ? % 2147483647, t."id" LIMIT ? OFFSET ?'
        query = select('t."id"', f"{table} t", where, order)
        offset, limit = window
        return [
            row[0] for row in self.connection().execute(query, (*values, 1_103_515_245 + salt * 7_919, limit, offset))
        ]

    def rows(self, table: str, names: Sequence[str], ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """Rows by id, in the order of the ids; ids that are not there fall away."""
        what = ", ".join(quoted(name) for name in ("id", *names))
        marks = ", ".join("?" * len(ids))
        found = self.connection().execute(select(what, table, f'WHERE "id" IN ({marks})'), tuple(ids))
        by_id = {row[0]: row[1:] for row in found}
        return [by_id[number] for number in ids if number in by_id]

    def all_ids(self, table: str) -> Iterator[int]:
        """Every id in ascending order, a thousand at a time."""
        last = -1
        while True:
            found = self.ids(table, [Condition('t."id" > ?', (last,))], 0, 1000)
            if not found:
                return
            yield from found
            last = found[-1]

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the private copy, which is made first when there is none."""
        with self._lock:
            self._make_copy()
            writer = sqlite3.connect(self.path, timeout=60)
            try:
                with writer:
                    yield writer
            finally:
                writer.close()
                self.version += 1
                self._counts.clear()
                self._anchors.clear()

    def close(self) -> None:
        """Remove the private copy."""
        if self._copy:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._copy}{suffix}").unlink(missing_ok=True)

    def _make_copy(self) -> None:
        if self._copy:
            return
        copy = self.path.with_name(f"{self.path.name}.{os.getpid()}.changed")
        shutil.copyfile(self.path, copy)
        connection = sqlite3.connect(copy)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        self._copy = self.path = copy

    def _remember(self, key: tuple[Any, ...], offset: int, found: list[int]) -> None:
        if found:
            if len(self._anchors) > ANCHORS:
                self._anchors.clear()
            self._anchors[(*key, offset + len(found))] = found[-1]


def add_rows(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows given by column names."""
    names = list(columns(table))
    connection.executemany(insert(table), [tuple(row.get(name) for name in names) for row in rows])


def highest_id(connection: sqlite3.Connection) -> int:
    """Highest id of the one counter that all types share."""
    tops = [connection.execute(select('MAX("id")', table)).fetchone()[0] for table in TABLES]
    return max(top or 0 for top in tops)


def _where(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    if not conditions:
        return "", ()
    text = " AND ".join(condition.sql for condition in conditions)
    return f"WHERE {text}", tuple(value for condition in conditions for value in condition.values)
