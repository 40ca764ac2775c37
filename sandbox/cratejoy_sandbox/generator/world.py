"""What all parts of the generator share: chance, ids, the clock's two ends, and where rows go."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from cratejoy_sandbox.draws import draws
from cratejoy_sandbox.generator.clock import DAY, months_later, start_of

FIRST_ID = 7_101_000_001
HISTORY_MONTHS = 60

T = TypeVar("T")


class Sink(Protocol):
    """Takes finished rows."""

    def __call__(self, table: str, row: tuple[Any, ...]) -> None:
        """Take one row of a table."""


@dataclass
class Ids:
    """One increasing counter for all types: later days have higher ids, and gaps say nothing.

    Customers are written one after the other though their lives overlap, so every day owns a range of
    ids; a day that is full goes on in the next one's.
    """

    first_day: int
    per_day: int
    used: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, seconds: int) -> int:
        """Next free id of the day of this moment (seconds since 1970)."""
        day = max(0, seconds // DAY - self.first_day)
        while self.used[day] >= self.per_day:
            day += 1
        self.used[day] += 1
        return FIRST_ID + day * self.per_day + self.used[day] - 1


class World:
    """The generator's state: everything random comes from `rng`, so one seed gives one store."""

    def __init__(self, *, customers: int, seed: int, today: date, emit: Sink) -> None:
        self.rng = draws(f"cratejoy-{seed}")
        self.chance = self.rng.random
        self.customers = customers
        self.today = start_of(today) + DAY // 2
        self.start = months_later(self.today, -HISTORY_MONTHS)
        self.emit = emit
        self.ids = Ids(self.start // DAY, max(64, customers // 12))

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[int(self.chance() * len(choices))]

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self.chance() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.chance() * (high - low + 1))
