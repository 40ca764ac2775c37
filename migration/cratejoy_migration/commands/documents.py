"""The command `documents`."""

from __future__ import annotations

import click
from rich.console import Console

from cratejoy_migration import one_run
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.summary import Summary, figures, notes, table
from cratejoy_migration.history import recorded
from cratejoy_migration.staging import staging_database


@click.command()
@click.option("--all", "everything", is_flag=True, help="Customers that are done, too (after changed settings).")
@click.option("--refused", is_flag=True, help="Customers that were refused, too.")
def documents(*, everything: bool, refused: bool) -> None:
    """Build the customer documents that phase 2 reads: one for each customer that still has to go."""
    with staging_database() as url:
        summary = built(url, everything=everything, refused=refused)
    Console().print(table(summary))
    for note in notes(summary):
        click.echo(note)


def built(url: str, *, everything: bool = False, refused: bool = False) -> Summary:
    """Build the documents, on record in the history of runs, and say how long each step took.

    Raises:
        OperatorError: a run is going on that is not ours.
        StagingError: no customers are staged, or another build is running, or the documents are being read.
        psycopg.Error: the database failed; the previous documents are as they were.
    """
    told = Told(
        step=lambda name, seconds: click.echo(f"{name:<20} {seconds:7.1f} s", err=True),
        warning=lambda text: click.echo(f"Warning: {text}", err=True),
    )
    with one_run.sharing(url, "migration documents"), recorded(url, "documents") as run:
        summary = build(url, told, everything=everything, refused=refused)
        run.beat(figures(summary))
    return summary
