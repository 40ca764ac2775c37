"""Commands of the staging database: start, stop, psql; and unlock, for Meltano's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import click
import psycopg

from cratejoy_migration import meltano_runs, overview
from cratejoy_migration.staging import StagingError, control, staging_database
from cratejoy_migration.staging.binaries import program
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.project import configured_url, project_folder


@click.command()
def start() -> None:
    """Start the embedded database and keep it running until `stop` or a restart of the machine."""
    layout = _embedded()
    with staging_database(layout.project) as url:
        control.keep_running(layout)
        click.echo(f"The embedded staging database is running: {overview.place(url)}.")
        click.echo(f"User staging, password in {layout.password}. To look inside: migration psql")


@click.command()
@click.option("--force", is_flag=True, help="Stop it even while a program uses it.")
def stop(*, force: bool) -> None:
    """Stop the embedded database."""
    layout = _embedded()
    if control.in_use(layout) and not force:
        raise StagingError("the embedded staging database is in use; end that program first, or use --force.")
    stopped = control.stop(layout)
    click.echo("Stopped." if stopped else "It was not running.")


@click.command(context_settings={"ignore_unknown_options": True})
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


@click.command()
def unlock() -> None:
    """Let a run that was killed be started again at once.

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
