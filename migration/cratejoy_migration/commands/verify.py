"""The commands verify, repair and retry: the shop read back and compared; what differs, or one customer, sent again."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console

from cratejoy_migration import one_run, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import recorded
from cratejoy_migration.staging import staging_database
from cratejoy_migration.staging.project import project_folder
from cratejoy_migration.verify import screen
from cratejoy_migration.verify.repair import Repair
from cratejoy_migration.verify.retry import Retry
from cratejoy_migration.verify.verification import Telling, Verification

if TYPE_CHECKING:
    from cratejoy_migration.verify.certificate import Certificate

_SAMPLES = 10


@click.command()
@click.option("--sample", "samples", type=click.IntRange(0, 1000), default=_SAMPLES, show_default=True,
              help="Customers of each verdict that the certificate names.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the certificate for machines instead of the table.")
@click.pass_context
def verify(context: click.Context, samples: int, *, as_json: bool) -> None:
    """Read the shop back and compare every customer, field by field, with what is staged.

    Leaves the certificate in the folder of reports, for people (certificate.html) and machines (certificate.json).
    Writes nothing into the shop. Exit status 0 only if nothing is unexplained.
    """
    project = project_folder()
    with staging_database(project) as url, _interruptible():
        certificate = _verified(project, url, samples, quiet=as_json)
    context.exit(0 if certificate.clean else 1)


@click.command()
@click.option("--overwrite", is_flag=True, help="Undo what somebody changed in the shop, too.")
@click.pass_context
def repair(context: click.Context, *, overwrite: bool) -> None:
    """Send again what the last verification found different, and verify again.

    Puts back what never arrived or was removed in the shop: addresses, fields, tags, metafields, whole customers.
    Metafields of this migration are written anew whoever changed them; other values that somebody changed only with
    --overwrite.
    """
    project = project_folder()
    with staging_database(project) as url, _interruptible():
        with one_run.sharing(url, "migration repair"), recorded(url, "repair") as run:
            count = Repair(project, url, overwrite=overwrite).run()
            run.beat({"documents": count})
        told = (
            f"{count:,} customer{'' if count == 1 else 's'} sent again." if count else "Nothing that can be repaired."
        )
        click.echo(f"{told} Now verifying.", err=True)
        certificate = _verified(project, url, _SAMPLES, quiet=False)
    context.exit(0 if certificate.clean else 1)


@click.command()
@click.argument("number", metavar="CRATEJOY_ID", type=click.IntRange(1))
@click.pass_context
def retry(context: click.Context, number: int) -> None:
    """Send one customer again, refused or not, and say what came of it.

    Whoever shares its e-mail goes along: together they are one customer of the shop. What was removed there since is
    put back. Exit status 0 only if the customer is in the shop now.
    """
    project = project_folder()
    with (
        staging_database(project) as url,
        _interruptible(),
        one_run.sharing(url, "migration retry"),
        recorded(url, "retry") as run,
    ):
        outcome = Retry(project, url).run(number)
        run.beat({"documents": outcome.documents})
        if not outcome.holds:
            run.figures["state"] = "failed"
    click.echo(outcome.sentence(number))
    context.exit(0 if outcome.holds else 1)


def _verified(project: Path, url: str, samples: int, *, quiet: bool) -> Certificate:
    """Verify, write the certificate, and show what was found."""
    settings = plugins.target_settings(project, dry_run=False)
    with recorded(url, "verify") as run:
        telling = Telling(lambda name, seconds: click.echo(f"{name:<20} {seconds:7.1f} s", err=True), run.beat)
        certificate = Verification(url, settings, run.run_id, telling).run(samples)
        path = _written(certificate, settings.report_dir or project / plugins.REPORTS)
        run.beat({"clean": certificate.clean, "unexplained": len(certificate.unexplained)})
        if not certificate.clean:
            run.figures["state"] = "failed"
    if quiet:
        click.echo(orjson.dumps(certificate.as_json(), option=orjson.OPT_INDENT_2))
    else:
        _show(certificate, path, project)
    return certificate


def _written(certificate: Certificate, folder: Path) -> Path:
    try:
        return certificate.write(folder)
    except OSError as error:
        raise OperatorError(
            f"The certificate cannot be written into {folder.name} ({error.strerror}): make room or give access, and "
            "verify again."
        ) from None


def _show(certificate: Certificate, path: Path, project: Path) -> None:
    console = Console()
    console.print(screen.table(certificate.facts))
    if (differing := screen.differences(certificate.facts)) is not None:
        console.print()
        console.print(differing)
        for line in screen.examples(certificate.facts):
            console.print(line, highlight=False, soft_wrap=True)
    console.print()
    console.print(f"Certificate: {plugins.shown(path, project)}", highlight=False, soft_wrap=True)
    console.print(screen.next_step(certificate), highlight=False, soft_wrap=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does, with its folders cleared; show what is waited for."""
    logger = logging.getLogger("verify")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    logger.propagate = False

    def stop(signum: int, _frame: Any) -> None:
        raise SystemExit(128 + signum)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
