"""How missing rows are read again: by page or by id, whichever costs fewer requests, in portions that can be passed.

Pure. The tap takes its orders from two environment variables, and Linux passes none above 128 KB.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest

from cratejoy_migration.audit.scope import CHILDREN

PORTION_BYTES = 100_000
"""So long a variable gets at most."""
PORTION_REQUESTS = 5_000
"""So many requests are made in one run, about forty minutes at two a second; what it brought is then on record."""


@dataclass(frozen=True)
class Work:
    """What is to be read of one stream.

    Attributes:
        stream: Its name.
        pages: Pages, in the server's own numbering.
        ids: Elements.
        page_size: Rows a page to ask for, so that the pages are those that were audited.
    """

    stream: str
    pages: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    page_size: int = 0

    @property
    def requests(self) -> int:
        """Requests that it takes; the first page is read besides the others, to learn how pages are numbered."""
        return len(self.pages) + bool(self.pages) + len(self.ids)


def cheapest(
    stream: str, missing: Mapping[int, Sequence[int]], page_size: int, *, paged: bool = True, by_id: bool = True
) -> Work:
    """Return the work that brings all missing rows of a stream with the fewest requests.

    A page costs one request however many of its rows are missing. Where that is one, the element itself is asked for:
    it costs the same and cannot have moved to another page meanwhile.

    Args:
        stream: Its name.
        missing: Missing ids by page.
        page_size: Rows a page.
        paged: Whether the pages can be read; not where a collection starts at a date.
        by_id: Whether single elements can be read.
    """
    per_page = Counter({page: len(ids) for page, ids in missing.items() if ids})
    if not by_id:
        return Work(stream, sorted(per_page), [], page_size)
    saved = sum(count - 1 for count in per_page.values())
    pages = sorted(page for page, count in per_page.items() if count > 1) if paged and saved > 1 else []
    ids = sorted({number for page, numbers in missing.items() if page not in pages for number in numbers})
    return Work(stream, pages, ids, page_size)


def portions(work: Work) -> Iterator[Work]:
    """Yield the work in parts that fit an environment variable and are not too long to lose."""
    nothing: list[int] = []
    parts = zip_longest(_cut(work.pages, _most(work.pages)), _cut(work.ids, _most(work.ids)), fillvalue=nothing)
    for pages, ids in parts:
        yield Work(work.stream, pages, ids, work.page_size)


def variables(work: Work, page_sizes: Mapping[str, int]) -> dict[str, str]:
    """Return the tap's settings, as environment variables, for one portion.

    Args:
        work: The portion.
        page_sizes: The configured ones, which are kept for other streams.
    """
    found = {"TAP_CRATEJOY__SELECT_FILTER": json.dumps(with_children(work.stream))}
    if work.pages:
        found["TAP_CRATEJOY_PAGES"] = json.dumps({work.stream: ranges(work.pages)})
        found["TAP_CRATEJOY_PAGE_SIZES"] = json.dumps({**page_sizes, work.stream: work.page_size})
    if work.ids:
        found["TAP_CRATEJOY_IDS"] = json.dumps({work.stream: work.ids}, separators=(",", ":"))
    return found


def with_children(stream: str) -> list[str]:
    """Return the stream and those below its elements, which are read together with it where they are selected."""
    return [stream, *(child for child, parent in CHILDREN.items() if parent == stream)]


def ranges(pages: Iterable[int]) -> str:
    """Return page numbers as the setting takes them: `118-119,205`."""
    runs = [[page for _, page in run] for _, run in groupby(enumerate(pages), key=lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _most(numbers: Sequence[int]) -> int:
    """Return how many of these numbers fit a portion, written out with a separator each."""
    longest = max((len(str(number)) for number in (*numbers[:1], *numbers[-1:])), default=1) + 1
    return min(PORTION_REQUESTS, PORTION_BYTES // longest)


def _cut(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
