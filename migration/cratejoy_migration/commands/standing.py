"""Where the migration stands: status and report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console

from cratejoy_migration import accounting, meltano_runs, overview, runs
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import configured_url, project_folder
from cratejoy_migration.standing import screen, throughput
from cratejoy_migration.standing.facts import gather

_MOST_RUNS = 1000


@click.command()
@click.option("--tables", is_flag=True, help="Each staging table with its exact rows, size and last bookmark, too.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(*, tables: bool, as_json: bool) -> None:
    """Show where the migration stands, what runs now, and what to do next."""
    project = project_folder()
    console = Console()
    database = meltano_runs.open_database(project)
    marks = meltano_runs.bookmarks(database) if database else {}
    with staging_database(project) as url:
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            facts = gather(connection, marks)
        staged = overview.staged_tables(url) if tables else []
    if as_json:
        click.echo(json.dumps(screen.machine(facts), indent=2))
        return
    kind = "yours (STAGING_DATABASE_URL)" if configured_url(project) else f"embedded, in {_short(project)}"
    console.print(f"Staging database: {overview.place(url)}, {kind}", highlight=False, soft_wrap=True)
    if staged:
        console.print()
        console.print(overview.table(staged, marks))
    console.print()
    console.print(screen.phases(facts))
    console.print()
    for note in screen.notes(facts):
        console.print(note, highlight=False, soft_wrap=True, markup=False)


@click.command()
@click.option("--runs", "with_runs", is_flag=True, help="The history of runs with their throughput, too.")
@click.option("--json", "as_json", is_flag=True, help="All of it for machines.")
@click.pass_context
def report(context: click.Context, *, with_runs: bool, as_json: bool) -> None:
    """Account for every staged customer, subscription and order; fails when the lines do not add up."""
    with staging_database() as url:
        found = accounting.account(url)
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            history = runs.latest(connection, _MOST_RUNS) if with_runs or as_json else []
    if as_json:
        click.echo(json.dumps(_machine(found, history), indent=2))
        context.exit(0 if found.adds_up else 1)
    console = Console()
    console.print(accounting.table(found))
    for note in accounting.notes(found):
        console.print(note, highlight=False, soft_wrap=True)
    if with_runs:
        console.print()
        console.print(throughput.table(history))
    context.exit(0 if found.adds_up else 1)


def _machine(found: accounting.Accounting, history: list[runs.Run]) -> dict[str, Any]:
    return {
        **accounting.machine(found),
        "runs": [throughput.measured(run) for run in history],
        "seconds": round(throughput.total(history), 1),
    }


def _short(project: Path) -> str:
    folder = project / ".staging"
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)
