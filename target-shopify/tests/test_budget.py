"""The cost budget: all points used, none beyond, whatever the shop's limits turn out to be."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_shopify.budget import Budget


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(left: float, *, maximum: float = 2000, rate: float = 100, actual: float | None = 10) -> dict[str, object]:
    return {
        "requestedQueryCost": 10, "actualQueryCost": actual,
        "throttleStatus": {"maximumAvailable": maximum, "currentlyAvailable": left, "restoreRate": rate},
    }  # fmt: skip


def waits(budget: Budget, cost: float) -> bool:
    """Whether a call of this cost has to wait."""
    thread = threading.Thread(target=lambda: budget.take(cost), daemon=True)
    thread.start()
    thread.join(0.05)
    held = thread.is_alive()
    budget.stop()
    thread.join(2)
    return held


def test_the_limits_are_the_shops_own() -> None:
    budget = Budget(Clock())
    assert not budget.known
    assert budget.take(10)
    budget.settle(10, told(19_990, maximum=20_000, rate=1000))

    assert (budget.known, budget.maximum, budget.rate) == (True, 20_000, 1000)
    assert not waits(budget, 5000)


def test_a_call_waits_when_the_bucket_is_empty() -> None:
    budget = Budget(Clock())
    budget.take(10)
    budget.settle(10, told(0))

    assert waits(budget, 10)


def test_a_call_goes_when_enough_was_restored() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.take(10)
    budget.settle(10, told(0))
    clock.now += 1  # 100 points; 40 are kept as a margin

    assert not waits(budget, 60)


def test_the_margin_is_not_spent() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.take(10)
    budget.settle(10, told(0))
    clock.now += 1

    assert waits(budget, 61)


def test_calls_on_their_way_count() -> None:
    budget = Budget(Clock())
    budget.take(10)
    budget.settle(10, told(2000))
    for _ in range(3):
        assert budget.take(600)

    assert waits(budget, 600)


def test_what_a_call_did_not_use_is_given_back() -> None:
    budget = Budget(Clock())
    budget.take(1000)
    budget.settle(1000, told(1990, actual=10))

    assert budget.used == 10
    assert not waits(budget, 1900)


def test_a_call_that_asks_for_more_than_the_bucket_holds_goes_from_a_full_one() -> None:
    budget = Budget(Clock())
    budget.take(10)
    budget.settle(10, told(1000, maximum=1000))

    assert not waits(budget, 5000)


def test_a_throttled_call_costs_nothing_and_is_counted() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.take(10)
    budget.settle(10, told(5, actual=None), throttled=True)

    assert (budget.used, budget.throttled) == (0, 1)
    assert waits(budget, 10)


def test_an_answer_without_figures_frees_what_was_on_its_way() -> None:
    clock = Clock()
    budget = Budget(clock)
    assert budget.take(900)
    budget.settle(900, None)
    clock.now += 20

    assert not waits(budget, 900)


def test_a_hold_stops_all_calls_for_so_long() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.hold(5)
    clock.now += 4.9
    assert waits(budget, 1)

    other = Budget(clock)
    other.hold(5)
    clock.now += 5.1
    assert not waits(other, 1)


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.hold(60)
    budget.hold(1)
    clock.now += 30

    assert waits(budget, 1)


def test_who_waits_gives_up_when_the_run_stops() -> None:
    budget = Budget()
    budget.hold(60)
    threading.Timer(0.05, budget.stop).start()
    began = time.monotonic()

    assert budget.take(1) is False
    assert time.monotonic() - began < 2


def test_many_who_wait_do_not_all_look_at_every_point() -> None:
    class Watched(Budget):
        looks = 0

        def _wait_for(self, cost: float) -> float:
            self.looks += 1
            return super()._wait_for(cost)

    budget = Watched()
    budget.take(10)
    budget.settle(10, told(0, maximum=1000, rate=500))
    hands = [threading.Thread(target=budget.take, args=(10,)) for _ in range(50)]
    began = time.monotonic()
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(20)

    assert not any(hand.is_alive() for hand in hands)
    assert time.monotonic() - began > 0.9
    assert budget.looks < 5 * len(hands)


@pytest.mark.parametrize("nonsense", [{}, {"throttleStatus": None}, {"throttleStatus": {"restoreRate": 0}}])
def test_figures_that_make_no_sense_do_no_harm(nonsense: dict[str, object]) -> None:
    budget = Budget(Clock())
    budget.take(10)
    budget.settle(10, nonsense)

    assert budget.rate > 0
    assert not waits(budget, 10)


@given(costs=st.lists(st.floats(1, 400), min_size=1, max_size=60), latency=st.integers(1, 6))
def test_a_real_bucket_is_never_overdrawn(costs: list[float], latency: int) -> None:
    """Calls of any cost, several in flight, charged on arrival as Shopify does: not one THROTTLED."""
    clock = Clock()
    budget = Budget(clock)
    left, at = 1000.0, clock.now
    in_flight: list[float] = []

    def refill() -> None:
        nonlocal left, at
        left, at = min(1000.0, left + (clock.now - at) * 50), clock.now

    def answered() -> None:
        cost = in_flight.pop(0)
        budget.settle(cost, told(left, maximum=1000, rate=50, actual=cost))

    for cost in costs:
        for _ in range(10_000):
            if budget._wait_for(cost) <= 0:
                break
            clock.now += 0.25
            refill()
            if in_flight:
                answered()
        assert budget.take(cost)
        refill()
        assert left >= cost, "Shopify would have said THROTTLED"
        left -= cost
        in_flight.append(cost)
        if len(in_flight) >= latency:
            answered()
