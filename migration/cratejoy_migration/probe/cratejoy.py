"""What Cratejoy is asked: at most 38 questions about pages, limits, filters and embedding."""

from __future__ import annotations

from dataclasses import dataclass, field

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.probe.asking import Asker
from cratejoy_migration.probe.sightings import RESOURCES, Seen

LIMITS = (100, 250, 500, 1000)
ABOVE = 1100
"""More rows than any source has seen served."""
DEEP_SIZE = 100
HEAVY = ("orders", "shipments", "subscriptions", "transactions")
"""Streams whose large pages are timed, the heaviest rows first."""
FUTURE = {"shipments": "created_at__ge", "transactions": "created_at__ge"}
"""Filters that the tap uses and nobody has seen used on the live API."""
FAR = "2100-01-01T00:00:00Z"
EMBED = "addresses,_md"
EXTRA = "transactions"
_NOT_ASKED = Seen(trouble="not asked")


@dataclass
class Answers:
    """All that was seen, by question.

    Attributes:
        first: The first page of each stream, without parameters.
        second: Page 1 of each stream, by number.
        limits: The first page of customers by the number of rows asked for.
        heavy: Large pages of other streams.
        middle: A page from the middle, by stream.
        last: The page that the count says is the last one, by stream.
        future: Pages filtered for a date that lies ahead.
        others: Single questions: `id`, `id__gt`, `unknown`, `offset`, `with`, `with more`, `with nothing`.
        pivot: The id asked for.
        size: Rows of the large pages.
        throttled: Retry-After of each 429.
        requests: Sent in all.
    """

    first: dict[str, Seen] = field(default_factory=dict)
    second: dict[str, Seen] = field(default_factory=dict)
    limits: dict[int, Seen] = field(default_factory=dict)
    heavy: dict[str, Seen] = field(default_factory=dict)
    middle: dict[str, Seen] = field(default_factory=dict)
    last: dict[str, Seen] = field(default_factory=dict)
    future: dict[str, Seen] = field(default_factory=dict)
    others: dict[str, Seen] = field(default_factory=dict)
    pivot: int | None = None
    size: int = DEEP_SIZE
    throttled: list[str | None] = field(default_factory=list)
    requests: int = 0

    def every(self) -> list[Seen]:
        """Return all answers."""
        groups = (self.first, self.second, self.heavy, self.middle, self.last, self.future, self.others)
        return [one for group in groups for one in group.values()] + list(self.limits.values())


def ask(asker: Asker) -> Answers:
    """Ask everything, the questions that matter most first.

    Raises:
        OperatorError: The credentials are refused, or nothing can be read with them.
        Unreachable: Cratejoy does not answer at all.
    """
    answers = Answers()
    _first_pages(asker, answers)
    _limits(asker, answers)
    _customers(asker, answers)
    _depth(asker, answers)
    for stream, name in FUTURE.items():
        answers.future[stream] = _page(asker, answers, stream, {name: FAR, "limit": "1"})
    for stream in HEAVY[2:]:
        answers.heavy[stream] = _page(asker, answers, stream, {"limit": str(answers.size)})
    answers.throttled = asker.throttled
    answers.requests = asker.requests
    return answers


def base(first: Seen, second: Seen) -> int | None:
    """Return the number of a first page: what page 1 shows, else what `next` says; None when neither tells."""
    named = first.next_number - 1 if first.next_number in (1, 2) else None
    if first.ids and second.status == 404 and not first.has_next:
        return 0
    if not first.ids or not second.page:
        return named
    if second.ids == first.ids:
        return 1
    apart = not set(second.ids) & set(first.ids)
    shown = 0 if apart else None
    return shown if named is None or named == shown else None


def pages(count: int, size: int) -> int:
    """Return how many pages of a size hold so many rows."""
    return -(-count // size)


def largest(limits: dict[int, Seen]) -> int | None:
    """Return the largest `limit` that was served in full, None when that could not be told."""
    full = [size for size, one in limits.items() if one.page and len(one.ids) == size]
    return max(full, default=None)


def _first_pages(asker: Asker, answers: Answers) -> None:
    for stream in RESOURCES:
        answers.first[stream] = asker.page(stream)
        if len(answers.first) == 2 and all(one.status == 403 for one in answers.first.values()):
            raise OperatorError(
                "Cratejoy refuses these credentials (403): check TAP_CRATEJOY_CLIENT_ID and "
                "TAP_CRATEJOY_CLIENT_SECRET, and that the user who made them has the Admin role."
            )
    for stream in RESOURCES:
        answers.second[stream] = _page(asker, answers, stream, {"page": "1"})


def _limits(asker: Asker, answers: Answers) -> None:
    """Ask for larger and larger pages until one is refused, cut short or too much."""
    for size in LIMITS:
        one = answers.limits[size] = _page(asker, answers, "customers", {"limit": str(size)})
        if not one.page or (one.count and len(one.ids) < min(size, one.count)):
            break
    if not any(one.trouble for one in answers.limits.values()):
        answers.limits[ABOVE] = _page(asker, answers, "customers", {"limit": str(ABOVE)})
    answers.size = min(largest(answers.limits) or DEEP_SIZE, 500)


def _customers(asker: Asker, answers: Answers) -> None:
    """Ask for what `with` does, and what filters."""
    ids = sorted(answers.first["customers"].ids)
    answers.pivot = ids[len(ids) // 2] if ids else None
    questions = {
        "with": ("customers", {"with": EMBED, "limit": "10"}),
        "with more": ("orders", {"with": EXTRA, "limit": "2"}),
        "with nothing": ("orders", {"with": "", "limit": "2"}),
        "id": ("customers", {"id": str(answers.pivot), "limit": "2"}),
        "id__gt": ("customers", {"id__gt": str(answers.pivot), "limit": "2"}),
        "unknown": ("customers", {"no_such_property": "1", "limit": "1"}),
        "offset": ("customers", {"offset": "2", "limit": "2"}),
    }
    for name, (stream, params) in questions.items():
        answers.others[name] = _page(asker, answers, stream, params)


def _depth(asker: Asker, answers: Answers) -> None:
    """Ask for a page from the middle and for the last one, of customers and of orders."""
    for stream in HEAVY[:2]:
        answers.heavy[stream] = _page(asker, answers, stream, {"limit": str(answers.size)})
    for stream, start in (("customers", answers.limits.get(DEEP_SIZE)), ("orders", answers.heavy["orders"])):
        first = base(answers.first[stream], answers.second[stream])
        rows = len(start.ids) if start and start.has_next else 0
        if start is None or first is None or not rows or not start.count:
            continue
        number = pages(start.count, rows)
        for group, index in ((answers.middle, number // 2), (answers.last, number - 1)):
            if index and (group is answers.last or index < number - 1):
                group[stream] = _page(asker, answers, stream, {"limit": str(rows), "page": str(first + index)})


def _page(asker: Asker, answers: Answers, stream: str, params: dict[str, str]) -> Seen:
    """Ask, unless the stream's first page was refused already."""
    if answers.first[stream].status in (403, 404):
        return _NOT_ASKED
    return asker.page(stream, params)
