"""The lines of an export as objects, each with its children, in whatever order they stand in the file."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from target_shopify.errors import WORKING_FOLDER, DiskFull

PARENT = "__parentId"
_CHILD = re.compile(rb'"__parentId":"([^"]+)"\}?\s*$')
_KIND = re.compile(r"gid://shopify/(\w+)/")
_TABLE = "create table strays (parent text, place integer, primary key (parent, place)) without rowid"
_ROWS = 10_000


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of an export that have no parent, in their order.

    Args:
        path: Of a file that `export` brought. It is read twice; where children do not follow their parent, their
            places in it are kept in a temporary file beside it.

    Raises:
        DiskFull: There is no room for that file.

    Yields:
        The object, with the key `children`: lists by kind, such as `{"Metafield": [...], "MailingAddress": [...]}`.
    """
    with _strays(path) as strays, path.open("rb") as file, path.open("rb") as elsewhere:
        one: dict[str, Any] | None = None
        for line in file:
            parent = _parent(line)
            if parent is None:
                if one is not None:
                    yield one
                one = {**orjson.loads(line), "children": {}}
                for child in strays.of(str(one.get("id")), elsewhere):
                    _add(one, child)
            elif one is not None and parent == one.get("id"):
                _add(one, orjson.loads(line))
        if one is not None:
            yield one


class _Strays:
    """Places of the children that do not follow their parent.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._any = False

    def note(self, path: Path) -> None:
        """Look through a file for such children."""
        rows: list[tuple[str, int]] = []
        current, place = None, 0
        with path.open("rb") as file:
            for line in file:
                parent = _parent(line)
                if parent is None:
                    current = str(orjson.loads(line).get("id"))
                elif parent != current:
                    rows.append((parent, place))
                place += len(line)
                if len(rows) >= _ROWS:
                    self._keep(rows)
        self._keep(rows)

    def of(self, parent: str, file: BinaryIO) -> Iterator[dict[str, Any]]:
        """Yield the stray children of an object."""
        if not self._any:
            return
        for (place,) in self._database.execute("select place from strays where parent = ? order by place", (parent,)):
            file.seek(place)
            yield orjson.loads(file.readline())

    def _keep(self, rows: list[tuple[str, int]]) -> None:
        if rows:
            self._any = True
            self._database.executemany("insert into strays values (?, ?)", rows)
            rows.clear()


@contextmanager
def _strays(path: Path) -> Iterator[_Strays]:
    """Open the file of strays; it is gone afterwards, also when nobody reads to the end."""
    with tempfile.TemporaryDirectory(prefix=".strays-", dir=path.parent) as folder:
        database = sqlite3.connect(Path(folder) / "places", isolation_level=None)
        try:
            for pragma in ("journal_mode = off", "synchronous = off"):
                database.execute(f"pragma {pragma}")
            database.execute(_TABLE)
            strays = _Strays(database)
            database.execute("begin")
            strays.note(path)
            database.execute("commit")
            yield strays
        except sqlite3.OperationalError:
            raise DiskFull(WORKING_FOLDER) from None
        finally:
            database.close()


def _parent(line: bytes) -> str | None:
    """Return the parent that a line names; the quick look fits what Shopify writes, reading it is right for all."""
    if b'"__parentId"' not in line:
        return None
    found = _CHILD.search(line, max(0, len(line) - 300))
    parent = found[1].decode().replace("\\/", "/") if found else orjson.loads(line).get(PARENT)
    return str(parent) if parent else None


def _add(one: dict[str, Any], child: dict[str, Any]) -> None:
    child.pop(PARENT, None)
    kind = _KIND.match(str(child.get("id")))
    one["children"].setdefault(kind[1] if kind else "", []).append(child)
