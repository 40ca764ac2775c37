"""The command rollback: what a migration made in the shop, undone."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from target_shopify.client import ShopifyClient
from target_shopify.errors import Interrupted
from target_shopify.ledger import marks_of
from target_shopify.shop import ask

from cratejoy_migration import history, one_run, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.rollback import summary
from cratejoy_migration.rollback.files import Files
from cratejoy_migration.rollback.hands import Hands
from cratejoy_migration.rollback.journal import Journal
from cratejoy_migration.rollback.rollback import Means, Rollback
from cratejoy_migration.rollback.traces import Traces
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder

if TYPE_CHECKING:
    from target_shopify.settings import Settings

_LOGGER = logging.getLogger("rollback")


@click.command()
@click.option("--confirm", metavar="SHOP", help="Name of the shop, such as my-shop: carry the plan out.")
@click.option("--plan", "only_plan", is_flag=True, help="Show the plan, whatever else is said.")
@click.pass_context
def rollback(context: click.Context, confirm: str | None, *, only_plan: bool) -> None:
    """Undo a migration in Shopify: show the plan, and with --confirm carry it out.

    Deletes the orders and customers that the migration made, brings adopted customers back to what they were, and
    deletes the metafield definitions. Only what the ledger owns is touched; customers with orders of their own stay.
    Safe to kill and to run again.
    """
    project = project_folder()
    settings = plugins.target_settings(project)
    _check(confirm, settings)
    with staging_database(project) as url:
        ledger = settings.ledger_url or url
        if confirm and not only_plan and not settings.dry_run:
            with one_run.sharing(url, "migration rollback"), history.recorded(ledger, "rollback") as run:
                complete = _run(settings, ledger, carry_out=True)
                run.figures["state"] = "done" if complete else "failed"
        else:
            complete = _run(settings, ledger, carry_out=False)
    context.exit(0 if complete else 1)


def _check(confirm: str | None, settings: Settings) -> None:
    if confirm and confirm.removesuffix(".myshopify.com") != settings.shop:
        raise OperatorError(
            f"--confirm names {confirm}, but the migration's shop is {settings.shop}: nothing was done. Name the shop "
            "whose migration is to be undone."
        )


def _run(settings: Settings, url: str, *, carry_out: bool) -> bool:
    """Plan, and carry out if asked; return whether everything planned was undone."""
    screen = Console()
    journal = Journal(url, f"{settings.shop}.myshopify.com", marks_of(settings.namespace, settings.tag_prefix))
    try:
        if not journal.began:
            journal.plan()
        if not journal.counts():
            journal.forget()
            screen.print("Nothing is left to roll back.")
            return True
        with _working(settings, journal) as work:
            if not journal.began:
                work.look()
                journal.planned()
            if not carry_out:
                _show_plan(screen, journal, settings)
                return True
            _show_plan(screen, journal, None)
            work.carry_out()
        return _tell(screen, journal, settings)
    finally:
        journal.close()


def _folder(reports: Path | None) -> Path:
    """Make a folder for working files, named by the process as the target names its own, so that leftovers are seen."""
    if reports is not None:
        reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(tempfile.mkdtemp(prefix=f".work-{os.getpid()}-", dir=reports))


@contextmanager
def _working(settings: Settings, journal: Journal) -> Iterator[Rollback]:
    """Yield a rollback that a signal ends after the calls in flight."""
    client = ShopifyClient(settings, _LOGGER)
    with_orders = journal.has_orders()
    ask(client, settings, _needed(with_orders=with_orders))
    hands = Hands(client, settings.concurrency)
    folder = _folder(settings.report_dir)
    files, traces = Files(client, _LOGGER, folder), Traces(client, settings, journal, folder, _LOGGER)

    def interrupt(signum: int, _: Any) -> None:
        client.stop()
        raise Interrupted(signum)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Rollback(Means(client, settings, journal, hands, files, traces, _Progress()), with_orders=with_orders)
    finally:
        client.stop()
        hands.close()
        files.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _needed(*, with_orders: bool) -> frozenset[str]:
    orders = {"read_orders", "write_orders"} if with_orders else set()
    return frozenset({"read_customers", "write_customers"} | orders)


class _Progress:
    """Tells lines on stderr, one every few seconds."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, line: str) -> None:
        if line != self._last:
            click.echo(line, err=True)
        self._last = line


def _show_plan(screen: Console, journal: Journal, settings: Settings | None) -> None:
    counts = journal.counts()
    screen.print(summary.plan_table([one for one in counts if one[2] == "planned"]))
    if settings:
        begun = "A rollback has begun; this is what is left of it." if journal.began else "Nothing was changed."
        screen.print(
            f"{begun} To carry it out: migration rollback --confirm {settings.shop}", highlight=False, soft_wrap=True
        )


def _tell(screen: Console, journal: Journal, settings: Settings) -> bool:
    """Show and write what was done; end the rollback when nothing is left to do."""
    counts, stays = journal.counts(), journal.stays()
    strangers = journal.strangers()
    seen = journal.seen_counts()
    told = {**summary.figures(settings.shop, counts, stays), "read_back": seen, "strangers": strangers}
    path = summary.write(settings.report_dir or Path("reports"), told, journal.listed())
    if not any(state == "planned" for _, _, state, _, _ in counts):
        journal.end(told)
    screen.print(summary.result_table(counts))
    for note in summary.notes(counts, stays, seen, len(strangers)):
        screen.print(note, highlight=False, soft_wrap=True)
    verdict = (
        "Rolled back: the shop holds nothing of the migration but what is listed."
        if told["complete"]
        else "Not everything is undone."
    )
    screen.print(
        f"{verdict} What stayed and why: {plugins.shown(path, project_folder())}", highlight=False, soft_wrap=True
    )
    sys.stdout.flush()
    return bool(told["complete"])
