"""Where the migration stands: status and report."""

from __future__ import annotations

import click
from rich.console import Console

from cratejoy_migration import accounting, meltano_runs, overview
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import configured_url, project_folder


@click.command()
def status() -> None:
    """Show where the staging stands: tables, rows, sizes, the last saved state of each stream; and the ledger."""
    project = project_folder()
    console = Console()
    with staging_database(project) as url:
        kind = "yours (STAGING_DATABASE_URL)" if configured_url(project) else f"embedded, in {project / '.staging'}"
        console.print(f"Staging database: {overview.place(url)}, {kind}", highlight=False, soft_wrap=True)
        staged = overview.staged_tables(url)
        phase_2 = accounting.progress(url)
    if not staged:
        console.print("Nothing is staged yet: meltano run collect")
        return
    database = meltano_runs.open_database(project)
    console.print(overview.table(staged, meltano_runs.bookmarks(database) if database else {}))
    for line in overview.phase_2(phase_2):
        console.print(line, highlight=False, soft_wrap=True)


@click.command()
@click.pass_context
def report(context: click.Context) -> None:
    """Account for every staged customer, subscription and order; fails when the lines do not add up."""
    with staging_database() as url:
        found = accounting.account(url)
    console = Console()
    console.print(accounting.table(found))
    for note in accounting.notes(found):
        console.print(note, highlight=False, soft_wrap=True)
    context.exit(0 if found.adds_up else 1)
