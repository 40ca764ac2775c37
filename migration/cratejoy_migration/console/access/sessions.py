"""Who is signed in: sessions in memory, each known to one browser by a cookie."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

SIGNED_OUT = "signed out"
IDLE = "signed out after idling"

Ended = Callable[["Session", str], None]


@dataclass
class Session:
    """One signed-in browser.

    Attributes:
        name: Who it is.
        number: What pages know the session by; whoever learns it can do nothing with it.
        seen: When a person last did something, by the clock of the sessions.
    """

    name: str
    number: str
    seen: float
    listeners: set[Callable[[], None]] = field(default_factory=set)


class Sessions:
    """All sessions; safe to use from any thread. Of the secret in the cookie only a hash is kept.

    Args:
        idle_seconds: A session ends when nobody has done anything for so long.
        ended: Told of each session that ends, and why.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        idle_seconds: float,
        ended: Ended = lambda _session, _why: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.idle_seconds = idle_seconds
        self._ended = ended
        self._clock = clock
        self._lock = threading.Lock()
        self._by_hash: dict[bytes, Session] = {}

    def begin(self, name: str) -> str:
        """Begin a session and return the secret for its cookie."""
        self._sweep()
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._by_hash[_hash(secret)] = Session(name, secrets.token_hex(8), self._clock())
        return secret

    def find(self, secret: str | None) -> Session | None:
        """Return the session that a cookie's secret belongs to, unless it has ended."""
        if not secret:
            return None
        self._sweep()
        with self._lock:
            return self._by_hash.get(_hash(secret))

    def seen(self, session: Session) -> None:
        """Note that a person has just done something."""
        session.seen = self._clock()

    def left(self, session: Session) -> float:
        """Return for how many seconds a session still lives if nobody does anything; 0 when it has ended."""
        with self._lock:
            alive = any(session is other for other in self._by_hash.values())
        return max(0.0, session.seen + self.idle_seconds - self._clock()) if alive else 0.0

    def end(self, number: str) -> None:
        """End a session in all tabs of its browser; nothing happens when there is none of this number."""
        with self._lock:
            found = [key for key, session in self._by_hash.items() if session.number == number]
        self._end(found, SIGNED_OUT)

    def sweep(self, session: Session) -> bool:
        """End what has idled for too long; return whether a session is among the living."""
        self._sweep()
        return self.left(session) > 0

    def _sweep(self) -> None:
        now = self._clock()
        with self._lock:
            found = [key for key, session in self._by_hash.items() if now - session.seen >= self.idle_seconds]
        self._end(found, IDLE)

    def _end(self, keys: list[bytes], why: str) -> None:
        for key in keys:
            with self._lock:
                session = self._by_hash.pop(key, None)
            if session is None:
                continue
            for listener in tuple(session.listeners):
                listener()
            self._ended(session, why)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
