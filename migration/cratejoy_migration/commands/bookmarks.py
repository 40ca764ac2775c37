"""The command `bookmarks`."""

from __future__ import annotations

from collections.abc import Sequence

import click
import psycopg
from rich.console import Console
from rich.table import Table

from cratejoy_migration import meltano_runs, one_run
from cratejoy_migration.bookmark_rules import Mark
from cratejoy_migration.bookmarks import Bookmarks
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder


@click.command()
@click.option("--restart", metavar="STREAM", help="Let the next collection read this stream from its first page.")
@click.option("--from-page", "from_page", type=(str, int), metavar="STREAM PAGE",
              help="Let the next collection go on with this stream at this page.")  # fmt: skip
@click.option("--undo", is_flag=True, help="Put back what was before the last of these changes.")
def bookmarks(restart: str | None, from_page: tuple[str, int] | None, *, undo: bool) -> None:
    """Show how far each stream is, or change from where the next collection reads it.

    Refuses to change anything while a collection is running.
    """
    if sum((restart is not None, from_page is not None, undo)) > 1:
        raise OperatorError("One change at a time: --restart, --from-page or --undo.")
    project = project_folder()
    with (
        staging_database(project) as url,
        psycopg.connect(url, connect_timeout=10, autocommit=True) as connection,
    ):
        database = meltano_runs.open_database(project)
        marks = Bookmarks(database, connection, meltano_runs.collection_id(project))
        said = ""
        if restart is not None or from_page is not None or undo:
            with one_run.sharing(url, "migration bookmarks"):
                if restart is not None:
                    said = marks.restart(restart)
                elif from_page is not None:
                    said = marks.go_on_from(*from_page)
                else:
                    said = marks.undo()
        shown = marks.read()
    if not shown:
        click.echo("Nothing was collected yet, so there are no bookmarks.")
        return
    Console().print(table(shown))
    if said:
        click.echo(said)


def table(marks: Sequence[Mark]) -> Table:
    """Return one line a stream."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("stream", "page", "of", "bookmark"):
        right = heading in ("page", "of")
        screen.add_column(heading, justify="right" if right else "left", no_wrap=heading != "bookmark")
    for mark in marks:
        screen.add_row(mark.stream, _told(mark.page), _told(mark.last_page), mark.told)
    return screen


def _told(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
