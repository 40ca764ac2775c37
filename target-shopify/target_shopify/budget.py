"""The shop's cost budget: many calls in flight, all points used, none beyond.

Platform facts (limits page; recorded live answers): every answer carries `extensions.cost` with the requested and the
actual cost and `throttleStatus` {maximumAvailable, currentlyAvailable, restoreRate}. The requested cost is taken
before the call runs, the difference to the actual cost is given back. Limits belong to one app and one shop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

_MARGIN = 0.02
"""Part of the bucket that stays unspent: what rounding and clocks can be off by."""


class Budget:
    """A model of the bucket at Shopify, corrected by every answer; safe to share between threads.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._maximum = 1000.0
        self._rate = 50.0
        self._available = 1000.0
        self._at = clock()
        self._in_flight = 0.0
        self._held_until = 0.0
        self._stopped = False
        self.known = False
        """Whether an answer has told the limits yet."""
        self.used = 0.0
        """Points of all answers so far, as charged."""
        self.throttled = 0
        """Answers that said THROTTLED."""

    @property
    def rate(self) -> float:
        """Points the shop restores in a second."""
        return self._rate

    @property
    def maximum(self) -> float:
        """Points the bucket holds."""
        return self._maximum

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def take(self, cost: float) -> bool:
        """Wait until a call may go out, and count it as on its way; one caller waits for points, the others for him.

        Args:
            cost: Points the call will request.

        Returns:
            False when the run is stopping and the call must not go out.
        """
        with self._turn, self._changed:
            while not self._stopped:
                wait = self._wait_for(cost)
                if wait <= 0:
                    self._available -= cost
                    self._in_flight += cost
                    return True
                self._changed.wait(min(wait, 1.0))
        return False

    def settle(self, cost: float, told: Mapping[str, Any] | None, *, throttled: bool = False) -> None:
        """Take in an answer.

        Args:
            cost: What `take` was asked for.
            told: `extensions.cost` of the answer; None when there was none.
            throttled: The answer was THROTTLED: nothing ran.
        """
        with self._changed:
            self._refill()
            self._in_flight -= cost
            self.throttled += throttled
            if told:
                self._correct(cost, told)
            self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Let no call out for so long."""
        with self._changed:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def _wait_for(self, cost: float) -> float:
        self._refill()
        held = self._held_until - self._clock()
        wanted = min(cost + self._maximum * _MARGIN, self._maximum)
        return max(held, (wanted - self._available) / self._rate)

    def _refill(self) -> None:
        now = self._clock()
        self._available = min(self._maximum - self._in_flight, self._available + (now - self._at) * self._rate)
        self._at = now

    def _correct(self, cost: float, told: Mapping[str, Any]) -> None:
        status = told.get("throttleStatus") or {}
        actual = told.get("actualQueryCost")
        charged = float(actual) if actual is not None else 0.0
        self.used += charged
        self._available += cost - charged
        if not status:
            return
        self.known = True
        self._maximum = max(1.0, float(status.get("maximumAvailable") or self._maximum))
        self._rate = max(0.1, float(status.get("restoreRate") or self._rate))
        left = float(status.get("currentlyAvailable", self._available))
        # The calls on their way may be counted in `left` already, or not yet.
        self._available = min(max(self._available, left - self._in_flight), left)
