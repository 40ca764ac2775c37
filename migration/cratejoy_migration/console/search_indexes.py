"""Indexes on the staged rows, by which the console finds one customer among hundreds of thousands at once.

They are made when somebody first searches, in the background, and in a way that lets collections go on meanwhile. An
index whose making was killed is invalid; it is dropped and made again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cratejoy_migration.documents.staged import Connection, Staged
from cratejoy_migration.documents.statements import email_key

LOCK = "console search indexes"
"""Name of the advisory lock that whoever makes them holds: a purge would wait for them, and they for it."""
_WATCH = "2s"
_WATCHING_SINCE = 140000
_TEXT = ("text", "character varying")
_SMALL_PAGES = 4_000
"""Tables of up to 32 MB are read through in a moment."""
_FOUND = "select i.indisvalid from pg_index i where i.indexrelid = to_regclass(%s)"
_PAGES = "select relpages from pg_class where oid = to_regclass(%s)"
_logger = logging.getLogger("console")


@dataclass(frozen=True)
class Index:
    """One index; `expression` is the SQL of what it is on."""

    name: str
    table: str
    expression: str


def wanted(staged: Staged) -> list[Index]:
    """Return the indexes that what is staged can have, those that a search needs first."""
    found = []
    customers = staged.columns["customers"]
    if customers.get("email", "").startswith(_TEXT):
        found.append(Index("console_customers_email", "customers", f"({email_key(staged)}) text_pattern_ops"))
    found += [
        Index(f"console_customers_{name}", "customers", f"lower({name}) text_pattern_ops")
        for name in ("last_name", "first_name", "name")
        if customers.get(name, "").startswith(_TEXT)
    ]
    found += [
        Index(f"console_{stream}_customer", stream, "customer_id")
        for stream in ("subscriptions", "orders", "customer_addresses")
        if staged.has(stream, "customer_id")
    ]
    return found


def missing(connection: Connection, staged: Staged) -> list[Index]:
    """Return those that are not there yet, or not whole."""
    return [index for index in wanted(staged) if not _whole(connection, index)]


def slow(connection: Connection, staged: Staged) -> frozenset[str]:
    """Return the large tables whose rows cannot be looked up at once yet."""
    tables = {index.table for index in missing(connection, staged)}
    return frozenset(table for table in tables if _pages(connection, table) > _SMALL_PAGES)


def make(connection: Connection, staged: Staged) -> bool:
    """Make what is missing; return whether all are there. Somebody else who makes them is left to it.

    Args:
        connection: In autocommit; nothing else may use it meanwhile.
        staged: What there is.

    Raises:
        psycopg.Error: The database does not allow it, or failed.
    """
    if connection.info.server_version >= _WATCHING_SINCE:
        # An index whose program is gone is not made to its end.
        connection.execute("select set_config('client_connection_check_interval', %s, false)", (_WATCH,))
    row = connection.execute("select pg_try_advisory_lock(hashtext(%s))", (LOCK,)).fetchone()
    if not (row and row[0]):
        return False
    try:
        tables = {index.table for index in missing(connection, staged) if _make(connection, index)}
        for table in sorted(tables):
            connection.execute(sql.SQL("analyze cratejoy.{}").format(sql.Identifier(table)))
    finally:
        connection.execute("select pg_advisory_unlock(hashtext(%s))", (LOCK,))
    return True


class Background:
    """Makes the indexes in a thread; one at a time, and not again for a while after it failed.

    Args:
        connect: Opens a connection to the staging database, in autocommit.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._not_before = 0.0

    def begin(self, staged: Staged) -> None:
        """Begin, unless it goes on already."""
        with self._lock:
            if (self._thread and self._thread.is_alive()) or time.monotonic() < self._not_before:
                return
            self._thread = threading.Thread(target=self._run, args=(staged,), name="search indexes", daemon=True)
            self._thread.start()

    def wait(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Wait until that is enough, the thread has ended, or the time is over."""
        deadline = time.monotonic() + seconds
        while self._thread and self._thread.is_alive() and time.monotonic() < deadline and not enough():
            time.sleep(0.1)

    def _run(self, staged: Staged) -> None:
        self._not_before = time.monotonic() + _PAUSE_SECONDS
        try:
            with self._connect() as connection:
                make(connection, staged)
        except psycopg.Error as error:
            _logger.warning("The search could not be prepared (%s); it works, slowly.", type(error).__name__)


_PAUSE_SECONDS = 60.0


def _make(connection: Connection, index: Index) -> bool:
    name, table = sql.Identifier(index.name), sql.Identifier(index.table)
    connection.execute(sql.SQL("drop index concurrently if exists cratejoy.{}").format(name))
    made = sql.SQL("create index concurrently {} on cratejoy.{} ({})")
    with suppress(psycopg.errors.UndefinedTable):  # it was purged, or collected anew, meanwhile
        connection.execute(made.format(name, table, sql.SQL(index.expression)))
        return True
    return False


def _whole(connection: Connection, index: Index) -> bool:
    row = connection.execute(_FOUND, (f"cratejoy.{index.name}",)).fetchone()
    return bool(row and row[0])


def _pages(connection: Connection, table: str) -> int:
    row = connection.execute(_PAGES, (f"cratejoy.{table}",)).fetchone()
    return int(row[0]) if row else 0
