"""One unattended run at a time: an advisory lock in the staging database, held by a session for life."""

from __future__ import annotations

import os
import socket
import time
import zlib
from typing import Any

import psycopg

from cratejoy_migration.errors import OperatorError

Connection = psycopg.Connection[tuple[Any, ...]]
_KEY = (zlib.crc32(b"migration run") & 0x7FFFFFFF, 1)
_PATIENCE_SECONDS = 5.0
"""A run that was killed leaves its session for the server to notice."""
_RETRY_SECONDS = 0.25
_HOLDER = """
select to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), a.application_name
from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = %s and l.database = (
    select oid from pg_database where datname = current_database())
"""


def take(connection: Connection) -> None:
    """Take the right to run; it ends with the connection.

    Raises:
        OperatorError: Another run has it; the text says which.
    """
    name = f"migration run, process {os.getpid()} on {socket.gethostname()}"
    connection.execute("select set_config('application_name', %s, false)", (name[:63],))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _taken(connection):
        if time.monotonic() > deadline:
            raise OperatorError(
                f"Another unattended run is going on ({_holder(connection)}): wait for its end, or end it; "
                "`migration status` shows how far it is."
            )
        time.sleep(_RETRY_SECONDS)


def _taken(connection: Connection) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", _KEY).fetchone()
    return bool(row and row[0])


def _holder(connection: Connection) -> str:
    row = connection.execute(_HOLDER, _KEY).fetchone()
    return f"{row[1]}, since {row[0]}" if row else "just ending"
