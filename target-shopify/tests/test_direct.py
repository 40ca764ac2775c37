"""The direct lane: enough hands, and nobody overtakes somebody with the same e-mail, phone or id."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_shopify.budget import Budget
from target_shopify.errors import AnswerLost, LimitReached, RunStopped
from target_shopify.intake import grouped
from target_shopify.lanes.direct import DirectLane, Line, hands_for
from target_shopify.mapping.member import Member
from target_shopify.work import Entry, Outcome, Ticket, Unit


def entry(number: int, email: str | None = None, phone: str | None = None) -> Entry:
    ticket = Ticket(str(number), number, "", {}, 0)
    return Entry(ticket, Member(number, email=email, phone=phone), None)


def unit(number: int, email: str | None = None, phone: str | None = None) -> Unit:
    return Unit([entry(number, email, phone)])


class Client:
    """What the lane needs of a client."""

    def __init__(self) -> None:
        self.budget = Budget()
        self.stopping = False

    def stop(self) -> None:
        self.stopping = True


class Basket:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.over = False

    def settle(self, outcomes: list[Outcome]) -> None:
        self.outcomes += outcomes


def lane(carry: Any, hands: int = 8, tick: Any = lambda: None) -> tuple[DirectLane, Basket]:
    basket = Basket()
    means = SimpleNamespace(client=Client(), settlement=basket, tick=tick)
    return DirectLane(SimpleNamespace(settle=carry), means, hands), basket  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "hands"), [(50, 10), (100, 20), (200, 40), (1000, 128), (2000, 128), (1, 8)])
def test_hands_follow_the_shops_rate(rate: float, hands: int) -> None:
    """So many calls of ten points and two seconds each use so many points a second."""
    assert hands_for(rate) == hands


def test_units_that_share_nothing_go_at_once() -> None:
    line = Line()

    assert line.join(unit(1, "a@example.com"))
    assert line.join(unit(2, "b@example.com"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (unit(1, "a@example.com"), unit(2, "A@EXAMPLE.com")),
        (unit(1, phone="+15032000001"), unit(2, phone="+15032000001")),
        (unit(1, "a@example.com"), unit(1, "b@example.com")),
    ],
    ids=["e-mail in any case", "phone", "id"],
)
def test_a_unit_waits_for_one_that_shares_something(first: Unit, second: Unit) -> None:
    line = Line()
    assert line.join(first)
    assert not line.join(second)
    assert line.leave(first) == [second]
    assert line.leave(second) == []


def test_a_unit_that_waits_for_two_goes_after_both() -> None:
    line = Line()
    first, second = unit(1, "a@example.com"), unit(2, phone="+15032000001")
    both = unit(3, "a@example.com", "+15032000001")
    line.join(first)
    line.join(second)
    assert not line.join(both)
    assert line.leave(first) == []
    assert line.leave(second) == [both]


KEYS = st.tuples(
    st.integers(1, 6),
    st.sampled_from([None, "a@example.com", "b@example.com", "A@example.com"]),
    st.sampled_from([None, "+15032000001", "+15032000002"]),
)


@given(st.lists(KEYS, max_size=40), st.randoms(use_true_random=False))
def test_whatever_units_share_all_go_and_none_overtakes(wanted: list[Any], draw: Any) -> None:
    line = Line()
    units = [unit(*keys) for keys in wanted]
    order: list[Unit] = []
    going: list[Unit] = []
    waiting = list(units)
    while waiting or going:
        if waiting and (not going or draw.random() < 0.6):
            one = waiting.pop(0)
            if line.join(one):
                going.append(one)
        else:
            one = going.pop(draw.randrange(len(going)))
            order.append(one)
            going += line.leave(one)
        shared = [key for one in going for key in one.keys]
        assert len(shared) == len(set(shared)), "two under way share something"

    assert sorted(map(id, order)) == sorted(map(id, units))
    by_key: dict[str, list[int]] = defaultdict(list)
    for one in order:
        for key in one.keys:
            by_key[key].append(next(place for place, other in enumerate(units) if other is one))
    assert all(places == sorted(places) for places in by_key.values())
    assert not line._queues


def test_the_lane_carries_all_and_keeps_the_order_of_those_that_share() -> None:
    seen: list[int] = []
    lock = threading.Lock()

    def carry(one: Unit) -> list[Outcome]:
        time.sleep(random.random() * 0.003)
        with lock:
            seen.append(one.leader.ticket.cratejoy_id or 0)
        return [Outcome(entry.ticket, "created") for entry in one.entries]

    direct, basket = lane(carry)
    for number in range(1, 201):
        direct.submit(unit(number, f"{number % 5}@example.com"))
    direct.finish()

    assert len(basket.outcomes) == 200
    for rest in range(5):
        mine = [number for number in seen if number % 5 == rest]
        assert mine == sorted(mine)


def test_no_more_are_under_way_than_there_are_hands() -> None:
    now, most = [0], [0]
    lock = threading.Lock()

    def carry(one: Unit) -> list[Outcome]:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1
        return []

    direct, _ = lane(carry, hands=3)
    for number in range(40):
        direct.submit(unit(number))
    direct.finish()

    assert most[0] == 3


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (LimitReached("enough"), LimitReached),
        (AnswerLost("lost"), RunStopped),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
)
def test_what_ends_one_ends_the_lane(error: Exception, ends: type[Exception]) -> None:
    def carry(one: Unit) -> list[Outcome]:
        if one.leader.ticket.key == "5":
            raise error
        return []

    def load() -> None:
        for number in range(1000):
            direct.submit(unit(number))
        direct.finish()

    direct, _ = lane(carry)
    with pytest.raises(ends):
        load()
    assert direct._client.stopping


def test_ending_early_waits_for_what_is_in_hand_and_starts_nothing() -> None:
    started = threading.Event()

    def carry(one: Unit) -> list[Outcome]:
        started.set()
        time.sleep(0.3)
        return [Outcome(entry.ticket, "created") for entry in one.entries]

    direct, basket = lane(carry, hands=2)
    for number in range(8):
        direct.submit(unit(number))
    started.wait(5)
    direct.abort()

    assert 1 <= len(basket.outcomes) <= 2


def test_documents_of_one_email_travel_together_the_lowest_id_first() -> None:
    units = grouped(
        [entry(3, "a@example.com"), entry(9), entry(1, "A@Example.com"), entry(8), entry(2, "b@example.com")]
    )

    assert [[one.ticket.key for one in unit.entries] for unit in units] == [["1", "3"], ["9"], ["8"], ["2"]]
