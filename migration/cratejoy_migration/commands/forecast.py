"""The command `forecast`."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
from rich.console import Console

from cratejoy_migration import decisions, plugins
from cratejoy_migration.commands.documents import built
from cratejoy_migration.forecast import screen
from cratejoy_migration.forecast.dry_run import foretell
from cratejoy_migration.forecast.verdict import judge
from cratejoy_migration.history import recorded
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder

_KEPT = ("documents", "counts", "refusals", "points", "restore_rate", "hours", "fix_list")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Customers that are done, too (after changed settings).")
@click.option("--accept-refused", type=click.IntRange(0), help="So many refused customers are fine.")
@click.pass_context
def forecast(context: click.Context, *, everything: bool, accept_refused: int | None) -> None:
    """Foretell the migration without writing: outcomes, reasons, points, hours, and a list of what to put right.

    Fails when more customers would be refused than --accept-refused says, else than `migration accept refused` says,
    and in any case when max_refusals would end the run.
    """
    project = project_folder()
    folder = plugins.target_settings(project).report_dir or project / plugins.REPORTS
    with staging_database(project) as url, recorded(url, "forecast") as run:
        built(url, everything=everything)
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            decided = decisions.accepted(connection, "refused").get("all")
        figures = foretell(project, folder)
        verdict = judge(figures, decided.amount if decided and accept_refused is None else accept_refused)
        run.beat({**{name: figures.get(name) for name in _KEPT}, "holds": verdict.holds})
    console = Console()
    console.print()
    console.print(screen.outcomes(figures))
    console.print()
    console.print(screen.plans(figures))
    console.print()
    for note in screen.notes(figures, Path(plugins.shown(folder, project))):
        console.print(note, highlight=False, soft_wrap=True)
    console.print(verdict.sentence, highlight=False, soft_wrap=True, style="bold")
    context.exit(0 if verdict.holds else 1)
