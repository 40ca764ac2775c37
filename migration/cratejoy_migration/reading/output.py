"""Writing to the target: whole lines only."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from singer_sdk.singerlib.messages import Message

from cratejoy_migration.loading.errors import LoaderError


class LineWriter(SimpleSingerWriter):
    """Writes the messages that are not documents."""

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            LoaderError: the target has gone.
        """
        write([self.format_message(message), "\n"])


def write(lines: Sequence[str]) -> None:
    """Write lines to standard output as UTF-8, and flush them.

    Raises:
        LoaderError: the target has gone.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write("".join(lines).encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        leave_quietly()
        raise LoaderError("the target has ended before all was read; its own message says why.") from None


def leave_quietly() -> None:
    """Keep Python from stumbling over the broken pipe again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
