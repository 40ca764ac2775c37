"""No second ever holds more requests than allowed, whatever the threads do; a pause holds them all."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy import ceiling as module
from tap_cratejoy.ceiling import Ceiling


class Clock:
    """Time that only passes when somebody waits for it, a little late where a test says so."""

    def __init__(self, lateness: Callable[[], float] = lambda: 0.0) -> None:
        self.now = 1000.0
        self.lateness = lateness
        self.during_wait: Callable[[], None] | None = None

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        if self.during_wait:
            call, self.during_wait = self.during_wait, None
            call()
        self.now += seconds + self.lateness()
        return False

    def is_set(self) -> bool:
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def ceiling_on(clock: Clock, per_second: float) -> Ceiling:
    ceiling = Ceiling(per_second)
    ceiling._stopped = clock  # type: ignore[assignment]
    return ceiling


def send(ceiling: Ceiling, clock: Clock, number: int) -> list[float]:
    sent = []
    for _ in range(number):
        ceiling.wait()
        sent.append(clock.now)
    return sent


def most_within(sent: list[float], seconds: float) -> int:
    return max(sum(begin <= moment <= begin + seconds for moment in sent) for begin in sent)


@pytest.mark.parametrize("per_second", [1, 2, 5, 50])
def test_no_second_holds_more_than_the_ceiling_and_nearly_all_of_it_is_used(clock: Clock, per_second: int) -> None:
    sent = send(ceiling_on(clock, per_second), clock, per_second * 20 + 1)
    assert most_within(sent, 1.0) == per_second
    assert 0.95 * per_second <= (len(sent) - 1) / (sent[-1] - sent[0]) <= per_second


@pytest.mark.parametrize(("per_second", "seconds", "most"), [(0.5, 2, 1), (2.5, 2, 5), (0.1, 10, 1), (1.5, 2, 3)])
def test_a_fractional_ceiling_holds_over_as_many_seconds_as_make_it_whole(
    clock: Clock, per_second: float, seconds: int, most: int
) -> None:
    sent = send(ceiling_on(clock, per_second), clock, 60)
    assert most_within(sent, seconds) == most
    assert most_within(sent, 1.0) <= math.ceil(per_second)
    assert 0.95 * per_second <= (len(sent) - 1) / (sent[-1] - sent[0]) <= per_second


def test_requests_are_spread_over_the_second_and_never_come_in_bursts(clock: Clock) -> None:
    sent = send(ceiling_on(clock, 5), clock, 50)
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert min(gaps) > 0.15


@given(st.sampled_from([1, 2, 5, 50]), st.lists(st.floats(0, 0.3), min_size=1), st.lists(st.floats(0, 3), min_size=1))
def test_late_wakes_and_idle_times_never_lead_to_a_second_with_one_too_many(
    per_second: int, lateness: list[float], idle: list[float]
) -> None:
    late, pauses = iter(lateness * 200), iter(idle * 200)
    clock = Clock(lambda: next(late, 0.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "time", clock)
        ceiling = ceiling_on(clock, per_second)
        sent = []
        for number in range(40):
            clock.now += next(pauses) if number % 7 == 0 else 0
            sent += send(ceiling, clock, 1)
    assert most_within(sent, 1.0) <= per_second


def test_no_ceiling_lets_everything_through_at_once(clock: Clock) -> None:
    sent = send(ceiling_on(clock, 0), clock, 1000)
    assert sent[-1] == sent[0]


def test_a_pause_holds_even_without_a_ceiling(clock: Clock) -> None:
    ceiling = ceiling_on(clock, 0)
    ceiling.pause(30)
    assert ceiling.paused
    assert send(ceiling, clock, 2) == [1030.0, 1030.0]
    assert not ceiling.paused


def test_a_pause_that_begins_while_a_thread_waits_for_its_turn_holds_it_too(clock: Clock) -> None:
    ceiling = ceiling_on(clock, 2)
    ceiling.wait()
    clock.during_wait = lambda: ceiling.pause(60)
    ceiling.wait()
    assert clock.now == pytest.approx(1060)


def test_a_shorter_pause_never_ends_a_longer_one(clock: Clock) -> None:
    ceiling = ceiling_on(clock, 0)
    ceiling.pause(60)
    ceiling.pause(1)
    ceiling.wait()
    assert clock.now == 1060


def test_after_a_pause_the_ceiling_holds_from_the_first_request(clock: Clock) -> None:
    ceiling = ceiling_on(clock, 5)
    send(ceiling, clock, 3)
    ceiling.pause(10)
    assert most_within(send(ceiling, clock, 30), 1.0) <= 5


def test_pauses_are_counted_and_overlapping_ones_add_no_time(clock: Clock) -> None:
    ceiling = ceiling_on(clock, 0)
    ceiling.pause(10)
    ceiling.pause(4)
    clock.now += 8
    ceiling.pause(5)
    assert ceiling.pauses == 3
    assert ceiling.paused_seconds == pytest.approx(13)


# Real threads, real time


@pytest.mark.parametrize(("per_second", "requests"), [(50, 60), (5, 6)])
def test_many_threads_share_one_ceiling(per_second: int, requests: int) -> None:
    ceiling, sent = Ceiling(per_second), []

    def one(_: int) -> None:
        ceiling.wait()
        sent.append(time.monotonic())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(requests)))
    assert len(sent) == requests
    assert most_within(sent, 0.99) <= per_second
    assert sent[-1] - sent[0] < 3 * requests / per_second


def test_a_pause_holds_all_threads() -> None:
    ceiling, sent = Ceiling(0), []
    ceiling.pause(0.3)
    begun = time.monotonic()

    def one(_: int) -> None:
        ceiling.wait()
        sent.append(time.monotonic() - begun)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert min(sent) >= 0.25


def test_stop_lets_every_waiting_thread_go() -> None:
    ceiling = Ceiling(0.01)
    ceiling.pause(3600)
    threads = [threading.Thread(target=ceiling.wait, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    ceiling.stop()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_pauses_of_many_threads_at_once_leave_the_longest() -> None:
    for _ in range(20):
        ceiling, start = Ceiling(0), threading.Barrier(8)

        def pause(seconds: int, ceiling: Ceiling = ceiling, start: threading.Barrier = start) -> None:
            start.wait()
            ceiling.pause(seconds)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(pause, [1, 100, 2, 3, 4, 5, 6, 7]))
        assert ceiling.pauses == 8
        assert ceiling._paused_until - time.monotonic() > 90
