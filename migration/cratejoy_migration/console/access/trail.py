"""Who did what with the console, in `migration.trail`: of customers it holds Cratejoy ids at most."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from cratejoy_migration.staging import StagingError

_TABLE = """
create schema if not exists migration;
create table if not exists migration.trail (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    who text not null,
    what text not null,
    subject text not null default ''
)
"""
_WRITE = "insert into migration.trail (at, who, what, subject) values (%s, %s, %s, %s)"
_LATEST = "select at, who, what, subject from migration.trail order by id desc limit %s"
_MOST_KEPT = 1000
_PATIENCE_SECONDS = 15.0
_LAST_CHANCE_SECONDS = 2.0
_logger = logging.getLogger("console")

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did."""

    at: datetime
    who: str
    what: str
    subject: str


def record(connection: Connection, who: str, what: str, subject: str = "") -> None:
    """Write what somebody has just done.

    Args:
        connection: To the staging database, in autocommit mode.
        who: The person's name.
        what: What was done: `started: Quick test`, `signed in`.
        subject: To what: a run, a shop, a Cratejoy id; never a customer's name or address.
    """
    _write(connection, Entry(datetime.now(UTC), who, what, subject))


def latest(connection: Connection, most: int) -> list[Entry]:
    """Return what was done, the newest first; nothing when nothing was ever written."""
    if not _there(connection):
        return []
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(_LATEST, (most,)).fetchall()


class Notes:
    """Entries that are written as soon as the database can be reached: nobody waits for it to sign in.

    What cannot be written is kept in memory and tried again with the next entry and every quarter of a minute. Entries
    that are still there when the console ends are lost; the log says how many.

    Args:
        connect: Opens a connection to the staging database.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._connect = connect
        self._waiting: deque[Entry] = deque(maxlen=_MOST_KEPT)
        self._woken = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def note(self, who: str, what: str, subject: str = "") -> None:
        """Remember what somebody has just done; returns at once."""
        self._waiting.append(Entry(datetime.now(UTC), who, what, subject))
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="trail", daemon=True)
            self._thread.start()
        self._woken.set()

    def close(self) -> None:
        """Give what is left a last chance."""
        self._closed = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_LAST_CHANCE_SECONDS)
        if self._waiting:
            _logger.warning("%s entries of the trail could not be written.", len(self._waiting))

    def _live(self) -> None:
        while not self._closed:
            self._woken.wait(None if not self._waiting else _PATIENCE_SECONDS)
            self._woken.clear()
            with suppress(StagingError, psycopg.Error, OSError):
                self._write_all()

    def _write_all(self) -> None:
        if not self._waiting:
            return
        with self._connect() as connection:
            while self._waiting:
                _write(connection, self._waiting[0])
                self._waiting.popleft()


def _write(connection: Connection, entry: Entry) -> None:
    if not _there(connection):
        # Somebody else may be making it at this moment.
        with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
            connection.execute(_TABLE)
    connection.execute(_WRITE, (entry.at, entry.who, entry.what, entry.subject))


def _there(connection: Connection) -> bool:
    row = connection.execute("select to_regclass('migration.trail') is not null").fetchone()
    return bool(row and row[0])
