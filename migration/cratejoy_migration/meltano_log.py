"""What Meltano's console shows of a run: lines for people. Named by logging.yaml, loaded by Meltano itself.

As the only code of ours inside Meltano it also keeps Meltano's files to their owner: what Meltano writes for a plugin
holds its keys for as long as the plugin runs, and for good when Meltano is killed.

Metrics are for machines: the plugins write them to their own stderr, and this console leaves them out, as it does what
Meltano tells of its own plumbing. A traceback of Meltano's own pipes says nothing to a user; the plugin that failed has
said why in one line before.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from meltano.core.logging import console_log_formatter

from cratejoy_migration.staging.project import project_folder

SENTENCE = "The loader ended before all was read; its own message above says why."
_PLUMBING = re.compile(
    r"Using (\S+ state backend|logging configuration)|Reading state from|Running catalog discovery|Block run completed|"
    r"No state was found"
)
"""What Meltano says to itself on the way; no state is what every first run begins with."""
_PIPES = (BrokenPipeError, ConnectionResetError)


def formatter() -> logging.Formatter:
    """Return Meltano's own formatter, in colours on a terminal."""
    keep_private(project_folder() / ".meltano")
    return console_log_formatter(colors=sys.stderr.isatty())


def keep_private(folder: Path) -> None:
    """Let only their owner read the files that this process writes from now on, and those in Meltano's folder."""
    os.umask(0o077)
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)


class Readable(logging.Filter):
    """Leaves out metrics, Meltano's talk to itself and the tracebacks of broken pipes."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self._said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is shown; the first broken pipe of a run becomes a sentence."""
        event = record.msg if isinstance(record.msg, dict) else {}
        error = event.get("exc_info") or record.exc_info
        if issubclass(_kind_of(error), _PIPES):
            said, self._said = self._said, True
            record.exc_info = None
            if record.msg is event:
                event.pop("exc_info", None)
                event["event"] = SENTENCE
            else:
                record.msg, record.args = SENTENCE, ()
            return not said
        told = str(event.get("event", ""))
        return told != "METRIC" and not (record.levelno < logging.ERROR and _PLUMBING.match(told))


def _kind_of(error: Any) -> type[BaseException]:
    """Return the class of what a log call gave as exc_info: an exception, a triple, or True for the one in flight."""
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    return type(error) if isinstance(error, BaseException) else Exception
