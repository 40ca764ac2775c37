"""One run: shop, ledger, lanes, and how it ends.

At the start the shop is asked and the ledger opened; what writes into the shop waits for the first document.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from target_shopify.client import ShopifyClient
from target_shopify.errors import DiskFull, InputDamaged, Interrupted, RunStopped
from target_shopify.forecast import ForecastFiles, Foresight
from target_shopify.intake import Intake
from target_shopify.lanes import Lane
from target_shopify.lanes.choice import open_lane
from target_shopify.ledger import Ledger, NoLedger, marks_of
from target_shopify.ledger_view import LedgerView
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.sync_state import fingerprint
from target_shopify.past_orders import PastOrders
from target_shopify.postgres_ledger import PostgresLedger
from target_shopify.progress import Progress
from target_shopify.report import Report
from target_shopify.settlement import Settlement
from target_shopify.shop import Shop, ask, make_ready
from target_shopify.upsert import Upsert

if TYPE_CHECKING:
    import logging

    from target_shopify.settings import Settings


class Run:
    """Everything between the first document and the last STATE.

    Args:
        settings: Checked.
        logger: Takes progress and warnings.
        emit: Writes a STATE value.

    Raises:
        RunStopped: Shop or ledger do not allow the run.
    """

    def __init__(self, settings: Settings, logger: logging.Logger, emit: Callable[[dict[str, Any]], None]) -> None:
        self._settings = settings
        self._logger = logger
        self._signal = 0
        self.run_id = os.environ.get("MELTANO_RUN_ID") or str(uuid.uuid4())
        self.client = ShopifyClient(settings, logger)
        self.report = Report(settings.report_dir)
        self.shop = ask(self.client, settings)
        self.ledger = self._open_ledger()
        self.settlement = Settlement(
            self.ledger,
            self.report,
            None if settings.dry_run else settings.max_refusals,
            _nowhere if settings.dry_run else emit,
        )
        self.progress = Progress(self.settlement, self.client, logger)
        self.progress.total = self.ledger.total()
        self._options = mapping_options(settings, self.shop)
        self.upsert: Upsert | Foresight
        self._lane: Lane | None = None
        self._intake: Intake | None = None
        if settings.dry_run:
            self._begin()  # there is a forecast even of nothing
        else:
            self.report.begin()

    def _begin(self) -> Intake:
        """Make the shop and everything on the way to it ready for the first document."""
        self.upsert = self._open_upsert(make_ready(self.client, self._settings, self._logger, self.ledger))
        self._lane = open_lane(self)
        trusts = not self._settings.replaces
        self._intake = Intake(self._options, self.ledger, self.settlement, self._lane, trust_ledger=trusts)
        return self._intake

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self._settings

    @property
    def options(self) -> MappingOptions:
        """The mapping's options."""
        return self._options

    @property
    def logger(self) -> logging.Logger:
        """Where progress goes."""
        return self._logger

    def add(self, document: Mapping[str, Any]) -> None:
        """Take one document.

        Raises:
            RunStopped: The run cannot go on.
        """
        (self._intake or self._begin()).add(document)

    def figures(self) -> dict[str, Any]:
        """Return how far the run is: documents, outcomes, refusals by reason, points, calls by kind."""
        return {
            "documents": self.settlement.read,
            "total": self.progress.total,
            "outcomes": dict(self.settlement.counts),
            "refusals": dict(self.settlement.reasons),
            "points": round(self.client.budget.used),
            "rate": self.client.budget.rate,
            "calls": dict(self.client.calls),
            "throttled": self.client.budget.throttled,
            "retries": self.client.retries,
        }

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Take in a STATE that covers the documents so far."""
        self.settlement.checkpoint(state)

    def interrupt(self, signum: int) -> None:
        """Note a signal; the run ends at its next tick."""
        self._signal = self._signal or signum

    def tick(self) -> None:
        """Look at the clock, at signals and at what waits to be written.

        Raises:
            RunStopped: The run ends.
        """
        if self._signal:
            raise Interrupted(self._signal)
        self.settlement.flush()
        self.progress.tick(self._lane)

    def tick_ledger(self) -> None:
        """Look at signals while nothing is under way yet."""
        if self._signal:
            raise Interrupted(self._signal)

    def tick_input(self) -> None:
        """Tick, and let no batch wait for more input."""
        self.tick()
        if self._intake:
            self._intake.tick()

    def finish(self) -> None:
        """Carry everything to its outcome, write the last STATE and the report.

        Raises:
            RunStopped: The run cannot be finished.
        """
        self._carry_all()
        self.settlement.flush(force=True)
        self._end("finished")
        self._tell()

    def abort(self, stopped: RunStopped) -> RunStopped:
        """End early: what is in flight is settled as far as it comes.

        Returns:
            The reason to tell.
        """
        if isinstance(stopped, InputDamaged):
            stopped = self._settle_the_rest(stopped)
        goes_on = self._lane.abort() if self._lane else ""
        try:
            self.settlement.flush(force=True)
        except RunStopped as also:
            stopped = also
        with suppress(DiskFull):
            self._end("stopped")
        upsert = self.__dict__.get("upsert")
        if isinstance(upsert, Foresight):
            upsert.close()
        self._logger.info("%s", self.progress.summary())
        return Interrupted(self._signal, goes_on) if isinstance(stopped, Interrupted) else stopped

    def _settle_the_rest(self, stopped: RunStopped) -> RunStopped:
        """Carry what came before damaged input to its outcome: nothing is wrong with that."""
        try:
            self._carry_all()
        except RunStopped as also:
            return also
        return stopped

    def _carry_all(self) -> None:
        if self._intake and self._lane:
            self._intake.flush()
            self._lane.finish()

    def _end(self, how: str) -> None:
        self.client.stop()
        self.ledger.close()
        self.report.run({"run_id": self.run_id, "shop": self.shop.domain, "ended": how, **self.figures()})

    def _open_ledger(self) -> Ledger:
        if not self._settings.ledger_url:
            return NoLedger()
        url, domain = self._settings.ledger_url, self.shop.domain
        mark = fingerprint(astuple(mapping_options(self._settings, self.shop)))
        marks = marks_of(self._settings.namespace, self._settings.tag_prefix)
        if self._settings.dry_run:
            return LedgerView(url, domain, mark, marks)
        return PostgresLedger(url, domain, self.run_id, self._logger, self.tick_ledger, settings_mark=mark, marks=marks)

    def _open_upsert(self, loaded: int) -> Upsert | Foresight:
        if self._settings.dry_run:
            foresight = Foresight(self, loaded)
            self.report.forecast = ForecastFiles(self.report, foresight, self._settings.max_refusals)
            return foresight
        creates = self._settings.orders == "create"
        orders = PastOrders(self.client, self._options, self._logger, self.ledger) if creates else None
        likely = loaded > 0 and not self.ledger.remembers
        return Upsert(self.client, self._options, self._settings, self.ledger, orders, likely=likely)

    def _tell(self) -> None:
        """Say how the run went."""
        if self.report.forecast:
            self.report.forecast.finish(self)
        else:
            self._logger.info("%s", self.progress.summary())


def _nowhere(state: dict[str, Any]) -> None:
    """A dry run covers nothing, so it has no STATE."""
    del state


def mapping_options(settings: Settings, shop: Shop) -> MappingOptions:
    """Return what the mapping must know."""
    return MappingOptions(
        tag_prefix=settings.tag_prefix,
        namespace=settings.namespace,
        currency=shop.currency,
        orders=settings.orders,  # type: ignore[arg-type]  # checked against the same words
        default_country=settings.default_country,
    )
