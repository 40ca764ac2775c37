"""What an operator does with the embedded server: keep it running, stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.locks import FileLock, is_held

if TYPE_CHECKING:
    from cratejoy_migration.staging.layout import Layout

_STOP_SECONDS = 180.0


def keep_running(layout: Layout) -> None:
    """Let the running server stay until `stop`, or until the machine is shut down."""
    layout.keep.touch(mode=0o600)


def in_use(layout: Layout) -> bool:
    """Return True while some program holds the lease."""
    if not layout.lease.exists():
        return False
    lease = FileLock(layout.lease)
    try:
        return not lease.try_exclusive()
    finally:
        lease.close()


def stop(layout: Layout) -> bool:
    """Stop the server and wait until it is gone; return False when none was running.

    Raises:
        StagingError: it does not stop.
    """
    layout.keep.unlink(missing_ok=True)
    if not is_held(layout.supervisor_lock):
        return False
    with contextlib.suppress(ProcessLookupError, ValueError):
        os.kill(int(layout.supervisor_lock.read_text(encoding="ascii")), signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_held(layout.supervisor_lock) or is_held(layout.server_lock):
        if time.monotonic() > deadline:
            raise StagingError(f"the embedded staging database does not stop; see {layout.log}.")
        time.sleep(0.05)
    return True
