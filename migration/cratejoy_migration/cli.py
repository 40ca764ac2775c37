"""The operator's command line, `migration`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import click
import psycopg
from rich.console import Console

from cratejoy_migration import accounting, meltano_runs, overview
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.summary import notes as summary_notes
from cratejoy_migration.documents.summary import table as summary_table
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError, control, staging_database
from cratejoy_migration.staging.binaries import program
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.project import configured_url, project_folder


class _OneLineErrors(click.Group):
    """A group whose commands end with one line on stderr when the staging database fails them."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (StagingError, psycopg.Error) as error:
            click.echo(f"Error: {sentence(error)}", err=True)
            ctx.exit(1)


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cratejoy-migration")
def main() -> None:
    """Look after the migration from Cratejoy to Shopify.

    The staging database is the one that STAGING_DATABASE_URL names (environment or .env); without it, an
    embedded PostgreSQL under .staging of the project, started when something needs it.
    """


@main.command()
def start() -> None:
    """Start the embedded database and keep it running until `stop` or a restart of the machine."""
    layout = _embedded()
    with staging_database(layout.project) as url:
        control.keep_running(layout)
        click.echo(f"The embedded staging database is running: {overview.place(url)}.")
        click.echo(f"User staging, password in {layout.password}. To look inside: migration psql")


@main.command()
@click.option("--force", is_flag=True, help="Stop it even while a program uses it.")
def stop(*, force: bool) -> None:
    """Stop the embedded database."""
    layout = _embedded()
    if control.in_use(layout) and not force:
        raise StagingError("the embedded staging database is in use; end that program first, or use --force.")
    stopped = control.stop(layout)
    click.echo("Stopped." if stopped else "It was not running.")


@main.command()
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


@main.command()
@click.option("--all", "everything", is_flag=True, help="Customers that are done, too (after changed settings).")
@click.option("--refused", is_flag=True, help="Customers that were refused, too.")
def documents(*, everything: bool, refused: bool) -> None:
    """Build the customer documents that phase 2 reads: one for each customer that still has to go."""
    told = Told(
        step=lambda name, seconds: click.echo(f"{name:<20} {seconds:7.1f} s", err=True),
        warning=lambda text: click.echo(f"Warning: {text}", err=True),
    )
    with staging_database() as url:
        summary = build(url, told, everything=everything, refused=refused)
    Console().print(summary_table(summary))
    for note in summary_notes(summary):
        click.echo(note)


@main.command()
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


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the staging database; ARGUMENTS go to psql."""
    with staging_database() as url:
        parts = psycopg.conninfo.conninfo_to_dict(url)
        secret = str(parts.pop("password", ""))
        target = psycopg.conninfo.make_conninfo(**parts)  # type: ignore[arg-type]
        # Ctrl-C is psql's: it ends a query there.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        environment = {**os.environ, **({"PGPASSWORD": secret} if secret else {})}
        ended = subprocess.run([program("psql"), target, *arguments], env=environment, check=False)
    sys.exit(ended.returncode)


@main.command()
def unlock() -> None:
    """Let a collection that was killed be started again at once.

    Meltano takes a killed run for a running one for five minutes. This ends such runs in Meltano's database
    when their heartbeat has stopped, and leaves living ones alone.
    """
    database = meltano_runs.open_database(project_folder())
    for name in meltano_runs.end_dead_runs(database) if database else []:
        click.echo(f"Ended the killed run of {name}.", err=True)


def _embedded() -> Layout:
    project = project_folder()
    if configured_url(project):
        raise StagingError("STAGING_DATABASE_URL names the staging database; there is no embedded one to manage.")
    layout = Layout(project)
    layout.create()
    return layout
