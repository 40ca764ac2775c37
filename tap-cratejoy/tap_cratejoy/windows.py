"""The arithmetic of pages: numbers, windows of rows, what `next` says. Pure; nothing here asks the server.

A page is known by its index, counted from 0. The server counts from 0 or from 1, by collection; the first page is asked
for without a number, and the first `next` reveals the base (Cratejoy docs: collections; captured answers disagree).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

_LARGEST_FACTOR = 11


@dataclass(frozen=True)
class Window:
    """The rows `index * size` up to, not including, `(index + 1) * size` of a collection."""

    index: int
    size: int

    @property
    def rows(self) -> range:
        """The positions of the rows, from 0."""
        return range(self.index * self.size, (self.index + 1) * self.size)

    def split(self) -> list[Window]:
        """Return smaller windows, in order, that together hold every row of this one.

        They hold no others where the size has a small factor; a window of one row cannot be split.
        """
        if self.size == 1:
            return []
        factor = next((n for n in range(2, _LARGEST_FACTOR + 1) if self.size % n == 0), None)
        if factor:
            return [Window(self.index * factor + part, self.size // factor) for part in range(factor)]
        half = (self.size + 1) // 2
        return [Window(index, half) for index in range(self.rows.start // half, (self.rows.stop - 1) // half + 1)]

    def cut(self, size: int) -> list[Window]:
        """Return the windows of a smaller size that together hold every row of this one."""
        return [Window(index, size) for index in range(self.rows.start // size, (self.rows.stop - 1) // size + 1)]


def next_page(value: Any) -> int | None:
    """Return the page number that an envelope's `next` names.

    Args:
        value: Usually a query such as `?page=1&limit=100`; maybe a whole URL, of which only the query counts.

    Returns:
        The number, or None where there is none to read.
    """
    if not isinstance(value, str):
        return None
    query = value.partition("?")[2] if "?" in value else value
    numbers = parse_qs(query.partition("#")[0]).get("page", [])
    return int(numbers[-1]) if numbers and re.fullmatch(r"[0-9]{1,9}", numbers[-1]) else None


def base_of(first_next: Any) -> int | None:
    """Return the number of the first page, as the first page's `next` reveals it: 0, 1, or None when it does not."""
    number = next_page(first_next)
    return number - 1 if number in (1, 2) else None


def last_index(count: int | None, size: int) -> int:
    """Return the index of the last page that a count promises, -1 for none."""
    return -1 if not count or count < 0 else (count - 1) // size


def parse_pages(text: str) -> list[int]:
    """Read page numbers and ranges such as `118-119,205`.

    Returns:
        The numbers, ascending, each once.

    Raises:
        ValueError: The text is something else.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?\s*", part)
        if match is None:
            raise ValueError(text)
        low, high = int(match[1]), int(match[2] or match[1])
        if high < low or high - low > 1_000_000:
            raise ValueError(text)
        numbers.update(range(low, high + 1))
    return sorted(numbers)
