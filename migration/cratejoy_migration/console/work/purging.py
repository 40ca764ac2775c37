"""A purge that was confirmed: the command itself, in a process of its own, since it takes the record of all runs along.

While it runs, and until somebody begins anew, the console leaves the staging database alone: an embedded one would come
back to life.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from cratejoy_migration.console import place
from cratejoy_migration.errors import OperatorError

CLOSED = "A purge was started, and the database is left alone: see the page Undo and erase."


@dataclass(frozen=True)
class State:
    """How a purge stands.

    Attributes:
        who: Who started it.
        began_at: When.
        status: Exit status; None while it runs.
        text: What it has said so far: the plan, what was removed, the proof.
    """

    who: str
    began_at: datetime
    status: int | None
    text: str


class Purging:
    """At most one purge at a time in this console; closing a browser does not end it, ending the console neither."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._who = ""
        self._began_at = datetime.now(UTC)

    def start(self, shop: str, who: str) -> None:
        """Start it.

        Args:
            shop: As the person typed it; the command compares it.
            who: Who starts it.

        Raises:
            OperatorError: One is going on already, or it cannot be started.
        """
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                raise OperatorError("A purge is going on already.")
            place.close(CLOSED)
            self._said = tempfile.TemporaryFile()  # noqa: SIM115  # outlives this call
            self._who, self._began_at = who, datetime.now(UTC)
            try:
                self._process = subprocess.Popen(
                    [str(Path(sys.executable).parent / "migration"), "purge", "--confirm", shop],
                    cwd=place.project(),
                    env={**place.environment(), "COLUMNS": "100"},
                    stdin=subprocess.DEVNULL,
                    stdout=self._said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                self._process = None
                place.open_again()
                raise OperatorError(
                    f"The purge could not be started ({error.strerror}), so nothing went: install the project again."
                ) from None

    def state(self) -> State | None:
        """Return how the last purge stands; None when there was none, or somebody began anew since."""
        with self._lock:
            if self._process is None or self._said is None:
                return None
            size = os.fstat(self._said.fileno()).st_size
            text = os.pread(self._said.fileno(), size, 0).decode("utf-8", "replace")
            return State(self._who, self._began_at, self._process.poll(), text)

    def begin_anew(self) -> None:
        """Forget it, and let the pages have the database again; nothing happens while it runs."""
        with self._lock:
            if self._process is None or self._process.poll() is None:
                return
            self._process = None
            if self._said is not None:
                self._said.close()
            place.open_again()


PURGING = Purging()
