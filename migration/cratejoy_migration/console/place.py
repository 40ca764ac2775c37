"""Where the console finds things: the project's folder and its staging database."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from cratejoy_migration.staging import StagingError, staging_database
from cratejoy_migration.staging.project import configured_url, project_folder

Connection = psycopg.Connection[tuple[Any, ...]]

_CONNECT_SECONDS = 3
_REMEMBERED_SECONDS = 3.0
_PURGED = "A purge is going on, and the database is left alone: wait for its end, then open the page again."


class _Lease:
    """The staging database's URL; an embedded one stays up from the first question until it is given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._url: str | None = None
        self._closed = ""

    def url(self) -> str:
        with self._lock:
            if self._closed:
                raise StagingError(self._closed)
            if self._url is None:
                if _purge_goes_on(project()):
                    raise StagingError(_PURGED)
                self._url = self._held.enter_context(staging_database(project()))
            return self._url

    def give_up(self, why: str = "") -> None:
        with self._lock:
            self._closed = why
            self._held.close()
            self._url = None

    def renew(self) -> None:
        """Look for the database again, unless it was closed meanwhile."""
        with self._lock:
            self._held.close()
            self._url = None


class _Absence:
    """A failure to connect, shared by all who ask within the next seconds: each try may take its full time.

    Args:
        clock: Seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._url: str | None = None
        self._said = ""
        self._until = 0.0

    def remember(self, url: str, error: psycopg.OperationalError) -> None:
        with self._lock:
            self._url, self._said, self._until = url, str(error), self._clock() + _REMEMBERED_SECONDS

    def refuse(self, url: str) -> None:
        """Fail as the last try did, unless that is too long ago or went elsewhere."""
        with self._lock:
            if url == self._url and self._clock() < self._until:
                raise psycopg.OperationalError(self._said)

    def forget(self) -> None:
        with self._lock:
            self._url = None


_LEASE = _Lease()
_ABSENCE = _Absence()


def _purge_goes_on(folder: Path) -> bool:
    """Return whether this project is being purged, by a console that ended meanwhile or on the command line."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "purge" in words and "--confirm" in words and any(Path(word).name == "migration" for word in words[:3]):
            with suppress(psutil.Error, OSError):
                if Path(process.cwd()) == folder:
                    return True
    return False


def project() -> Path:
    """Return the project's folder."""
    return project_folder()


def environment() -> dict[str, str]:
    """Return the environment of programs that the console starts: its own settings and secrets stay with it."""
    ours = ("CONSOLE_", "MELTANO_RUN_ID")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "MELTANO_PROJECT_ROOT": str(project())}


def url() -> str:
    """Return the URL of the staging database; an embedded one is started, and stays up for the console.

    Raises:
        StagingError: The database is not usable; the text says what to do.
    """
    return _LEASE.url()


def close(why: str) -> None:
    """Leave the database alone until `open_again`; whoever asks for it meanwhile is told why, in this sentence."""
    _LEASE.give_up(why)


def open_again() -> None:
    """Let the pages have the database again; an embedded one is started by the next that asks for it."""
    _LEASE.give_up()


@contextmanager
def connection() -> Iterator[Connection]:
    """Yield a connection to the staging database, in autocommit mode.

    Raises:
        StagingError: As `url`.
        psycopg.Error: The database cannot be reached.
    """
    tried = url()
    try:
        opened = _connect(tried)
    except psycopg.OperationalError:
        _LEASE.renew()  # an embedded server that died comes back, maybe at another port
        found = url()
        if found == tried and configured_url(project()):
            raise
        _ABSENCE.forget()
        opened = _connect(found)
    with opened:
        yield opened


def _connect(url: str) -> Connection:
    _ABSENCE.refuse(url)
    try:
        return psycopg.connect(url, connect_timeout=_CONNECT_SECONDS, autocommit=True)
    except psycopg.OperationalError as error:
        _ABSENCE.remember(url, error)
        raise
