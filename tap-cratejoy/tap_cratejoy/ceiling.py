"""When the next request may leave: one ceiling and one pause for all threads."""

from __future__ import annotations

import threading
import time
from collections import deque

_MARGIN = 0.03
"""Seconds added to every second of the ceiling, so that jitter on the way never makes a second hold one too many."""
_CATCH_UP = 0.02
"""Seconds a thread may wake too late without the next one having to wait for it as well."""


class Ceiling:
    """At most so many requests in any second, evenly spaced, and none while a pause lasts.

    Args:
        per_second: Requests a second over all threads; 0 for no ceiling.
    """

    def __init__(self, per_second: float) -> None:
        whole = int(per_second)
        self._span = (1 + _MARGIN) if whole >= 1 and whole == per_second else 0.0
        self._interval = (1 if self._span else 1 + _MARGIN) / per_second if per_second else 0.0
        self._sent: deque[float] = deque(maxlen=whole or 1)
        self._due = 0.0
        self._paused_until = 0.0
        self._lock = threading.Lock()
        self._pausing = threading.Lock()
        self._stopped = threading.Event()
        self.pauses = 0
        self.paused_seconds = 0.0

    def wait(self) -> None:
        """Return when a request may be sent, having counted it. Threads are let through one at a time."""
        with self._lock:
            while (delay := self._next() - time.monotonic()) > 0 and not self._stopped.wait(delay):
                pass
            now = time.monotonic()
            late = now - self._due
            slot = self._due if self._span and late < _CATCH_UP else now
            self._due = slot + self._interval
            self._sent.append(now)

    def pause(self, seconds: float) -> None:
        """Hold all threads for so many seconds from now; a longer pause already on stays."""
        with self._pausing:  # not the other lock, which a thread holds while it waits for its turn
            now = time.monotonic()
            self.pauses += 1
            if now + seconds > self._paused_until:
                self.paused_seconds += now + seconds - max(self._paused_until, now)
                self._paused_until = now + seconds

    @property
    def paused(self) -> bool:
        """Whether a pause is on."""
        return time.monotonic() < self._paused_until

    def stop(self) -> None:
        """Let every waiting thread go at once: the run is ending and nothing more will be sent."""
        self._stopped.set()

    def _next(self) -> float:
        earliest = max(self._due, self._paused_until) if self._interval else self._paused_until
        if self._span and len(self._sent) == self._sent.maxlen:
            earliest = max(earliest, self._sent[0] + self._span)
        return earliest
