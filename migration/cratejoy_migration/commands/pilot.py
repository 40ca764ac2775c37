"""The command `pilot`."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console
from target_shopify.client import ShopifyClient
from target_shopify.settings import Settings

from cratejoy_migration import history, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.pilot import loading, order_trials, record, speed, trials
from cratejoy_migration.pilot.loading import Place
from cratejoy_migration.pilot.record import Pilot
from cratejoy_migration.pilot.workbench import Workbench
from cratejoy_migration.probe import report
from cratejoy_migration.probe.access_findings import granted
from cratejoy_migration.probe.advice import Advice
from cratejoy_migration.probe.findings import SHOPIFY, Finding
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder

_LANES = {"direct": ("direct",), "bulk": ("bulk",), "both": ("direct", "bulk")}
_COUNT_SECONDS = 30.0
_ROLLING = "rolling_back"


@click.command()
@click.option("--customers", type=click.IntRange(1), default=100, show_default=True, help="How many to carry at most.")
@click.option("--lane", type=click.Choice(list(_LANES)), default="both", show_default=True, help="Lanes to measure.")
@click.option("--then-rollback", is_flag=True, help="Undo it all, and check that the shop is as before.")
@click.option("--on-a-live-shop", metavar="SHOP", help="Name of the shop, where it is not a development store.")
@click.option("--beside-others", is_flag=True, help="Although the ledger holds customers already.")
@click.pass_context
def pilot(
    context: click.Context,
    customers: int,
    lane: str,
    *,
    then_rollback: bool,
    on_a_live_shop: str | None,
    beside_others: bool,
) -> None:
    """Measure on a development store what only a write can show: speed of both lanes, and what Shopify does.

    Carries some staged customers through the normal pipeline, and tries the reference's assumptions on three customers
    of its own, which are always removed again. Saves reports/pilot.json and pilot.md; the forecast reads the former.
    Safe to kill and to run again.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is removed
    project = project_folder()
    settings = plugins.target_settings(project)
    if settings.dry_run:
        raise OperatorError("A pilot writes, and dry_run is set: take TARGET_SHOPIFY_DRY_RUN away first.")
    client = ShopifyClient(settings, logging.getLogger("cratejoy_migration.pilot"))
    shop = _shop(client, settings, on_a_live_shop)
    with staging_database(project) as url, _connected(settings.ledger_url or url) as connection:
        development = bool((shop.get("plan") or {}).get("partnerDevelopment"))
        place = Place(project, url, connection, client, settings, development)
        with history.recorded(settings.ledger_url or url, "pilot") as run:
            work = _Work(place, str(shop.get("currencyCode") or "USD"), _LANES[lane])
            good = work.carry_out(customers, then_rollback=then_rollback, beside_others=beside_others)
            run.figures["state"] = "done" if good else "failed"
    context.exit(0 if good else 1)


def _shop(client: ShopifyClient, settings: Settings, named: str | None) -> Mapping[str, Any]:
    """Return the shop, after making sure that it is the one that is meant.

    Raises:
        OperatorError: It is another one, or not a development store and not named.
    """
    look = client.look("ProbeShop", {})
    shop: Mapping[str, Any] = look.value if isinstance(look.value, dict) else {}
    if shop.get("myshopifyDomain") != f"{settings.shop}.myshopify.com":
        raise OperatorError("This is another shop than the setting shop names: check TARGET_SHOPIFY_SHOP.")
    if look.version and look.version != settings.api_version:
        raise OperatorError(f"The shop serves API version {look.version}: run migration probe first.")
    development = (shop.get("plan") or {}).get("partnerDevelopment") is True
    if not development and (named or "").removesuffix(".myshopify.com") != settings.shop:
        raise OperatorError(
            "This is no development store, and a pilot writes customers: use one, or say that you mean it with "
            f"--on-a-live-shop {settings.shop}. Nothing was written."
        )
    return shop


@contextmanager
def _connected(url: str) -> Iterator[record.Connection]:
    with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
        record.lock(connection)
        yield connection


class _Work:
    """One pilot from its first look to its report.

    Args:
        place: Where.
        currency: Of the shop.
        lanes: To measure.
    """

    def __init__(self, place: Place, currency: str, lanes: tuple[str, ...]) -> None:
        self._place = place
        self._currency = currency
        self._lanes = lanes
        self._bench = Workbench(place.client, place.settings)
        self._console = Console()

    def carry_out(self, customers: int, *, then_rollback: bool, beside_others: bool) -> bool:
        """Do all of it; return whether nothing prevents a migration and, if asked, the shop is as before."""
        connection, shop = self._place.connection, self._place.settings.shop
        begun = record.find(connection, shop)
        self._check(begun, then_rollback=then_rollback, beside_others=beside_others)
        if begun and begun.figures.get(_ROLLING):
            return self._roll_back(begun)
        self._bench.clear()
        under_way = begun or record.begin(connection, shop, self._count())
        try:
            self._load(under_way, customers)
            findings = trials.on_customers(self._bench, self._currency)
            findings += order_trials.on_orders(self._bench, self._place.settings, self._currency, self._scopes())
        finally:
            self._bench.clear()
        good = self._tell(under_way, findings)
        if not then_rollback:
            record.end(connection, under_way)
            return good
        return self._roll_back(under_way) and good

    def _check(self, begun: Pilot | None, *, then_rollback: bool, beside_others: bool) -> None:
        others = record.others(self._place.connection, begun)
        if begun and begun.figures.get(_ROLLING) and not then_rollback:
            raise OperatorError("The last pilot was rolling back when it ended: add --then-rollback to finish that.")
        if others and then_rollback:
            raise OperatorError(
                f"The ledger holds {others:,} customers that are not the pilot's, and a rollback would undo them too: "
                "run the pilot without --then-rollback, or on another staging database."
            )
        if others and not beside_others:
            raise OperatorError(
                f"The ledger holds {others:,} customers that are no pilot's: add --beside-others if that is meant, "
                f"or undo them first with migration rollback --confirm {self._place.settings.shop}."
            )

    def _load(self, under_way: Pilot, customers: int) -> None:
        """Carry what is still to be carried, in the lanes that were not measured yet."""
        for place, lane in enumerate(self._lanes):
            if lane in under_way.figures:
                continue
            left = customers - record.loaded(self._place.connection, under_way)
            share = -(-left // (len(self._lanes) - place))
            if share > 0:
                self._console.print(f"Carrying up to {share:,} customers, {lane} lane.", highlight=False)
                under_way.figures[lane] = loading.load(self._place, lane, share)
                record.keep(self._place.connection, under_way)
        self._console.print("Trying what Shopify does, on customers of the pilot's own.", highlight=False)

    def _scopes(self) -> frozenset[str] | None:
        look = self._place.client.look("AccessScopes", {})
        listed = look.value.get("accessScopes") if isinstance(look.value, dict) else None
        return granted(frozenset(str(one.get("handle")) for one in listed)) if isinstance(listed, list) else None

    def _count(self) -> int:
        look = self._place.client.look("ProbeCustomersCount", {})
        count = look.value.get("count") if isinstance(look.value, dict) else None
        if not isinstance(count, int):
            raise OperatorError("The shop does not tell how many customers it has: run migration probe first.")
        return count

    def _tell(self, under_way: Pilot, tried: list[Finding]) -> bool:
        lanes = {lane: figures for lane, figures in under_way.figures.items() if lane in _LANES["both"]}
        rate = self._place.client.budget.rate
        findings = speed.judge(lanes, rate, self._bench.seconds) + tried
        wanted = speed.advice(lanes, rate, self._place.settings.lane)
        self._show(findings, wanted)
        saved = report.as_json(
            "pilot",
            findings,
            wanted,
            shop=report.pseudonym(self._place.settings.shop),
            direct_customers_per_second=lanes.get("direct", {}).get("customers_per_second"),
            direct_points_per_customer=lanes.get("direct", {}).get("points_per_customer"),
            bulk_lines_per_second=lanes.get("bulk", {}).get("lines_per_second"),
            throttled=sum(figures["throttled"] for figures in lanes.values()),
        )
        folder = self._place.settings.report_dir or self._place.project / plugins.REPORTS
        try:
            report.write(folder, saved)
        except OSError as error:
            raise OperatorError(f"The report cannot be written to {folder}: {error.strerror}.") from None
        self._console.print("\nSaved pilot.json and pilot.md in the reports; the forecast uses them.", highlight=False)
        return not report.blockers(findings)

    def _show(self, findings: list[Finding], wanted: list[Advice]) -> None:
        self._console.print()
        self._console.print(report.table(SHOPIFY, findings))
        self._console.print(f"\n{report.LEGEND}", style="dim")
        for line in report.consequences(findings):
            self._console.print(f"- {line}", markup=False, highlight=False, soft_wrap=True)
        for one in wanted:
            self._console.print(f"Recommended: {one.variable}={one.value}  ({one.why})", markup=False, highlight=False)
        for line in report.blockers(findings):
            self._console.print(f"Impossible: {line}", markup=False, highlight=False, soft_wrap=True)

    def _roll_back(self, under_way: Pilot) -> bool:
        """Undo the loads, and compare the shop's customers with those before."""
        under_way.figures[_ROLLING] = True
        record.keep(self._place.connection, under_way)
        status = _migration(self._place.project, "rollback", "--confirm", self._place.settings.shop)
        if status:
            raise OperatorError("The rollback did not end well (reasons above); the same command goes on with it.")
        count, _ = self._bench.until(self._count, lambda count: count == under_way.count_before, _COUNT_SECONDS)
        if count != under_way.count_before:
            raise OperatorError(
                f"The shop has {count:,} customers after the rollback and had {under_way.count_before:,} before the "
                "pilot: look at the rollback's report for what stayed; somebody else may have made customers meanwhile."
            )
        record.end(self._place.connection, under_way)
        self._console.print(f"Rolled back: the shop has {count:,} customers, as before.", highlight=False)
        return True


def _migration(project: Path, *arguments: str) -> int:
    """Run another command of ours in a process of its own; return its exit status."""
    sys.stdout.flush()
    program = str(Path(sys.executable).parent / "migration")
    return subprocess.run([program, *arguments], cwd=project, check=False).returncode
