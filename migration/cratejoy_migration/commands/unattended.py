"""The command `run`: the whole migration by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from cratejoy_migration.errors import DecisionNeeded, OperatorError
from cratejoy_migration.staging.project import project_folder
from cratejoy_migration.unattended import patience, session
from cratejoy_migration.unattended.planner import GOALS, PHASES
from cratejoy_migration.unattended.walk import Orders


class _Duration(click.ParamType[timedelta]):
    """Such as 90s, 10m, 24h or 2d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return patience.duration(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


@click.command()
@click.option("--until", "goal", type=click.Choice(GOALS), required=True, help="Where the walk ends.")
@click.option("--from", "first", type=click.Choice(PHASES), help="Go through this and all after it again.")
@click.option("--delta", is_flag=True, help="When that was reached before: bring over what is new since then.")
@click.option("--wait", is_flag=True, help="Wait for a decision rather than end with exit status 3.")
@click.option(
    "--patience", "most", type=_Duration(), default="24h", show_default=True, help="Give up after no progress."
)
@click.option("--pause", type=_Duration(), default="1m", show_default=True, help="After a failure; doubles up to 1h.")
@click.pass_context
def run(
    context: click.Context, *, goal: str, first: str | None, delta: bool, wait: bool, most: timedelta, pause: timedelta
) -> None:
    """Walk the whole path by itself, and go on where it stands after any crash or restart.

    Customers first; each stream is counted and backfilled before the next is read. Then documents, forecast,
    migration, reading the shop back, repair. What can heal is tried again; exit status 3 asks for a decision.
    """
    status, stop = session.start(project_folder(), Orders(goal, first or "", delta, wait, pause, most))
    if stop.event == "failed":
        raise OperatorError(stop.sentence)
    if stop.event == "waiting":
        raise DecisionNeeded(stop.sentence)
    click.echo(stop.sentence)
    context.exit(status)
