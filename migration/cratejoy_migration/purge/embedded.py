"""The embedded server's files: all of `.staging`, removed once nobody uses it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging import control
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.locks import FileLock

_IN_USE = "The embedded staging database is in use by another program: end it. {} The same command goes on."


def is_there(layout: Layout) -> bool:
    """Return whether a database was built."""
    return (layout.data / "PG_VERSION").exists()


def measured(layout: Layout) -> tuple[int, int]:
    """Return how many files `.staging` holds, and their bytes."""
    sizes = list(_sizes(layout.folder))
    return len(sizes), sum(sizes)


def refuse_when_in_use(layout: Layout) -> None:
    """Raise OperatorError while another program holds the server's lease."""
    if control.in_use(layout):
        raise OperatorError(_IN_USE.format("Nothing was removed."))


def remove(layout: Layout) -> None:
    """Stop the server and remove its folder: data, password, log, locks.

    Raises:
        OperatorError: another program uses the server, or a file cannot be removed.
        StagingError: the server does not stop.
    """
    if not layout.folder.is_dir():
        return
    with _alone(layout):
        control.stop(layout)
        try:
            if layout.data.exists():
                # What is killed from here on leaves no half database that looks like a whole one.
                layout.data.rename(layout.folder / f"build-purged-{os.getpid()}")
            for path in sorted(layout.folder.iterdir(), key=lambda one: (not one.is_dir(), one == layout.lease)):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
            layout.folder.rmdir()
        except OSError as error:
            raise OperatorError(
                f"Cannot remove {error.filename or layout.folder} ({os.strerror(error.errno or 0)}): run as its owner. "
                "The tables are gone; the same command goes on."
            ) from None


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    lease = FileLock(layout.lease)
    try:
        if not lease.try_exclusive():
            raise OperatorError(_IN_USE.format("Its tables are gone, its files are not."))
        yield
    finally:
        lease.close()


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(place) / name).lstat().st_size
            except OSError:
                continue
