"""Keeping everybody else out while rows are removed: the locks of all our programs, taken or refused."""

from __future__ import annotations

import time
import zlib
from typing import Any

import psycopg
from target_shopify.ledger import LOCK as LEDGER

from cratejoy_migration import one_run, runs
from cratejoy_migration.console.search_indexes import LOCK as SEARCH
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading import writer_lock

Connection = psycopg.Connection[tuple[Any, ...]]

_PATIENCE_SECONDS = 5.0
"""A program that was just ended leaves its session for the server to notice."""
_RETRY_SECONDS = 0.25
_TWO = "select pg_try_advisory_lock(%s, %s)"
_ONE = "select pg_try_advisory_lock(%s)"
_NAMED = "select pg_try_advisory_lock(hashtext(%s))"
_LOCKS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "Another run": (_TWO, one_run.KEY),
    "A collection": (_TWO, writer_lock.key("cratejoy")),
    "An audit": (_ONE, (zlib.crc32(b"migration audit"),)),
    "A build of the documents": (_ONE, (zlib.crc32(b"migration documents"),)),
    "A migration, a rollback or a verification": (_NAMED, (LEDGER,)),
    "The preparation of the console's search": (_NAMED, (SEARCH,)),
}
"""Each kind of program, and how it keeps others out."""
_BEATING = """
select command, host, pid, now() - beat_at from migration.runs
where ended_at is null and beat_at > now() - interval '30 seconds' order by id desc
"""


def keep_others_out(connection: Connection) -> None:
    """Take the lock of every program of ours until the connection ends.

    Raises:
        OperatorError: one is running; the text says which.
    """
    for who, (query, key) in _LOCKS.items():
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _value(connection, query, key):
            if time.monotonic() > deadline:
                raise OperatorError(f"{who} is going on: wait for its end, or end it. Nothing was removed.")
            time.sleep(_RETRY_SECONDS)
    _check_history(connection)


def _check_history(connection: Connection) -> None:
    """Look for programs without a lock of their own: a run that beats is alive."""
    if not _value(connection, "select to_regclass('migration.runs') is not null", ()):
        return
    for command, host, pid, silent in connection.execute(_BEATING):
        if runs.state_of("running", host, pid, silent) == "running":
            raise OperatorError(
                f"The run `{command}` is going on (process {pid} on {host}), or ended less than half a minute ago "
                "without saying so: wait for its end, or end it. Nothing was removed."
            )


def _value(connection: Connection, query: str, values: tuple[Any, ...]) -> Any:
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None
