"""What a run says: to the console, and to a log of limited size that only its owner can read."""

from __future__ import annotations

import io
import logging
import logging.handlers
import os
import re
import sys
from datetime import datetime
from pathlib import Path

FILE = "run.log"
_MOST_BYTES = 10_000_000
_OLD_FILES = 4
_HOUSEKEEPING = re.compile(r"^\S+Z \[(?:info|warning) *\] meltano ")


class RunLog:
    """The console and the log file; neither being gone or full ends a run.

    Args:
        folder: Where the file lies.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = folder / FILE
        self._handler = _OwnersFile(self.file, maxBytes=_MOST_BYTES, backupCount=_OLD_FILES, encoding="utf-8")
        self._console = True

    def event(self, text: str, *, aside: bool = False) -> None:
        """Say what happened, with the time; what is said on the console in another way goes to the file alone."""
        self._put(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {text}", console=not aside)

    def line(self, text: str) -> None:
        """Pass on a line of a program as it is; what Meltano says of itself goes to the file alone."""
        self._put(text, console=not _HOUSEKEEPING.search(text))

    def _put(self, text: str, *, console: bool) -> None:
        self._handler.emit(logging.makeLogRecord({"msg": text}))
        if console and self._console:
            try:
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
            except (OSError, ValueError):
                self._leave_console()

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def _leave_console(self) -> None:
        """Nobody reads any more: the log goes on alone, and Python has nothing left to flush at exit."""
        self._console = False
        sys.stdout = io.StringIO()


class _OwnersFile(logging.handlers.RotatingFileHandler):
    """A log file with mode 0600 whose troubles stay with it."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        return io.TextIOWrapper(io.FileIO(descriptor, "a"), encoding=self.encoding, errors="replace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name is logging's
        """Do nothing: a full disk must not end what could go on."""
