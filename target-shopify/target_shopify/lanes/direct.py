"""The direct lane: one call after another for each customer, many customers at once.

How many are in flight is the cost budget's business; this lane only has enough hands, and sees to it that two units
that share an e-mail, a phone or a customer go one after the other, in the order they came.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from target_shopify.errors import RunStopped, TargetError

if TYPE_CHECKING:
    from target_shopify.lanes import Means
    from target_shopify.work import Outcome, Unit


class Carrier(Protocol):
    """Brings one unit to its outcome: `Upsert`, or `Foresight` in a dry run."""

    def settle(self, unit: Unit) -> list[Outcome]:
        """Return one outcome an entry."""


_ROOM_A_HAND = 4
_SECONDS_A_CALL = 2.0
"""Latency to be ready for: a hand waits for its answer so long."""
_POINTS_A_CALL = 10.0
_LEAST_HANDS, _MOST_HANDS = 8, 128
_TICK_SECONDS = 0.05
_ABORT_SECONDS = 20.0


def hands_for(rate: float) -> int:
    """Return how many calls must be in flight to use so many points a second at a latency of two seconds."""
    return int(min(max(rate / _POINTS_A_CALL * _SECONDS_A_CALL, _LEAST_HANDS), _MOST_HANDS))


class Line:
    """Who waits for whom: units that share a key leave in the order they came."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Unit]] = defaultdict(deque)

    def join(self, unit: Unit) -> bool:
        """Queue a unit; return whether it may go at once."""
        for key in unit.keys:
            self._queues[key].append(unit)
        return self._is_first(unit)

    def leave(self, unit: Unit) -> list[Unit]:
        """Take a unit out that is done; return those that may go now."""
        freed: dict[int, Unit] = {}
        for key in unit.keys:
            queue = self._queues[key]
            queue.popleft()
            if queue:
                freed[id(queue[0])] = queue[0]
            else:
                del self._queues[key]
        return [next_one for next_one in freed.values() if self._is_first(next_one)]

    def _is_first(self, unit: Unit) -> bool:
        return all(self._queues[key][0] is unit for key in unit.keys)


class DirectLane:
    """Carries units with single calls.

    Args:
        carrier: Does the work of one unit.
        means: Shop, settlement, clock.
        hands: Calls in flight at most; None to follow the shop's limits.
    """

    def __init__(self, carrier: Carrier, means: Means, hands: int | None = None) -> None:
        self._carrier = carrier
        self._client = means.client
        self._settlement = means.settlement
        self._tick = means.tick
        self._hands = hands or hands_for(means.client.budget.rate)
        self._pool = ThreadPoolExecutor(self._hands, thread_name_prefix="direct")
        self._line = Line()
        self._changed = threading.Condition()
        self._under_way = 0
        self._in_hand = 0
        self._failure: BaseException | None = None

    def submit(self, unit: Unit) -> None:
        """Take a unit; waits while enough are under way."""
        while self._under_way >= self._hands * _ROOM_A_HAND:
            self._wait()
        self._raise_failure()
        with self._changed:
            self._under_way += 1
            ready = self._line.join(unit)
        if ready:
            self._pool.submit(self._carry, unit)

    def finish(self) -> None:
        """Carry all that was taken to its outcome."""
        while self._under_way and self._failure is None:
            self._wait()
        self._raise_failure()

    def abort(self) -> str:
        """Let the calls in flight end, start none."""
        self._client.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + _ABORT_SECONDS
        while self._in_hand and time.monotonic() < until:
            time.sleep(_TICK_SECONDS)
        return ""

    def describe(self) -> str:
        """Return nothing: the points say it all."""
        return ""

    def _wait(self) -> None:
        with self._changed:
            if self._failure is None:
                self._changed.wait(_TICK_SECONDS)
        self._raise_failure()
        self._tick()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _carry(self, unit: Unit) -> None:
        if self._settlement.over:
            return  # the main thread ends the run at its next tick
        with self._changed:
            self._in_hand += 1
        try:
            self._settlement.settle(self._carrier.settle(unit))
        except RunStopped as stopped:
            self._fail(stopped)
        except TargetError as error:
            self._fail(RunStopped(str(error)))
        except BaseException as error:  # noqa: BLE001  # a bug must end the run, not hang it
            self._fail(error)
        else:
            self._done(unit)
        finally:
            with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

    def _done(self, unit: Unit) -> None:
        with self._changed:
            self._under_way -= 1
            ready = self._line.leave(unit)
            self._changed.notify_all()
        if not self._client.stopping:
            for one in ready:
                self._pool.submit(self._carry, one)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()
        self._client.stop()
