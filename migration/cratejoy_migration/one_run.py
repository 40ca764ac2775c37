"""One run a store: who leads a run has it alone; programs that are started by hand share it, and keep leaders out.

A leader (`migration run`, a run of the console) holds an advisory lock of the staging database for as long as its
session lasts, so also when it is killed. The programs that it starts inherit the right by `STAGING_RUN_RIGHT`. A
program that writes and was started in any other way shares the lock: several of them may go side by side, which the
locks of loads, documents and the ledger rule, but none beside a leader.
"""

from __future__ import annotations

import os
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]

RIGHT = "STAGING_RUN_RIGHT"
"""Environment variable of programs that a leader started: its name."""
KEY = (zlib.crc32(b"migration run") & 0x7FFFFFFF, 1)
PATIENCE_SECONDS = 10.0
"""A run that was killed leaves its session for the server to notice, and programs that end what they have in hand."""
_RETRY_SECONDS = 0.25
_HOLDER = """
select to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), a.application_name
from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = %s and l.pid <> pg_backend_pid()
    and l.database = (select oid from pg_database where datname = current_database())
order by a.backend_start limit 1
"""
_TAKE = {True: "select pg_try_advisory_lock(%s, %s)", False: "select pg_try_advisory_lock_shared(%s, %s)"}
_MOST_NAME = 63
"""Bytes of a name in PostgreSQL."""


def lasting(url: str) -> str:
    """Return what a leader connects by: a connection that is silent for hours is kept up, and its loss is noticed."""
    # Seconds; the last in milliseconds.
    return make_conninfo(
        url, keepalives_idle=30, keepalives_interval=10, keepalives_count=3, tcp_user_timeout=60_000, connect_timeout=10
    )


def lead(connection: Connection, name: str) -> dict[str, str]:
    """Take the store alone; it ends with the connection.

    Args:
        connection: Autocommit; to be kept.
        name: What leads, such as `migration run`.

    Returns:
        The environment variables of programs that this run starts.

    Raises:
        OperatorError: Another run is going on; the text says which.
    """
    _take(connection, name, alone=True)
    return {RIGHT: name}


@contextmanager
def sharing(url: str, name: str) -> Iterator[None]:
    """Keep leaders out while the block runs; nothing is asked for by a program that a leader started.

    Raises:
        OperatorError: A run is going on that is not ours; the text says which.
    """
    if os.environ.get(RIGHT):
        yield
        return
    with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
        share(connection, name)
        yield


def share(connection: Connection, name: str) -> None:
    """Keep leaders out as long as the connection lasts, unless a leader started this program.

    Raises:
        OperatorError: A run is going on that is not ours; the text says which.
    """
    if not os.environ.get(RIGHT):
        _take(connection, name, alone=False)


def holder(connection: Connection) -> str | None:
    """Return who has the store, and since when; None when nobody has."""
    row = connection.execute(_HOLDER, KEY).fetchone()
    return f"{row[1] or 'a program'}, since {row[0]}" if row else None


def _take(connection: Connection, name: str, *, alone: bool) -> None:
    title = f"{name}, process {os.getpid()} on {socket.gethostname()}"
    connection.execute("select set_config('application_name', %s, false)", (title[:_MOST_NAME],))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _taken(connection, alone=alone):
        if time.monotonic() > deadline:
            raise OperatorError(
                f"Another run is going on ({holder(connection) or 'just ending'}): wait for its end, or end it; "
                "`migration status` shows how far it is."
            )
        time.sleep(_RETRY_SECONDS)


def _taken(connection: Connection, *, alone: bool) -> bool:
    row = connection.execute(_TAKE[alone], KEY).fetchone()
    return bool(row and row[0])
