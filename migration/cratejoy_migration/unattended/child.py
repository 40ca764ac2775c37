"""One program of the project at a time: its lines out, our signals in, its end awaited."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType

from cratejoy_migration.unattended import leash

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 180.0
"""How long a program may take to end cleanly after a signal; then it is killed, which it survives too."""
_KEPT_LINES = 400
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, and its last lines."""

    status: int
    lines: Sequence[str] = field(default_factory=tuple)


class Children:
    """Starts programs, and passes on the signals that this process gets while one runs.

    Attributes:
        signal: The first signal that asked this process to end; 0 when none did.
        variables: Added to the environment of every program.
    """

    def __init__(self, folder: Path) -> None:
        self.signal: int = 0
        self.variables: Mapping[str, str] = {}
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        """Take over the signals from now on; one that was ignored (nohup) stays ignored."""
        for number in PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._received)

    def run(self, command: Sequence[str], variables: Mapping[str, str], on_line: Callable[[str], None]) -> Ended:
        """Run a program to its end; every line it writes goes to `on_line`.

        Args:
            command: A path and its arguments.
            variables: Added to the environment.
            on_line: Told every line, without its end.
        """
        if self.signal:
            return Ended(128 + self.signal)
        kept: deque[str] = deque(maxlen=_KEPT_LINES)
        with subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command],
            cwd=self._folder,
            env={**os.environ, **self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C comes to us alone, and goes on once
        ) as process:
            self._process = process
            self._pass_on(self.signal)  # it came while the program was being started
            for line in process.stdout or ():
                kept.append(line.rstrip("\n"))
                on_line(kept[-1])
            status = process.wait()
            self._process = None
        return Ended(status if status >= 0 else 128 - status, tuple(kept))

    def rest(self, span: timedelta) -> None:
        """Sleep, but not through a signal."""
        deadline = time.monotonic() + span.total_seconds()
        while not self.signal and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))

    def _received(self, number: int, frame: FrameType | None) -> None:
        del frame
        first = not self.signal
        self.signal = self.signal or number
        self._pass_on(number)
        if first and self._process is not None:
            patience = threading.Timer(GRACE_SECONDS, self._kill, [self._process.pid])
            patience.daemon = True
            patience.start()

    def _pass_on(self, number: int) -> None:
        if number and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)  # Meltano ends cleanly at this one only

    def _kill(self, group: int) -> None:
        if self._process is not None and self._process.pid == group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
