"""The process that keeps one embedded PostgreSQL running for as long as somebody uses it.

    python -m cratejoy_migration.staging.supervisor PROJECT IDLE_SECONDS

It starts PostgreSQL as its own child, writes `ready` (or one sentence about what is wrong) on stdout, and
stops it once nobody has held the lease for IDLE_SECONDS. A second supervisor of the same project writes
`other` and ends. SIGTERM stops PostgreSQL at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cratejoy_migration.staging import cluster, postmaster
from cratejoy_migration.staging.complaints import complaint, is_port_taken
from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.locks import FileLock

if TYPE_CHECKING:
    from types import FrameType

READY = "ready"
OTHER = "other"
_POLL_SECONDS = 0.25
_START_SECONDS = 600
_ORPHAN_SECONDS = 60
_STOP_SECONDS = 120
_PORT_TRIES = 5
_LOG_LIMIT_BYTES = 5_000_000


class Supervisor:
    """One PostgreSQL server from start to stop."""

    def __init__(self, layout: Layout, idle_seconds: float) -> None:
        self._layout = layout
        self._idle_seconds = idle_seconds
        self._lease = FileLock(layout.lease)
        self._server_lock = FileLock(layout.server_lock)
        self._ready = FileLock(layout.ready_lock)
        self._stop_requested = False

    def request_stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Stop at the next look round."""
        self._stop_requested = True

    def start(self) -> subprocess.Popen[bytes]:
        """Start PostgreSQL and wait until it accepts connections, after crash recovery if need be.

        Raises:
            StagingError: it does not start; the text says what to do.
        """
        self._layout.keep.unlink(missing_ok=True)
        self._end_orphan()
        cluster.build(self._layout)
        self._trim_log()
        for number in range(_PORT_TRIES):
            written = self._log_size()
            # Whoever still uses a server that was killed finds the next one where that was.
            port = (None if number else self._last_port()) or cluster.free_port()
            server = cluster.start(self._layout, port, self._server_lock)
            if self._wait_ready(server):
                self._layout.port.write_text(str(port), encoding="ascii")
                self._announce()
                return server
            output = self._log_since(written)
            if not is_port_taken(output):
                break
        raise StagingError(complaint(self._layout, output, server.returncode or 0))

    def watch(self, server: subprocess.Popen[bytes]) -> None:
        """Return when PostgreSQL has ended, by itself or because nobody needed it any more."""
        idle_since = time.monotonic()
        while server.poll() is None:
            alone = self._lease.try_exclusive()
            now = time.monotonic()
            if not alone or self._layout.keep.exists():
                idle_since = now
            if self._stop_requested or now - idle_since > self._idle_seconds:
                # The lease stays ours: a client that comes now waits, and starts the next server.
                self._ready.release()
                self._layout.port.unlink(missing_ok=True)
                stop(server)
                return
            if alone:
                self._lease.release()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(_POLL_SECONDS)

    def _last_port(self) -> int | None:
        try:
            return int(self._layout.port.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _announce(self) -> None:
        # A client that looks holds this lock for a moment itself.
        while not self._ready.try_exclusive():
            time.sleep(0.005)

    def _wait_ready(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            state = postmaster.read(self._layout.data)
            if state and state.ready and state.pid == server.pid:
                return True
            time.sleep(0.02)
        stop(server)
        return False

    def _end_orphan(self) -> None:
        deadline = time.monotonic() + _ORPHAN_SECONDS
        asked = False
        while not self._server_lock.try_exclusive():
            state = postmaster.read(self._layout.data)
            if state and not asked:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(state.pid, signal.SIGINT)
                asked = True
            if time.monotonic() > deadline:
                raise StagingError(
                    "an earlier embedded PostgreSQL does not end"
                    + (f" (process {state.pid})" if state else "")
                    + "; end it, then try again."
                )
            time.sleep(_POLL_SECONDS)

    def _trim_log(self) -> None:
        if self._log_size() > _LOG_LIMIT_BYTES:
            self._layout.log.write_bytes(b"")

    def _log_size(self) -> int:
        return self._layout.log.stat().st_size if self._layout.log.exists() else 0

    def _log_since(self, position: int) -> str:
        return self._layout.log.read_bytes()[position:].decode("utf-8", errors="replace")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End PostgreSQL: fast shutdown, immediate shutdown if that takes too long, kill in the end."""
    for wish in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(wish)
        with contextlib.suppress(TimeoutError):
            _wait(server, _STOP_SECONDS)


def _wait(server: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while server.poll() is None:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def _say(word: str) -> None:
    with contextlib.suppress(OSError):
        os.write(1, word.encode() + b"\n")


def _detach() -> None:
    """Leave the client's process: it has nothing to wait for, its signals do not reach us."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)


def supervise(layout: Layout, idle_seconds: float) -> int:
    """Be the supervisor of this project unless there is one; return the exit status."""
    lock = FileLock(layout.supervisor_lock)
    if not lock.try_exclusive():
        _say(OTHER)
        return 0
    layout.supervisor_lock.write_text(str(os.getpid()), encoding="ascii")
    supervisor = Supervisor(layout, idle_seconds)
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wish, supervisor.request_stop)
    try:
        server = supervisor.start()
    except StagingError as error:
        _say(str(error))
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        _say(f"the embedded staging database did not start: {type(error).__name__}; see {layout.log}.")
        return 1
    _say(READY)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    supervisor.watch(server)
    return 0


if __name__ == "__main__":
    _detach()
    os.chdir(sys.argv[1])
    sys.exit(supervise(Layout(Path(sys.argv[1])), float(sys.argv[2])))
