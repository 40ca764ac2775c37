"""Locks that die with the process that holds them, however it dies (flock)."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from cratejoy_migration.staging.errors import StagingError

_RETRY_SECONDS = 0.05


class FileLock:
    """A lock on a file, shared or exclusive; released by `release` or by the end of the process.

    Raises:
        StagingError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(path, error) from None

    def fileno(self) -> int:
        """Return the descriptor: a child that inherits it holds the lock too."""
        return self._descriptor

    def try_exclusive(self) -> bool:
        """Take the lock alone; return False when anybody else holds it."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self, patience_seconds: float) -> bool:
        """Take the lock together with others; return False when it stays held alone for that long."""
        deadline = time.monotonic() + patience_seconds
        while not self._try(fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                return False
            time.sleep(_RETRY_SECONDS)
        return True

    def release(self) -> None:
        """Let go, and keep the file open for another try."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; a child that inherited the lock keeps it."""
        os.close(self._descriptor)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def unusable(path: Path, error: OSError) -> StagingError:
    """Return what to say of a file in `.staging` that this user cannot open; of the project it names the folder."""
    folder = Path(path.parent.parent.name, path.parent.name)
    advice = f"run as the owner of {folder}" if isinstance(error, PermissionError) else "put that right"
    return StagingError(
        f"cannot use {folder / path.name} ({os.strerror(error.errno or 0)}); {advice}, or set STAGING_DATABASE_URL."
    )


def is_held(path: Path) -> bool:
    """Return True while some process holds this lock, without disturbing it for longer than a moment."""
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        return not lock.try_exclusive()
    finally:
        lock.close()
