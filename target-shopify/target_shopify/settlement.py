"""Outcomes on their way to where they last: ledger, dead letters, counts, and then STATE.

A STATE message is written once every document that came before it has its outcome in the ledger.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from target_shopify.errors import LimitReached
from target_shopify.ledger import Row

if TYPE_CHECKING:
    from target_shopify.ledger import Ledger
    from target_shopify.report import Report
    from target_shopify.settings import RefusalLimit
    from target_shopify.work import Outcome

_ROWS = 500
_ROWS_A_WRITE = 2000
_SECONDS = 1.0


class Settlement:
    """Takes outcomes from any thread; writes them from the main thread.

    Args:
        ledger: Where outcomes last.
        report: Takes the dead letters.
        limit: When too many were refused.
        emit: Writes a STATE value to standard output.
    """

    def __init__(
        self, ledger: Ledger, report: Report, limit: RefusalLimit | None, emit: Callable[[dict[str, Any]], None]
    ) -> None:
        self._ledger = ledger
        self._report = report
        self._limit = limit
        self._emit = emit
        self._lock = threading.Lock()
        self._waiting: list[Outcome] = []
        self._flushed_at = time.monotonic()
        self._epoch = 0
        self._open: Counter[int] = Counter()
        self._states: deque[tuple[int, dict[str, Any]]] = deque()
        self._refused = 0
        self.read = 0
        """Documents that came in."""
        self.counts: Counter[str] = Counter()
        """Outcomes by status, as they are in the ledger."""
        self.reasons: Counter[str] = Counter()
        """Refusals by reason."""

    @property
    def settled(self) -> int:
        """Documents whose outcome is written."""
        return self.counts.total()

    @property
    def over(self) -> bool:
        """Whether as many customers are refused as `max_refusals` allows; any thread may ask."""
        return self._limit is not None and self._refused > 0 and self._limit.reached(self._refused, self.read)

    @property
    def backlog(self) -> int:
        """Outcomes that wait to be written."""
        return len(self._waiting)

    def admit(self) -> int:
        """Count a document that came in; return the epoch that waits for it."""
        self.read += 1
        self._open[self._epoch] += 1
        return self._epoch

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Take in a STATE that covers all documents admitted so far."""
        self._states.append((self._epoch, state))
        self._epoch += 1
        self._emit_covered()

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Take in outcomes; any thread may call this."""
        refused = sum(outcome.status == "refused" for outcome in outcomes)
        with self._lock:
            self._waiting.extend(outcomes)
            self._refused += refused

    def flush(self, *, force: bool = False) -> None:
        """Write what has been waiting for a second or is many, or ends the run; main thread only.

        Raises:
            LedgerFailed: The ledger cannot be written.
            LimitReached: `max_refusals`.
        """
        over = self.over
        if not (force or over or len(self._waiting) >= _ROWS or time.monotonic() - self._flushed_at > _SECONDS):
            return
        self._flushed_at = time.monotonic()
        with self._lock:
            outcomes, self._waiting = self._waiting, []
        for start in range(0, len(outcomes), _ROWS_A_WRITE):
            self._write(outcomes[start : start + _ROWS_A_WRITE])
            self._emit_covered()
        if over:
            raise LimitReached(
                f"{self._refused} of {self.read} customers were refused, which is as many as max_refusals allows: look "
                "at the reasons (migration report, or refused.jsonl in report_dir), then run again."
            )

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        told = [outcome for outcome in outcomes if outcome.status]
        self._ledger.record([_row(outcome) for outcome in told])
        # What a document became after it lost the lead stands, however many outcomes are written together.
        last = {outcome.ticket.key: place for place, outcome in enumerate(told)}
        demoted = [key for place, outcome in enumerate(told) for key in outcome.demoted if last.get(key, -1) < place]
        if demoted:
            self._ledger.demote(demoted)
        self._report.settled(told)
        self._report.refused([outcome for outcome in told if outcome.status == "refused"])
        for outcome in outcomes:
            self._open[outcome.ticket.epoch] -= 1
            if outcome.status:
                self.counts[outcome.status] += 1
            if outcome.status == "refused":
                self.reasons[outcome.reason or ""] += 1
        self._open = +self._open

    def _emit_covered(self) -> None:
        first_open = min(self._open, default=self._epoch)
        latest = None
        while self._states and self._states[0][0] < first_open:
            latest = self._states.popleft()[1]
        if latest is not None:
            self._emit(latest)


def _row(outcome: Outcome) -> Row:
    ticket = outcome.ticket
    return Row(
        ticket.key,
        ticket.cratejoy_id,
        outcome.shopify_id,
        outcome.origin,
        outcome.status,
        outcome.reason,
        ticket.document_hash,
        outcome.orders,
    )
