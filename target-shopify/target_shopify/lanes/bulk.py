"""The bulk lane: new customers by the file, everything else by the direct lane beside it.

Lines of an operation run in no order and side by side, so no two units that share an e-mail, a phone or an id ever go
into files: the second waits for the direct lane, which runs after the files. Whatever a file did not bring to a good
end (refused, unanswered, an operation that failed) goes there too, where it is looked up by its Cratejoy id first.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import orjson

from target_shopify.bloom import Seen
from target_shopify.creation import wish
from target_shopify.errors import RunStopped, ShopRefused, TargetError
from target_shopify.lanes import results
from target_shopify.lanes.parts import Part
from target_shopify.lanes.spool import Spool, marked, packed, tickets, unpacked
from target_shopify.work import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from target_shopify.lanes import Means
    from target_shopify.lanes.direct import DirectLane
    from target_shopify.lanes.operation import BulkOperations
    from target_shopify.work import Unit

OPERATIONS = 5
"""Bulk mutations at once for an app and shop since API 2026-01 (bulk imports page)."""
_LEAST_LINES = 1000
"""A file this long is worth an operation while one is free."""
_MANY = 1000
"""So many lines without an answer go into new files; fewer are carried one by one."""
_TICK_SECONDS = 0.05
_ABORT_SECONDS = 20.0
_ROUNDS = 3
_OUTCOMES_AT_ONCE = 1000
_MOST_BACKLOG = 10_000


class BulkLane:
    """Carries new customers with bulk operations.

    Args:
        means: Shop, settlement, mapping, clock, log.
        direct: Carries what files cannot.
        operations: Of the shop; it knows those of earlier runs.
        orders: Whether orders follow each customer, which the direct lane writes.
        remembers: Whether there is a ledger, so that what it does not know cannot be older than this load.
        likely: Tells whether the next customer is probably there already: then a look beats a line that is refused.
    """

    def __init__(
        self,
        means: Means,
        direct: DirectLane,
        operations: BulkOperations,
        *,
        orders: bool,
        remembers: bool,
        likely: Callable[[], bool],
    ) -> None:
        self._client = means.client
        self._direct = direct
        self._settlement = means.settlement
        self._options = means.options
        self._tick = means.tick
        self._logger = means.logger
        self._orders = orders
        self._likely = likely
        self._refused_as = "unknown" if remembers else "met"
        self._operations = operations
        self._folder = means.workspace()
        self._later = Spool(self._folder / "later")
        self._again = Spool(self._folder / "again")
        self._seen = Seen()
        self._parts: list[Part] = []
        self._numbers = 0
        self._pool = ThreadPoolExecutor(OPERATIONS, thread_name_prefix="bulk")
        self._changed = threading.Condition()
        self._busy = 0
        self._done_operations = 0
        self._failure: BaseException | None = None

    def submit(self, unit: Unit) -> None:
        """Take a unit; waits while all operations run and all files are full."""
        self._raise_failure()
        # All keys must be added, whatever the first says.
        met = [self._seen.add(key) for key in unit.keys]
        if any(met) or any(entry.known and entry.known.shopify_id for entry in unit.entries):
            self._later.add(packed(unit))
            return
        if self._likely():
            self._direct.submit(unit)
            return
        self._write(unit)

    def finish(self) -> None:
        """Run the last files, then carry what is left one by one."""
        for _ in range(_ROUNDS):
            self._run_all()
            if self._again.count < _MANY:
                break
            self._logger.info("%s lines had no answer and go into new files.", f"{self._again.count:,}")
            for line in self._again.drain():
                self._write(unpacked(line, self._options))
        self._run_all()
        self._carry_rest(self._again)
        self._carry_rest(self._later)
        self._direct.finish()
        self._remove()

    def abort(self) -> str:
        """Leave running operations to Shopify; the next run finds their results."""
        running = self._busy
        self._direct.abort()
        self._pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + _ABORT_SECONDS
        while self._busy and time.monotonic() < until:
            time.sleep(_TICK_SECONDS)
        self._remove()
        many = "operations go" if running > 1 else "operation goes"
        return f"{running} bulk {many} on at Shopify, and the next run takes in the results; " if running else ""

    def describe(self) -> str:
        """Return how many operations run."""
        waiting = sum(part.lines for part in self._parts)
        return f"{self._busy} bulk operations running, {self._done_operations} done, {waiting:,} lines waiting"

    # Files

    def _write(self, unit: Unit) -> None:
        wanted = wish([entry.member for entry in unit.entries], self._options)
        line = orjson.dumps({"input": wanted.input, "namespace": self._options.namespace})
        part = self._part_for(line)
        part.add(line, packed(unit), wanted.customer.cratejoy_id)
        if part.lines >= _LEAST_LINES and self._busy < OPERATIONS:
            self._send(part)

    def _part_for(self, line: bytes) -> Part:
        """Return the shortest of the files being written; as many are kept as operations can run."""
        while True:
            if len(self._parts) < OPERATIONS:
                self._numbers += 1
                self._parts.append(Part(self._folder, self._numbers))
            part = min((part for part in self._parts if part.has_room(line)), key=_lines, default=None)
            if part is not None:
                return part
            self._send_fullest()
            self._wait()

    def _send_fullest(self) -> None:
        if self._parts and self._busy < OPERATIONS:
            self._send(max(self._parts, key=_lines))

    def _send(self, part: Part) -> None:
        self._parts.remove(part)
        part.close()
        with self._changed:
            self._busy += 1
        self._pool.submit(self._carry, part)

    def _run_all(self) -> None:
        while self._busy or any(part.lines for part in self._parts):
            for part in [part for part in self._parts if not part.lines]:
                self._parts.remove(part)
                part.remove()
            self._send_fullest()
            self._wait()

    # One operation, in a thread of its own

    def _carry(self, part: Part) -> None:
        try:
            self._operate(part)
        except RunStopped as stopped:
            self._fail(stopped)
        except TargetError as error:
            self._fail(RunStopped(str(error)))
        except BaseException as error:  # noqa: BLE001  # a bug must end the run, not hang it
            self._fail(error)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _operate(self, part: Part) -> None:
        gid = self._operations.start(part.lines_path, "BulkCustomerCreate")
        state = self._operations.wait(gid)
        if state.get("errorCode") == "ACCESS_DENIED":
            raise ShopRefused("The app may not create customers (ACCESS_DENIED): grant it the scope write_customers.")
        path = part.lines_path.with_suffix(".result")
        self._operations.download(state, path)
        if state.get("status") != "COMPLETED":
            self._logger.warning(
                "A bulk operation ended %s (%s) after %s lines; the rest is carried again.",
                state.get("status"), state.get("errorCode") or "no reason given", state.get("objectCount") or 0,
            )  # fmt: skip
        self._settle(part, path)
        path.unlink(missing_ok=True)
        part.remove()
        self._done_operations += 1

    def _settle(self, part: Part, path: Path) -> None:
        found = results.created(path, part.cratejoy_ids)
        outcomes: list[Outcome] = []
        with part.units_path.open("rb") as file:
            for number, line in zip(found, file, strict=False):
                if number == 0:
                    self._again.add(marked(line, "unknown"))
                elif number == results.REFUSED or self._orders:
                    self._later.add(marked(line, self._refused_as))
                else:
                    outcomes += self._created(line, results.gid(number))
                if len(outcomes) >= _OUTCOMES_AT_ONCE:
                    self._hand_over(outcomes)
                    outcomes = []
        self._hand_over(outcomes)

    def _hand_over(self, outcomes: list[Outcome]) -> None:
        """Give outcomes to the settlement, no faster than it writes them: a file has a hundred thousand."""
        while self._settlement.backlog > _MOST_BACKLOG and not self._client.stopping:
            time.sleep(_TICK_SECONDS)
        self._settlement.settle(outcomes)

    def _created(self, line: bytes, gid: str) -> list[Outcome]:
        return [
            Outcome(ticket, status := "merged" if number else "created", status, gid, reason or None)
            for number, (ticket, reason) in enumerate(tickets(line))
        ]

    # Waiting

    def _carry_rest(self, spool: Spool) -> None:
        while spool.count:
            for line in spool.drain():
                self._direct.submit(unpacked(line, self._options))

    def _wait(self) -> None:
        with self._changed:
            if self._failure is None and self._busy:
                self._changed.wait(_TICK_SECONDS)
        self._raise_failure()
        self._tick()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
        self._client.stop()

    def _remove(self) -> None:
        self._later.close()
        self._again.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _lines(part: Part) -> int:
    return part.lines
