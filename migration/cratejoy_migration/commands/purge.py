"""The commands `purge` and `erase`: what a migration left on our side, of everybody or of one person."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from cratejoy_migration.erase import screen as erase_screen
from cratejoy_migration.erase.erase import Erase
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.purge import proof, screen
from cratejoy_migration.purge.purge import Purge, Scope, Stock
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.project import project_folder

_PROOF_WIDTH = 100
_UNWRITTEN = "Warning: the proof could not be written ({}): keep these lines yourself."


@click.command()
@click.option("--confirm", metavar="SHOP", help="Name of the shop, such as my-shop: remove what the plan lists.")
@click.option("--plan", "only_plan", is_flag=True, help="Show the plan, whatever else is said.")
@click.option("--database-only", is_flag=True, help="Leave reports, logs and Meltano's files.")
@click.option("--files-only", is_flag=True, help="Leave the staging database.")
@click.pass_context
def purge(
    context: click.Context, *, confirm: str | None, only_plan: bool, database_only: bool, files_only: bool
) -> None:
    """Remove all personal data of a migration from our side: show the plan, and with --confirm carry it out.

    Staged rows, ledger, before-images, decisions, reports, dead letters, logs, Meltano's runs and bookmarks, the
    embedded database. Nothing in Shopify or Cratejoy is touched. Final: nothing can be verified or rolled back after
    it. Safe to kill and to run again; exit status 0 only when nothing is left. What it said stays as its proof in
    purge-<time>.txt: counts, and nothing of anybody.
    """
    if database_only and files_only:
        raise OperatorError("--database-only and --files-only exclude each other: leave both off to remove all.")
    scope = Scope(database=not files_only, files=not database_only)
    work = Purge(project_folder(), scope)
    before = work.stock()
    shop = before.shop or work.shop or work.folder
    if confirm and not before.is_empty and _bare(confirm) != shop:
        known = f"the shop here is {shop}" if shop != work.folder else f"no shop is known here: say --confirm {shop}"
        raise OperatorError(f"--confirm names {confirm}, but {known}. Nothing was removed.")
    context.exit(_carry_out(work, scope, before) if confirm and not only_plan else _plan(before, shop, scope))


@click.command()
@click.argument("person")
@click.option("--confirm", is_flag=True, help="Remove what is listed; at Cratejoy the person must be erased already.")
@click.pass_context
def erase(context: click.Context, *, person: str, confirm: bool) -> None:
    """Remove one person from our side: PERSON is an e-mail address or a Cratejoy customer id; - reads it from stdin.

    Rows, ledger, before-images, lines of reports and logs; an address in the rows of others is blanked. The Cratejoy
    ids alone are kept, so that the person is not carried again. Shows what it would remove; --confirm removes it.
    """
    given = sys.stdin.readline() if person == "-" else person
    project = project_folder()
    places = Purge(project, Scope())
    folders = [*places.reports(), project / ".meltano" / "logs", project / ".meltano" / "run"]
    with places.databases() as found:
        if not found:
            raise OperatorError("Nothing is staged in this project: there is nobody to erase.")
        work = Erase([url for url, _ in found], [*folders, Layout(project).log], given, _Looking())
        traces, left = work.carry_out() if confirm else (work.look(), None)
    erase_screen.show(Console(), traces, left)
    context.exit(1 if left else 0)


class _Looking:
    """Tells what is looked through, on a terminal, in a line that does not stay."""

    def __call__(self, name: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{name}", err=True, nl=False)
            if name == "reports and logs":
                click.echo("\r\033[K", err=True, nl=False)


def _plan(before: Stock, shop: str, scope: Scope) -> int:
    out = Console()
    if before.is_empty:
        out.print("There is nothing to purge.")
        _stays(out, before)
        return 1 if before.strangers else 0
    out.print("To be removed:", style="bold")
    out.print(screen.table(before))
    _stays(out, before)
    for line in (screen.WARNING, before.warning, before.trouble):
        if line:
            out.print(line, highlight=False, soft_wrap=True)
    only = "" if scope == Scope() else " --database-only" if scope.database else " --files-only"
    out.print(
        f"Nothing was removed. To remove it: migration purge --confirm {shop}{only}", highlight=False, soft_wrap=True
    )
    return 0


def _carry_out(work: Purge, scope: Scope, before: Stock) -> int:
    work.check(before)
    project = project_folder()
    file = proof.unfinished(project)
    if not before.is_empty:
        file = _begin(project, before.shop or work.shop or work.folder, before)
    work.carry_out(before)
    after = work.stock()
    empty = after.is_empty and not after.strangers
    out = Console(record=True)
    if before.is_empty:
        out.print("There was nothing to purge.")
    else:
        out.print("Removed:" if empty else "What there was:", style="bold")
        out.print(screen.table(before))
    _stays(out, after)
    out.print(screen.proof(scope, after), highlight=False, soft_wrap=True)
    last = proof.WHOLE if empty else "Something is left: see above."
    if file:
        _end(out, file, last)
    out.print(last, style="bold" if empty else "bold red")
    sys.stdout.flush()
    return 0 if empty else 1


def _begin(project: Path, shop: str, before: Stock) -> Path | None:
    plan = Console(file=io.StringIO(), width=_PROOF_WIDTH, record=True)
    plan.print("To be removed:")
    plan.print(screen.table(before))
    try:
        return proof.begin(project, shop, datetime.now(UTC), plan.export_text())
    except OSError as error:
        click.echo(_UNWRITTEN.format(error.strerror), err=True)
        return None


def _end(out: Console, file: Path, last: str) -> None:
    try:
        proof.end(file, datetime.now(UTC), f"{out.export_text(clear=False)}{last}\n")
    except OSError as error:
        click.echo(_UNWRITTEN.format(error.strerror), err=True)
        return
    out.print(f"These lines stay as the proof: {file.name}", highlight=False, soft_wrap=True)


def _stays(out: Console, stock: Stock) -> None:
    lines = screen.stays(stock)
    if lines:
        out.print("Stays:", style="bold")
        for line in lines:
            out.print(f"  {line}", highlight=False, soft_wrap=True)


def _bare(name: str) -> str:
    return name.lower().removesuffix(".myshopify.com")
