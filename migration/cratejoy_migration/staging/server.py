"""How a program gets at the staging database: a URL, and a lease that keeps the embedded server running."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from cratejoy_migration.staging import postmaster
from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.locks import FileLock, is_held
from cratejoy_migration.staging.project import configured_url, project_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDLE_VARIABLE = "STAGING_IDLE_SECONDS"
_DEFAULT_IDLE_SECONDS = "10"
_PATIENCE_SECONDS = 180.0
_RETRY_SECONDS = 0.05
_REVIVAL_SECONDS = 0.5


@contextlib.contextmanager
def staging_database(project: Path | None = None) -> Iterator[str]:
    """Yield the postgresql:// URL of the staging database; the embedded server stays up inside the block.

    Args:
        project: the project's folder; found from the environment when absent.

    Raises:
        StagingError: the database is not usable; the text says what to do.
    """
    project = project or project_folder()
    url = configured_url(project)
    if url:
        yield url
        return
    layout = Layout(project)
    layout.create()
    lease = FileLock(layout.lease)
    try:
        yield _lease(layout, lease)
    finally:
        lease.close()


def connection_url(project: Path | None = None) -> str:
    """Return the URL of the staging database, with the lease held until this process ends.

    Raises:
        StagingError: as `staging_database`.
    """
    return _FOR_LIFE.enter_context(staging_database(project))


_FOR_LIFE = contextlib.ExitStack()


def keep_up(project: Path | None = None) -> None:
    """Start the embedded server again, under the same URL, whenever it dies while this process runs.

    A server that was told to stop stays away. Nothing happens where STAGING_DATABASE_URL names another server.
    """
    project = project or project_folder()
    if not configured_url(project):
        threading.Thread(target=_revive, args=(Layout(project),), daemon=True).start()


def _revive(layout: Layout) -> None:
    while True:
        time.sleep(_REVIVAL_SECONDS)
        with contextlib.suppress(OSError, StagingError):
            if layout.port.exists() and not is_held(layout.ready_lock):
                _start_supervisor(layout)


def running_url(layout: Layout) -> str | None:
    """Return the embedded server's URL when it is up, without starting it."""
    if not is_held(layout.ready_lock):
        return None
    state = postmaster.read(layout.data)
    return layout.url(state.port) if state else None


def _lease(layout: Layout, lease: FileLock) -> str:
    if not lease.try_shared(_PATIENCE_SECONDS):
        raise StagingError("the embedded staging database does not finish stopping; try again in a minute.")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        url = running_url(layout)
        if url:
            return url
        word = _start_supervisor(layout)
        if word == "ready":
            continue
        if word != "other":
            raise StagingError(word)
        time.sleep(_RETRY_SECONDS)
    raise StagingError(f"the embedded staging database does not come up; see {layout.log}.")


def _start_supervisor(layout: Layout) -> str:
    """Start the supervisor in a session of its own; return its first line.

    Raises:
        StagingError: it cannot open its locks.
    """
    idle = os.environ.get(IDLE_VARIABLE, _DEFAULT_IDLE_SECONDS)
    command = [sys.executable, "-P", "-m", "cratejoy_migration.staging.supervisor", str(layout.project), idle]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as starter:
        line = starter.stdout.readline().strip() if starter.stdout else ""
    if not line:
        for path in (layout.supervisor_lock, layout.server_lock):
            FileLock(path).close()  # what it could not open itself is told from here
    return line or "the embedded staging database could not be started; install the project again."
