"""The command `quick-test`."""

from __future__ import annotations

import click
from rich.console import Console

from cratejoy_migration import one_run, plugins
from cratejoy_migration.history import recorded
from cratejoy_migration.quick_test import result
from cratejoy_migration.quick_test.quick_test import QuickTest
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder


@click.command()
@click.option("--customers", type=click.IntRange(1, 500), default=10, show_default=True, help="How many at most.")
@click.option("--send", is_flag=True, help="Write them into the shop; without it nothing is written there.")
@click.pass_context
def quick_test(context: click.Context, *, customers: int, send: bool) -> None:
    """Carry a handful of customers through the whole path, dry unless told otherwise.

    Reads some rows from Cratejoy where nothing is staged yet, builds the documents of a few customers, and asks Shopify
    what would become of them. Bookmarks stay as they are. Exit status 0 when every one of them goes.
    """
    project = project_folder()
    settings = plugins.target_settings(project)
    reports = settings.report_dir or project / plugins.REPORTS
    with (
        staging_database(project) as url,
        one_run.sharing(url, "migration quick-test"),
        recorded(url, "quick-test") as run,
    ):
        found = QuickTest(project, url, reports, lambda text: click.echo(f"{text} ...", err=True)).run(
            customers, send=send
        )
        run.beat({"customers": len(found.customers), "counts": found.counts, "sent": send})
        if not found.holds:
            run.figures["state"] = "failed"
    console = Console()
    console.print(result.table(found))
    console.print()
    told = ", ".join(f"{count:,} {name}" for name, count in found.rows.items())
    console.print(f"Their histories hold {told}. It took {found.seconds:.0f} s.", highlight=False, soft_wrap=True)
    console.print(found.sentence, highlight=False, soft_wrap=True)
    context.exit(0 if found.holds else 1)
