"""Progress a person can read for hours: a bar on a terminal, else a plain line now and then."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

if TYPE_CHECKING:
    from tap_cratejoy.client import CratejoyClient

FIRST_LINE_SECONDS = 5.0
LINE_SECONDS = 30.0
_RATE_WINDOW_SECONDS = 60.0


class StreamProgress:
    """Tells how far one stream is.

    Args:
        stream: Its name.
        client: Its counters of retries and pauses are shown.
        logger: Takes the plain lines.
        bar: Draw a bar instead of writing lines; None to decide by whether stderr is a terminal.
    """

    def __init__(self, stream: str, client: CratejoyClient, logger: logging.Logger, *, bar: bool | None = None) -> None:
        self._stream = stream
        self._client = client
        self._logger = logger
        self._records = 0
        self._began = time.monotonic()
        self._marks = [(self._began, 0)]
        self._due = self._began + FIRST_LINE_SECONDS
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._streams_redirected: list[tuple[logging.StreamHandler[Any], Any]] = []
        if sys.stderr.isatty() if bar is None else bar:
            self._open_bar()

    def page(self, number: int, records: int, rows: int, count: int | None, *, pass_number: int = 1) -> None:
        """Count one page.

        Args:
            number: The server's page number.
            records: Records emitted from it.
            rows: Rows this pass has dealt with so far.
            count: The server's total.
            pass_number: Which pass over the collection.
        """
        self._records += records
        now = time.monotonic()
        self._marks = [mark for mark in self._marks if now - mark[0] < _RATE_WINDOW_SECONDS] or self._marks[-1:]
        rate = (self._records - self._marks[0][1]) / max(now - self._marks[0][0], 1e-6)
        self._marks.append((now, self._records))
        if self._bar is None and now < self._due:
            return
        self._due = now + LINE_SECONDS
        text = self._text(number, rows, count, rate, pass_number)
        if self._bar is None:
            self._logger.info("%s", text)
        else:
            self._bar.update(self._task, completed=rows, total=count, description=text)

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.stop()
            for handler, stream in self._streams_redirected:
                handler.setStream(stream)
            self._bar = None

    def _text(self, number: int, rows: int, count: int | None, rate: float, pass_number: int) -> str:
        parts = [f"{self._stream}: page {number}"]
        if pass_number > 1:
            parts[0] += f" of pass {pass_number}"
        share = f" of {count:,} ({min(100, 100 * rows // count)} %)" if count else ""
        parts.append(f"{rows:,}{share} rows")
        parts.append(f"{rate:,.0f} records/s")
        if count and rate and rows < count:
            parts.append(f"{duration((count - rows) / rate)} left")
        if self._client.retries:
            parts.append(f"{self._client.retries} retries")
        if self._client.ceiling.pauses:
            waited = duration(self._client.ceiling.paused_seconds)
            parts.append(f"{self._client.ceiling.pauses} rate-limit waits ({waited})")
        return ", ".join(parts)

    def _open_bar(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(BarColumn(bar_width=24), TextColumn("{task.description}"), console=console, transient=True)
        self._task = self._bar.add_task(f"{self._stream}: asking for the first page", total=None)
        self._bar.start()
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
                self._streams_redirected.append((handler, handler.stream))
                handler.setStream(sys.stderr)


def duration(seconds: float) -> str:
    """Return a length of time in words: `47 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
