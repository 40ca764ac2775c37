"""Progress a person can follow for hours: a plain line now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient
    from target_shopify.lanes import Lane
    from target_shopify.settlement import Settlement

FIRST_LINE_SECONDS = 5.0
LINE_SECONDS = 30.0
_WINDOW_SECONDS = 120.0
_ORDER = ("created", "updated", "unchanged", "adopted", "merged", "refused", "unknown")


class Progress:
    """Tells how far the run is.

    Args:
        settlement: Counts of outcomes.
        client: Points used and allowed.
        logger: Takes the lines.
    """

    def __init__(self, settlement: Settlement, client: ShopifyClient, logger: logging.Logger) -> None:
        self._settlement = settlement
        self._client = client
        self._logger = logger
        self._began = time.monotonic()
        self._due = self._began + FIRST_LINE_SECONDS
        self._marks = [(self._began, 0, client.budget.used)]
        self.total: int | None = None
        """Documents in all, when somebody knows."""

    def tick(self, lane: Lane | None) -> None:
        """Write a line when one is due."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + LINE_SECONDS
        recent = [mark for mark in self._marks if now - mark[0] < _WINDOW_SECONDS]
        self._marks = [*(recent or self._marks[-1:]), (now, self._settlement.settled, self._client.budget.used)]
        self._logger.info("%s", self._text(lane.describe() if lane else ""))

    def summary(self) -> str:
        """Return the line a run ends with."""
        settlement = self._settlement
        seconds = time.monotonic() - self._began
        if not settlement.read:
            return "No customer came in, so there was nothing to write."
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in settlement.reasons.most_common(5))
        return (
            f"{settlement.settled:,} customers settled in {duration(seconds)}: {outcomes(settlement.counts)}"
            + (f" (refused: {reasons})" if reasons else "")
            + f"; {self._client.budget.used:,.0f} points, {self._client.retries} retries"
        )

    def _text(self, extra: str) -> str:
        settlement = self._settlement
        done, total = settlement.settled, self.total
        share = f" of {total:,} ({min(100, 100 * done // total)} %)" if total else f" of {settlement.read:,} read"
        (start, first, points), (end, last, spent) = self._marks[0], self._marks[-1]
        seconds = max(end - start, 1e-6)
        rate = (last - first) / seconds
        parts = [f"customers: {done:,}{share}", outcomes(settlement.counts), f"{rate:,.1f}/s"]
        parts.append(f"{(spent - points) / seconds:,.0f} points/s (limit {self._client.budget.rate:,.0f})")
        if total and rate and done < total:
            parts.append(f"{duration((total - done) / rate)} left")
        if self._client.retries:
            parts.append(f"{self._client.retries} retries")
        if self._client.budget.throttled:
            parts.append(f"{self._client.budget.throttled} throttled")
        return ", ".join(part for part in (*parts, extra) if part)


def outcomes(counts: Any) -> str:
    """Return counts by outcome in words: `12 created, 1 refused`."""
    return ", ".join(f"{counts[name]:,} {name}" for name in _ORDER if counts[name]) or "none yet"


def duration(seconds: float) -> str:
    """Return a length of time in words: `47 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
