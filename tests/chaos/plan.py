"""A round from its seed alone: the store, the shop, the settings, the faults and the kills. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.chaos import menu

COLLECT_VICTIMS = (
    "tap-cratejoy", "tap-cratejoy", "staging-target-postgres", "staging-target-postgres", "runner", "everything",
    "cratejoy", "cratejoy", "postgres", "backend", "supervisor",
)  # fmt: skip
MIGRATE_VICTIMS = (
    "staging-tap-postgres", "staging-target-shopify", "staging-target-shopify", "staging-target-shopify", "runner",
    "everything", "shopify", "shopify", "postgres", "backend", "supervisor", "migration",
)  # fmt: skip
STORES = 12
"""How many different stores of a size there are."""
ROWS_A_CUSTOMER = 14
BULK_REQUESTS = 24
"""About how long a run is, in requests: so that kills come while it works."""


@dataclass(frozen=True)
class Event:
    """Something that happens to a run once.

    Attributes:
        what: `kill`, or `away`: a platform closes every connection for a while.
        who: The victim, or the platform.
        after: Requests that the platform of this leg has seen by then; 0: as soon as the victim is there.
        pause: Seconds more.
        seconds: How long a platform is away, or a killed sandbox down.
    """

    what: str
    who: str
    after: int
    pause: float
    seconds: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """One run of a command under faults."""

    faults: dict[str, Any]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Leg:
    """Collect and then migrate, each some times under faults, then in peace; before it the store may have changed."""

    collect: tuple[Attempt, ...]
    migrate: tuple[Attempt, ...]
    edits: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything that is decided about a round."""

    seed: int
    customers: int
    store: int
    twins: int
    oddities: int
    owned: int
    meltano: bool
    external: bool
    tap: dict[str, Any]
    target: dict[str, Any]
    grant: bool
    shop: dict[str, Any]
    nature: dict[str, Any]
    legs: tuple[Leg, ...]
    unattended: bool = False
    closing: dict[str, tuple[Attempt, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Closing:
    """What some rounds end with.

    Attributes:
        share: Of rounds that do.
        platform: Where its requests are counted.
        victims: Who may be killed meanwhile; nobody when empty.
        requests: About how many there are.
    """

    share: float
    platform: str = "shopify"
    victims: tuple[str, ...] = ()
    requests: int = 20


CLOSING = {
    "audit": Closing(0.3),
    "backfill": Closing(0.3, "cratejoy", ("runner", "everything", "cratejoy", "staging-target-postgres"), 20),
    "again": Closing(0.4),
    "verify": Closing(0.5, "shopify", ("runner", "shopify", "backend"), 6),
    "calm": Closing(0.25),
    "rollback": Closing(0.35, "shopify", ("runner", "runner", "shopify", "backend", "postgres"), 16),
    "purge": Closing(0.25, "shopify", ("runner", "backend"), 0),
}
"""In this order."""
STOPPED = 0.15
"""Share of attempts at Shopify that meet what ends a run at once."""
SHUFFLED = 40
"""So many answers come in an order of their own where nobody is there to give up."""
UNATTENDED = 0.1
"""Share of rounds that `migration run --until` walks by itself."""


def dice_of(seed: int, part: str) -> random.Random:
    """Return the dice of one part of a round: a new part does not change the others."""
    return random.Random(f"{seed} {part}")


def plan(seed: int, most_customers: int = 60) -> Plan:
    """Return the round of a seed."""
    d = dice_of(seed, "round")
    orders = d.choices(["history", "create"], [3, 1])[0]
    lane = d.choices(["direct", "bulk", "auto"], [5, 4, 1])[0]
    nature = {dish.name: value for dish, value in menu.pick(menu.NATURES, dice_of(seed, "nature"), 3)}
    customers = d.randint(20, most_customers) if orders == "history" else d.randint(15, 25)
    page_size = d.choice([5, 8, 13, 20, 40])
    scale = {
        "collect": customers * ROWS_A_CUSTOMER // page_size,
        "migrate": BULK_REQUESTS if lane == "bulk" else customers * (2 if orders == "history" else 6),
    }
    legs = tuple(_leg(seed, number, lane, scale) for number in range(d.choices([1, 2], [5, 1])[0]))
    unattended = dice_of(seed, "unattended").random() < UNATTENDED
    return Plan(
        seed=seed,
        customers=customers,
        store=d.randrange(STORES),
        twins=d.randint(0, 6),
        oddities=d.randint(0, 4),
        owned=d.randint(0, 7),
        meltano=d.random() < 0.6,
        external=d.random() < 0.2,
        tap={"page_size": page_size, **_tap_settings(dice_of(seed, "tap"), legs)},
        target={
            "lane": lane,
            "orders": orders,
            "conflict": d.choices(["adopt", "skip"], [4, 1])[0],
            "update_policy": d.choices(["merge", "replace"], [3, 1])[0],
            "concurrency": d.choice([None, None, 1, 3, 8]),
        },
        grant=d.random() < 0.25,
        shop={"plan": d.choice(["standard", "advanced", "plus"]), "bulk_rate": d.choice([0, 2, 5, 20])},
        nature=nature,
        legs=tuple(map(_that_calms_down, legs)) if unattended else legs,
        unattended=unattended,
        closing={
            name: found for name, one in CLOSING.items() if (found := _closing(dice_of(seed, name), one)) is not None
        },
    )


def _tap_settings(d: random.Random, legs: Iterable[Leg]) -> dict[str, Any]:
    faults = {name for leg in legs for attempt in leg.collect for name in attempt.faults}
    honest = faults.isdisjoint(dish.name for dish in menu.CRATEJOY if not dish.honest)
    return {
        "concurrency": d.randint(1, 6),
        "on_incomplete": d.choice(["warn", "fail"]) if honest else "fail",
        "state_interval": d.choice([0, 1, 20]),
    }


def _leg(seed: int, number: int, lane: str, scale: dict[str, int]) -> Leg:
    d = dice_of(seed, f"leg {number}")
    dishes = menu.SHOPIFY + (menu.BULK * 2 if lane == "bulk" else ())
    return Leg(
        collect=_attempts(d, menu.CRATEJOY, COLLECT_VICTIMS, "cratejoy", scale["collect"]),
        migrate=_attempts(d, dishes, MIGRATE_VICTIMS, "shopify", scale["migrate"]),
        edits=d.randint(1, 6) if number else 0,
    )


def _that_calms_down(leg: Leg) -> Leg:
    """Return a leg whose orders are shuffled for a while only.

    What is in another order at every request can never be proven whole, and an unattended walk rightly never gives up.
    """
    attempts = []
    for one in leg.collect:
        brief = {"shuffled": {"how": "anew", "times": SHUFFLED}} if "shuffled" in one.faults else {}
        attempts.append(replace(one, faults={**one.faults, **brief}))
    return replace(leg, collect=tuple(attempts))


def _attempts(
    d: random.Random, dishes: tuple[menu.Dish, ...], victims: tuple[str, ...], platform: str, requests: int
) -> tuple[Attempt, ...]:
    attempts = []
    for _ in range(d.choices([0, 1, 2, 3], [1, 6, 4, 1])[0]):
        faults = {dish.name: value for dish, value in menu.pick(dishes, d, 5, 1)}
        if platform == "shopify" and d.random() < STOPPED:
            faults |= {dish.name: value for dish, value in menu.pick(menu.STOPS, d, 1, 1)}
        events = tuple(_events(d, victims, platform, requests))
        if events or d.random() < 0.3:
            faults["latency"] = round(d.uniform(0.01, 0.1), 3)
        attempts.append(Attempt(faults, events))
    return tuple(attempts)


def _events(d: random.Random, victims: tuple[str, ...], platform: str, requests: int) -> Iterable[Event]:
    after = 0
    for _ in range(d.choices([0, 1, 2, 3], [1, 5, 2, 1])[0]):
        after = 0 if d.random() < 0.15 or not requests else after + d.randint(1, max(2, requests // 2))
        pause = round(d.uniform(0, 1.5) if after == 0 else d.uniform(0, 0.15), 3)
        if d.random() < 0.12:
            yield Event("away", platform, max(after, 1), pause, d.choice([0.5, 2.0]))
        else:
            yield Event("kill", d.choice(victims), after, pause, round(d.uniform(0, 2), 2))


def _closing(d: random.Random, one: Closing) -> tuple[Attempt, ...] | None:
    """Return the attempts of what a round ends with; None when it does not."""
    if d.random() >= one.share:
        return None
    if not one.victims:
        return ()
    events = tuple(_events(d, one.victims, one.platform, one.requests))
    return (Attempt({"latency": round(d.uniform(0.02, 0.1), 3)}, events),)


def described(plan: Plan) -> str:
    """Return a round as text, for whoever looks into a seed."""
    head = (
        f"seed {plan.seed}: {plan.customers} customers of store {plan.store}, {plan.twins} twins, {plan.oddities} "
        f"oddities, {plan.owned} of the merchant's own; {_way(plan)}, "
        f"{'a server of its own' if plan.external else 'embedded Postgres'}, {'grant' if plan.grant else 'token'}"
    )
    lines = [head, f"  tap {plan.tap}", f"  target {plan.target}", f"  shop {plan.shop}", f"  nature {plan.nature}"]
    for number, leg in enumerate(plan.legs, start=1):
        lines.append(f"  leg {number}: {leg.edits} edits")
        lines += [f"    collect {_told(attempt)}" for attempt in leg.collect]
        lines += [f"    migrate {_told(attempt)}" for attempt in leg.migrate]
    for name, attempts in plan.closing.items():
        lines += [f"  then {name}" + "".join(f" {_told(attempt)}" for attempt in attempts)]
    return "\n".join(lines)


def _way(plan: Plan) -> str:
    return "migration run" if plan.unattended else "meltano run" if plan.meltano else "pipes"


def _told(attempt: Attempt) -> str:
    events = [
        f"{event.what} {event.who} after {event.after or 'its start'} + {event.pause} s"
        + (f" for {event.seconds} s" if event.seconds else "")
        for event in attempt.events
    ]
    return f"under {attempt.faults or 'no fault'}; {'; '.join(events) or 'nobody dies'}"
