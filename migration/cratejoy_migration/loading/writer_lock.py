"""One load at a time into one schema of one database: a PostgreSQL advisory lock."""

from __future__ import annotations

import os
import socket
import time
import zlib
from typing import TYPE_CHECKING, Any

import psycopg

from cratejoy_migration.loading.errors import AGAIN, LoaderError

if TYPE_CHECKING:
    from collections.abc import Callable

    Session = psycopg.Connection[tuple[Any, ...]]

_FAMILY = zlib.crc32(b"staging-target-postgres") & 0x7FFFFFFF
_RETRY_SECONDS = 0.25
_HOLDER = """
select to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), a.application_name
from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = %s and l.database = (
    select oid from pg_database where datname = current_database())
"""


def loads_running(session: Session, schema: str) -> bool:
    """Return whether a load into this schema is going on."""
    return session.execute(_HOLDER, key(schema)).fetchone() is not None


class WriterLock:
    """The right to write; it ends with the connection, so also when this process is killed."""

    def __init__(self, session: Session, schema: str) -> None:
        self._session = session
        self._key = key(schema)

    def acquire(self, patience_seconds: float, on_wait: Callable[[str], None]) -> None:
        """Take the lock; a load that was just interrupted gets some seconds to finish its last batch.

        Args:
            patience_seconds: how long to wait.
            on_wait: told once, in a sentence, that and for whom we wait.

        Raises:
            LoaderError: another load still holds it.
        """
        name = f"staging-target-postgres process {os.getpid()} on {socket.gethostname()}"
        self._session.execute("select set_config('application_name', %s, false)", (name[:63],))
        deadline = time.monotonic() + patience_seconds
        waiting = False
        while not self._try():
            if time.monotonic() > deadline:
                raise LoaderError(f"another collection is running ({self._holder()}); wait for its end or end it.")
            if not waiting:
                on_wait(f"waiting for another collection to end ({self._holder()})")
                waiting = True
            time.sleep(_RETRY_SECONDS)

    def check(self) -> None:
        """Make sure that the lock is still ours.

        Raises:
            LoaderError: the connection that held it is gone.
        """
        try:
            self._session.execute("select 1")
        except psycopg.Error:
            raise LoaderError(f"the connection to the staging database was lost; {AGAIN}") from None

    def release(self) -> None:
        """Give the right to write back."""
        self._session.close()

    def _try(self) -> bool:
        row = self._session.execute("select pg_try_advisory_lock(%s, %s)", self._key).fetchone()
        return bool(row and row[0])

    def _holder(self) -> str:
        row = self._session.execute(_HOLDER, self._key).fetchone()
        return f"since {row[0]}, {row[1]}" if row else "just ending"


def key(schema: str) -> tuple[int, int]:
    """Return the two numbers of the advisory lock of a schema."""
    return _FAMILY, zlib.crc32(schema.encode()) & 0x7FFFFFFF
