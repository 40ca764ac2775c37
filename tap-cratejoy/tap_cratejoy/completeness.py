"""Whether a pass over a collection saw everything: the arithmetic of ids and counts. Pure.

Order is not promised and rows come and go while a scan runs, so no page by itself tells anything. A pass is proven when
it ran without interruption, saw as many distinct ids as the server counts, and that count stood still.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pyroaring import BitMap64

_UNSIGNED = 2**64 - 1


@dataclass
class Tally:
    """What one pass has seen so far.

    Attributes:
        start_rows: Rows that an earlier, interrupted run read before this pass took over.
        seen: The distinct ids.
        count: The server's latest total, None while it sent none.
        steady: Every page brought the same count, and nothing else was seen to move.
        moved: Rows were seen to go, so that others may have slipped past the read position.
        rows: Rows read, repeated ones included.
    """

    start_rows: int = 0
    seen: BitMap64 = field(default_factory=BitMap64)
    count: int | None = None
    steady: bool = True
    moved: bool = False
    rows: int = 0
    pages: int = 0

    def add(self, page_ids: list[int], count: int | None) -> int:
        """Count one page.

        Args:
            page_ids: Ids of its rows, in order.
            count: The total it came with.

        Returns:
            How many of the ids are new to this pass.
        """
        self.steady &= count is not None and (self.pages == 0 or count == self.count)
        self.moved |= count is not None and self.count is not None and count < self.count
        self.count = count if count is not None else self.count
        self.pages += 1
        self.rows += len(page_ids)
        before = len(self.seen)
        self.seen.update([value & _UNSIGNED for value in page_ids])
        return len(self.seen) - before

    @property
    def distinct(self) -> int:
        """Distinct ids of this pass."""
        return len(self.seen)

    @property
    def covered(self) -> int:
        """Rows the scan has dealt with, counting those of the interrupted run by their pages."""
        return self.start_rows + self.distinct

    @property
    def reached(self) -> bool:
        """Whether at least as many rows were seen as the server counts."""
        return self.count is not None and self.covered >= self.count

    @property
    def proven(self) -> bool:
        """Whether this pass by itself shows that nothing is missing."""
        return not self.start_rows and self.steady and self.distinct == self.count
