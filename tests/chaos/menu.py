"""Which faults a round may meet on each side, and what each of them promises: pure, drawn from the round's dice."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Draw = Callable[[random.Random], Any]


@dataclass(frozen=True)
class Dish:
    """A fault on the menu.

    Attributes:
        name: The switch of the sandbox.
        draw: Dice to a value of the switch; a fault that stops a command is met only a few times.
        honest: Whether a collection under it still must end with every row (else it must say that it has not).
        moves: Rows come while it is on.
    """

    name: str
    draw: Draw
    honest: bool = True
    moves: bool = False


CRATEJOY = (
    Dish("status", lambda d: {"status": d.choice([500, 502, 503, 504]), "every": d.randint(3, 7),
                              "times": d.randint(1, 4), "body": d.choice(["json", "html"])}),
    Dish("rate_limited", lambda d: {"every": d.randint(3, 7), "times": d.randint(1, 2), "seconds": 1,
                                    "retry_after": d.choice(["seconds", "date", "missing"])}),
    Dish("dropped", lambda d: {"every": d.randint(3, 8), "times": d.randint(1, 4)}),
    Dish("truncated", lambda d: {"every": d.randint(3, 8), "times": d.randint(1, 3),
                                 "how": d.choice(["short", "whole"])}),
    Dish("html", lambda d: {"every": d.randint(3, 8), "times": d.randint(1, 3)}),
    Dish("hang", lambda d: {"every": d.randint(3, 8), "times": 1, "seconds": d.choice([1, 2, 8])}),
    Dish("duplicates", lambda d: {"every": d.randint(1, 3), "rows": d.randint(1, 3)}),
    Dish("empty_page", lambda d: {"every": d.randint(3, 9), "times": 1}, honest=False),
    Dish("holes", lambda d: {"every": d.randint(2, 5), "rows": d.randint(1, 3), "times": d.randint(1, 6)},
         honest=False),
    Dish("count_off", lambda d: {"by": d.choice([-3, -1, 1, 4]), "times": d.randint(1, 30)}, honest=False),
    Dish("count_null", lambda d: {"times": d.randint(1, 30)}, honest=False),
    Dish("shuffled", lambda _: "anew", honest=False),
    Dish("inserted", lambda d: {"resource": d.choice(["customers", "orders", "subscriptions"]),
                                "every": d.randint(2, 4), "times": d.randint(1, 4), "rows": d.randint(1, 3)},
         moves=True),
)  # fmt: skip
"""What happens to some requests, and then is over."""

NATURES = (
    Dish("next_on_last_page", lambda _: True),
    Dish("next_null", lambda d: {"pages": d.sample(range(4), d.randint(1, 3))}),
    Dish("next_loop", lambda d: {"pages": [d.randint(1, 4)], "to": d.randint(0, 2)}),
    Dish("next_bare", lambda _: True),
    Dish("next_absolute", lambda _: "https://evil.example.com"),
    Dish("next_unparseable", lambda d: d.choice(["page two", "?page=two"])),
    Dish("limit_ignored", lambda d: d.randint(4, 15)),
    Dish("page_base", lambda d: {"base": d.randint(0, 1)}),
    Dish("max_limit", lambda d: {"limit": d.randint(4, 12), "how": d.choice(["clamp", "refuse"])}),
    Dish("shuffled", lambda _: "stable"),
    Dish("epoch_dates", lambda _: True),
    Dish("integer_enums", lambda _: True),
    Dish("relations_as_urls", lambda _: True),
    Dish("relations_in_arrays", lambda _: True),
    Dish("extra_properties", lambda _: True),
    Dish("misspelt", lambda _: True),
    Dish("odd_text", lambda d: d.choice(["nul", "surrogate"])),
    Dish("bad_dates", lambda d: {"share": round(d.uniform(0.05, 0.4), 2)}),
    Dish("nulls", lambda d: {"share": round(d.uniform(0.02, 0.15), 2), "resource": ["orders", "subscriptions"]}),
)
"""What this Cratejoy is like, from the first request to the last."""

_WRITES = ("customerCreate", "customerCreate", "customerCreate", "metafieldsSet", "customerUpdate", "orderCreate")


def _at(d: random.Random, least: int, most: int, times: int) -> dict[str, Any]:
    """Return clauses: each so-manieth request, of any kind or of one kind of write."""
    some = {"operation": d.choice(_WRITES)} if d.random() < 0.4 else {}
    return {"every": d.randint(least, most), "times": d.randint(1, times), **some}


SHOPIFY = (
    Dish("lost_answer", lambda d: _at(d, 2, 9, 4)),
    Dish("dropped", lambda d: _at(d, 3, 9, 4)),
    Dish("duplicated", lambda d: {**_at(d, 1, 4, 12), "answer": d.choice(["first", "second"])}),
    Dish("status", lambda d: {**_at(d, 3, 9, 4), "status": d.choice([500, 502, 503, 504]),
                              "when": d.choice(["before", "after"]), "body": d.choice(["json", "html"])}),
    Dish("rate_limited", lambda d: {**_at(d, 3, 9, 2), "seconds": 1,
                                    "retry_after": d.choice(["seconds", "date", "missing"])}),
    Dish("throttled", lambda d: _at(d, 2, 8, 5)),
    Dish("internal_error", lambda d: _at(d, 4, 9, 4)),
    Dish("truncated", lambda d: {**_at(d, 3, 9, 4), "how": d.choice(["short", "whole"])}),
    Dish("html", lambda d: _at(d, 3, 9, 4)),
    Dish("hang", lambda d: {**_at(d, 3, 20, 1), "seconds": d.choice([1, 2, 8])}),
    Dish("index_lag", lambda d: d.choice([5, 60, 3600])),
)  # fmt: skip

STOPS = (
    Dish("revoked", lambda d: {"every": d.randint(5, 40), "times": 1}),
    Dish(
        "missing_scope",
        lambda d: {"scope": "write_customers", "operation": "customerCreate", "every": d.randint(2, 20), "times": 1},
    ),
    Dish("wrong_version", lambda d: {"every": d.randint(1, 3), "times": 1}),
)
"""What ends a run at once: a person would have to do something, and has done it before the next one."""

BULK = (
    Dish("upload_refused", lambda d: {"times": d.randint(1, 2), "status": d.choice([403, 503])}),
    Dish("bulk_refused", lambda d: {"times": d.randint(1, 3),
                                    "code": d.choice(["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])}),
    Dish("bulk_stays_created", lambda d: d.choice([5, 20])),
    Dish("bulk_fails", lambda d: {"times": d.randint(1, 2), "lines": d.randint(1, 20),
                                  "code": d.choice(["INTERNAL_SERVER_ERROR", "TIMEOUT"])}),
    Dish("bulk_expires", lambda d: {"times": d.randint(1, 2), "seconds": d.choice([0, 5])}),
    Dish("line_executed_twice", lambda d: {"every": d.randint(2, 9), "result": d.choice(["first", "second"])}),
    Dish("line_without_result", lambda d: {"every": d.randint(2, 9)}),
    Dish("line_result_doubled", lambda d: {"every": d.randint(2, 9)}),
    Dish("result_refused", lambda d: {"times": d.randint(1, 2), "status": d.choice([403, 404, 503])}),
    Dish("result_truncated", lambda d: {"times": d.randint(1, 3), "how": d.choice(["short", "whole"])}),
    Dish("result_without_range", lambda _: True),
    Dish("result_slow", lambda d: d.choice([20_000, 100_000])),
)  # fmt: skip
"""What happens to files and bulk operations."""


def pick(dishes: Sequence[Dish], dice: random.Random, most: int, least: int = 0) -> list[tuple[Dish, Any]]:
    """Draw so many different faults with their values."""
    chosen: dict[str, tuple[Dish, Any]] = {}
    for dish in dice.sample(dishes, dice.randint(least, most)):
        chosen.setdefault(dish.name, (dish, dish.draw(dice)))
    return list(chosen.values())
