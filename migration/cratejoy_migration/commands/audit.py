"""Completeness of what is staged: audit, backfill, and what a person accepts as missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from tap_cratejoy.errors import TapError

from cratejoy_migration import decisions, one_run, plugins
from cratejoy_migration.audit import screen
from cratejoy_migration.audit import staged as staging
from cratejoy_migration.audit.audit import alone, connect, of_project, screen_logger
from cratejoy_migration.audit.backfill import Backfill
from cratejoy_migration.audit.gate import age, describes, recounted, refusal
from cratejoy_migration.audit.lines import ALL, Line, beyond
from cratejoy_migration.audit.pipeline import Pipeline
from cratejoy_migration.audit.scope import COUNTABLE
from cratejoy_migration.audit.source import Cratejoy
from cratejoy_migration.audit.store import AuditStore, Connection, Hole
from cratejoy_migration.audit.streams import audited, chosen, uncountable
from cratejoy_migration.audit.verdict import amounts, left_over, next_step, told
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import recorded
from cratejoy_migration.loading.writer_lock import loads_running
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder

_RETRIES = 2
"""So often the gate tries again to reach Cratejoy before it goes by the last audit."""
_STREAM = click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream; may be repeated.")


@click.command()
@click.option("--deep", is_flag=True, help="Read every page and name each missing row; goes on where it was stopped.")
@_STREAM
@click.pass_context
def audit(context: click.Context, streams: tuple[str, ...], *, deep: bool) -> None:
    """Compare what Cratejoy holds with what is staged; fails while more is missing than was accepted.

    By counts, with one request a stream; with --deep page by page, for the ids only.
    """
    project = project_folder()
    with (
        staging_database(project) as url,
        connect(url) as connection,
        recorded(url, "audit") as run,
        Cratejoy(plugins.tap_settings(project), screen_logger()) as cratejoy,
    ):
        if loads_running(connection, "cratejoy"):
            click.echo("Warning: a collection is running; what it has not stored yet counts as missing.", err=True)
        audits = of_project(project, connection, cratejoy)
        wanted = chosen(streams, audits.streams)
        audits.store.keep_only(audits.streams)
        if deep:
            with alone(connection):
                lines = [audits.by_pages(stream, run.run_id) for stream in wanted]
        else:
            lines = [audits.by_counts(stream) for stream in wanted]
        holes, pages_left = _holes(audits.store, wanted) if deep else ([], 0)
        accepted = amounts(connection)
        over = beyond(lines, accepted)
        run.beat({"missing": sum(line.missing or 0 for line in lines), "streams": len(lines), "deep": deep})
        below = [] if streams else uncountable(staging.tables(connection))
    console = Console()
    console.print(screen.table(lines, below))
    if holes:
        console.print()
        console.print(screen.holes_table(holes))
    for note in screen.notes(lines, pages_left):
        console.print(note, highlight=False, soft_wrap=True)
    console.print(next_step(lines, accepted, deep=deep), highlight=False, soft_wrap=True)
    context.exit(1 if over else 0)


@click.command()
@_STREAM
@click.pass_context
def backfill(context: click.Context, streams: tuple[str, ...]) -> None:
    """Read exactly what an audit found missing, through the normal pipeline, and audit it again.

    Where it is not known yet which rows are missing, the pages are read first, as `audit --deep` does.
    """
    project = project_folder()
    with (
        staging_database(project) as url,
        connect(url) as connection,
        one_run.sharing(url, "migration backfill"),
        recorded(url, "backfill") as run,
        Cratejoy(plugins.tap_settings(project), screen_logger()) as cratejoy,
        alone(connection),
    ):
        audits = of_project(project, connection, cratejoy)
        closing = Backfill(audits, Pipeline(project), run.run_id)
        found = [closing.close(stream) for stream in chosen(streams, audits.streams)]
        lines = [one.line for one in found]
        accepted = amounts(connection)
        left = left_over(lines, accepted)
        run.beat({"missing": sum(line.missing or 0 for line in lines), "gone": sum(one.gone for one in found)})
        if left:
            run.figures["state"] = "failed"
    console = Console()
    console.print(screen.table(lines, []))
    for note in screen.notes(lines):
        console.print(note, highlight=False, soft_wrap=True)
    if left:
        status = next((one.status for one in found if one.status), 0)
        raise OperatorError(f"the collection ended with exit status {status} (above); {left}" if status else left)
    console.print(next_step(lines, accepted, deep=False), highlight=False, soft_wrap=True)
    context.exit(0)


@click.command()
def ready() -> None:
    """Let phase 2 start only when nothing is missing beyond what was accepted.

    Goes by the last audit while it describes what is staged, else compares the counts anew.
    """
    project = project_folder()
    with staging_database(project) as url, connect(url) as connection:
        lines, refused = _standing(project, connection)
    if refused and (limit := _record_limit(project)) is not None:
        click.echo(f"Rehearsal: record_limit is {limit}, so rows are missing on purpose.", err=True)
    elif refused:
        raise OperatorError(f"Phase 2 does not start: {refused}")
    for line in lines:
        if line.foreign and line.stream in {"orders", "subscriptions"}:
            click.echo(f"{line.stream}: {line.foreign:,} rows of customers that are not staged stay behind.", err=True)


@click.command()
@click.argument("kind", required=False, type=click.Choice(["missing", "refused", "different"]))
@click.option("--stream", "subject", default=ALL, show_default=True, help="Of which stream, or of all together.")
@click.option("--count", "amount", type=click.IntRange(0), help="So many rows at most; 0 takes the decision back.")
@click.option("--reason", default="", help="Why, for whoever reads the certificate.")
@click.option("--list", "only_list", is_flag=True, help="Show what has been accepted.")
def accept(kind: str | None, subject: str, amount: int | None, reason: str, *, only_list: bool) -> None:
    """Accept that rows are missing, refused or different, and say why; or list what was accepted."""
    if not only_list:
        _check(kind, subject, amount, reason)
    with staging_database() as url, connect(url) as connection:
        if kind and amount is not None and not only_list:
            decisions.accept(connection, kind, subject, amount, " ".join(reason.split()))
        kinds = [kind] if kind and only_list else ["missing", "refused", "different"]
        latest = [one for each in kinds for one in decisions.accepted(connection, each).values()]
        found = [told(one) for one in latest if one.amount]
    if not found:
        click.echo("Nothing has been accepted.")
        return
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("accepted", "of", "rows", "on", "because"):
        listed.add_column(heading, justify="right" if heading == "rows" else "left")
    for row in found:
        listed.add_row(*row)
    Console().print(listed)


def _holes(store: AuditStore, streams: list[str]) -> tuple[list[tuple[str, Hole]], int]:
    """Return the pages with holes to show, and how many there are besides."""
    found: list[tuple[str, Hole]] = []
    for stream in streams:
        found += [(stream, hole) for hole in store.holes(stream, screen.MOST_PAGES - len(found))]
    return found, sum(store.holey_pages(stream) for stream in streams) - len(found)


def _standing(project: Path, connection: Connection) -> tuple[list[Line], str | None]:
    """Return how complete the staging is, and what keeps phase 2 from starting.

    Goes by the last audit, by one made now where rows were stored or deleted since, by the counts that the last one
    brought where Cratejoy cannot be asked.

    Raises:
        OperatorError: No customers are staged.
    """
    counts = staging.row_counts(connection)
    if "customers" not in counts:
        raise OperatorError("no customers are staged yet; run first: meltano run collect")
    lines = AuditStore(connection).lines()
    streams = audited(plugins.tap_selection(project), staging.tables(connection))
    if not describes(lines, counts, streams):
        try:
            lines = _audited_now(project, connection)
        except TapError as error:
            if not lines:
                return [], f"nothing was ever audited, and Cratejoy cannot be asked now. {error}"
            click.echo(f"Cratejoy cannot be asked; going by its counts of {age(lines[0])}. {error}", err=True)
            lines = recounted(lines, counts)
    return lines, refusal(lines, amounts(connection))


def _audited_now(project: Path, connection: Connection) -> list[Line]:
    settings = plugins.tap_settings(project)
    hasty = replace(settings, max_retries=min(settings.max_retries, _RETRIES))
    with Cratejoy(hasty, screen_logger()) as cratejoy:
        audits = of_project(project, connection, cratejoy)
        audits.store.keep_only(audits.streams)
        return [audits.by_counts(stream) for stream in audits.streams]


def _record_limit(project: Path) -> int | None:
    try:
        return plugins.tap_settings(project).record_limit
    except TapError:
        return None


def _check(kind: str | None, subject: str, amount: int | None, reason: str) -> None:
    if kind is None or amount is None:
        raise OperatorError(
            'Say what is accepted, how much of it, and why: migration accept missing --count 12 --reason "..."'
        )
    if not reason.strip():
        raise OperatorError('A decision needs its reason, for whoever reads it later: --reason "..."')
    if subject != ALL and kind != "missing":
        raise OperatorError(f"{kind} customers are accepted for all together: leave --stream away.")
    if subject != ALL and subject not in COUNTABLE:
        raise OperatorError(f"There is no stream {subject} to accept rows of; there are: {', '.join(COUNTABLE)}.")
