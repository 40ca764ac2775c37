"""Which lane a run takes, and why."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from target_shopify.forecast import Foresight
from target_shopify.lanes import Lane, Means
from target_shopify.lanes.bulk import BulkLane
from target_shopify.lanes.direct import DirectLane
from target_shopify.lanes.inline import InlineLane
from target_shopify.lanes.operation import BulkOperations
from target_shopify.lanes.recovery import recover
from target_shopify.lanes.spool import Spool, packed, unpacked
from target_shopify.progress import duration

if TYPE_CHECKING:
    from target_shopify.run import Run
    from target_shopify.work import Unit

POINTS_A_CUSTOMER = 10.0
"""One customerCreate (recorded live answers)."""
PATIENCE_SECONDS = 600.0
"""Above so long a direct load, files are worth their detour."""


def direct_seconds(customers: int, rate: float) -> float:
    """Return how long so many new customers take at so many points a second."""
    return customers * POINTS_A_CUSTOMER / max(rate, 0.1)


def open_lane(run: Run) -> Lane:
    """Return the lane that the settings ask for, after seeing to what an earlier run left at Shopify."""
    if isinstance(run.upsert, Foresight):
        # In an empty shop nobody is looked for, so there is nothing to wait for.
        return InlineLane(run.upsert, means_of(run)) if run.upsert.shop.empty else direct_lane(run)
    operations = BulkOperations(run.client, run.logger)
    recover(operations, run.ledger, run.tick_ledger, run.logger)
    if run.settings.lane == "direct":
        return direct_lane(run)
    if run.settings.lane == "bulk":
        return bulk_lane(run, operations)
    return AutoLane(run, operations)


def direct_lane(run: Run) -> DirectLane:
    """Return the direct lane of a run."""
    return DirectLane(run.upsert, means_of(run), run.settings.concurrency)


def bulk_lane(run: Run, known: BulkOperations) -> BulkLane:
    """Return the bulk lane of a run, with a direct lane beside it.

    Args:
        run: What it is made from.
        known: Operations of the shop, which know those of earlier runs.
    """
    orders = run.settings.orders == "create"
    remembers = run.ledger.remembers

    def likely() -> bool:
        return not remembers and run.upsert.expectation.look_first

    return BulkLane(means_of(run), direct_lane(run), known, orders=orders, remembers=remembers, likely=likely)


def means_of(run: Run) -> Means:
    """Return what a lane works with."""
    return Means(run.client, run.settlement, run.options, run.tick, run.logger, run.report.workspace)


class AutoLane:
    """Looks how much there is to do before it chooses: up to ten minutes of direct work wait on disk.

    Args:
        run: What the lanes are made from.
        known: Operations of the shop, which know those of earlier runs.
    """

    def __init__(self, run: Run, known: BulkOperations) -> None:
        self._run = run
        self._known = known
        self._lane: Lane | None = None
        self._folder = run.report.workspace()
        self._spool = Spool(self._folder / "waiting")
        self._most = int(PATIENCE_SECONDS * run.client.budget.rate / POINTS_A_CUSTOMER)
        if run.progress.total and run.progress.total > self._most:
            self._choose(run.progress.total)

    def submit(self, unit: Unit) -> None:
        """Keep a unit while the choice is open, else hand it on."""
        if self._lane is None:
            self._spool.add(packed(unit))
            if self._spool.count > self._most:
                self._choose(self._spool.count)
            return
        self._lane.submit(unit)

    def finish(self) -> None:
        """Choose at the latest now, and finish the chosen lane."""
        lane = self._lane or self._choose(self._spool.count)
        lane.finish()
        self._remove()

    def abort(self) -> str:
        """End the chosen lane; what was kept goes with the next run."""
        self._run.client.stop()
        self._remove()
        return self._lane.abort() if self._lane else ""

    def describe(self) -> str:
        """Return what the chosen lane says."""
        return self._lane.describe() if self._lane else f"{self._spool.count:,} read, lane not chosen yet"

    def _choose(self, customers: int) -> Lane:
        rate = self._run.client.budget.rate
        seconds = direct_seconds(customers, rate)
        bulk = customers > self._most
        if customers:
            at_least = "" if self._run.progress.total or not bulk else "at least "
            self._run.logger.info(
                "%s lane: %s%s customers would take %s one by one at %s points a second, %s.",
                "bulk" if bulk else "direct",
                at_least,
                f"{customers:,}",
                duration(seconds),
                f"{rate:,.0f}",
                "and bulk operations cost none" if bulk else "which files would not beat",
            )
        self._lane = bulk_lane(self._run, self._known) if bulk else direct_lane(self._run)
        for line in self._spool.drain():
            self._lane.submit(unpacked(line, self._run.options))
        return self._lane

    def _remove(self) -> None:
        self._spool.close()
        shutil.rmtree(self._folder, ignore_errors=True)
