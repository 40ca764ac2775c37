"""The hidden command `work`: the process of a run that was started from the console."""

from __future__ import annotations

import click

from cratejoy_migration.console.work.worker import Worker
from cratejoy_migration.staging.project import project_folder


@click.command(hidden=True)
@click.argument("number", type=click.IntRange(1))
@click.pass_context
def work(context: click.Context, number: int) -> None:
    """Carry out run NUMBER of the console."""
    context.exit(Worker(project_folder(), number).go())
