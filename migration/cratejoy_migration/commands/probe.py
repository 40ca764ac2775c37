"""The command `probe`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from tap_cratejoy.client import CratejoyClient
from tap_cratejoy.errors import TapError
from target_shopify.client import ShopifyClient
from target_shopify.errors import TargetError

from cratejoy_migration import plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.probe import (
    access_findings,
    advice,
    answer_findings,
    asking,
    cratejoy,
    env_file,
    page_findings,
    question_findings,
    report,
    shop_findings,
    shopify,
)
from cratejoy_migration.probe.advice import Advice
from cratejoy_migration.probe.findings import CRATEJOY, SHOPIFY, Finding
from cratejoy_migration.staging.project import project_folder

_KEYS = {CRATEJOY: (plugins.TAP, "client_id"), SHOPIFY: (plugins.TARGET, "shop")}
_NEEDED = {
    CRATEJOY: "TAP_CRATEJOY_CLIENT_ID and TAP_CRATEJOY_CLIENT_SECRET",
    SHOPIFY: "TARGET_SHOPIFY_SHOP and TARGET_SHOPIFY_ACCESS_TOKEN (or _CLIENT_ID and _CLIENT_SECRET)",
}


@dataclass
class _Probe:
    """What came of the platforms that were asked."""

    findings: list[Finding] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@click.command()
@click.argument("platform", type=click.Choice(["cratejoy", "shopify"]), required=False)
@click.option("--write-env", is_flag=True, help="Write the recommended settings into .env.")
@click.option("--yes", is_flag=True, help="Without asking.")
@click.pass_context
def probe(context: click.Context, platform: str | None, *, write_env: bool, yes: bool) -> None:
    """Ask both platforms what they are really like, and recommend settings.

    Reads only: fewer than 40 requests to Cratejoy, one at a time, and a dozen queries to Shopify. Saves
    reports/probe.md and probe.json, which hold no personal data and no secret and can be shared.
    """
    project = project_folder()
    console = Console()
    found = _Probe()
    for name in _platforms(project, platform):
        _ask(project, name, found)
    if not found.findings:
        raise OperatorError(" ".join(found.failures))
    _show(console, found)
    _save(project, console, found)
    if write_env:
        _write_env(project, console, found.advice, yes=yes)
    for text in found.failures:
        click.echo(f"Error: {text}", err=True)
    context.exit(1 if found.failures or report.blockers(found.findings) else 0)


def _platforms(project: Path, wanted: str | None) -> list[str]:
    names = [name for name in (CRATEJOY, SHOPIFY) if wanted in (None, name.lower())]
    configured = [name for name in names if _KEYS[name][1] in plugins.names_set(project, _KEYS[name][0])]
    if not configured:
        raise OperatorError(f"Nothing to ask: set {' or '.join(_NEEDED[name] for name in names)} in .env.")
    return configured


def _ask(project: Path, name: str, found: _Probe) -> None:
    """Ask one platform; when it cannot be asked, the other one still is."""
    try:
        (_cratejoy if name == CRATEJOY else _shopify)(project, found)
    except (TapError, TargetError, OperatorError) as error:
        found.failures.append(" ".join(str(error).split()))


def _cratejoy(project: Path, found: _Probe) -> None:
    settings = plugins.tap_settings(project)
    with _counting(CRATEJOY) as told:
        asker = asking.Asker(CratejoyClient(settings, _quiet()), told)
        answers = cratejoy.ask(asker)
    for judged in (page_findings, question_findings, answer_findings):
        found.findings += judged.judge(answers)
    found.advice += advice.for_cratejoy(answers, settings)
    found.figures["cratejoy"] = {"requests": answers.requests}
    if _KEYS[SHOPIFY][1] in plugins.names_set(project, plugins.TARGET):
        found.advice += advice.for_country(answers, plugins.target_settings(project))


def _shopify(project: Path, found: _Probe) -> None:
    settings = plugins.target_settings(project)
    with _counting(SHOPIFY) as told:
        answers = shopify.Inquiry(ShopifyClient(settings, _quiet()), settings, told).ask()
    findings = access_findings.judge(answers, settings) + shop_findings.judge(answers, settings)
    found.findings += findings
    found.advice += advice.for_shopify(findings, settings)
    found.figures["shopify"] = {"calls": answers.calls, "shop": report.pseudonym(settings.shop)}


def _quiet() -> logging.Logger:
    """Return a logger that says nothing: what goes wrong becomes a finding or the command's last sentence."""
    logger = logging.getLogger("cratejoy_migration.probe")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


@contextmanager
def _counting(name: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many requests were sent."""
    console = Console(stderr=True)
    with console.status(f"Asking {name} ...") as status:
        yield lambda number: status.update(f"Asking {name}: {number} requests so far")


def _show(console: Console, found: _Probe) -> None:
    for name in dict.fromkeys(one.platform for one in found.findings):
        console.print(report.table(name, found.findings))
        console.print()
    console.print(report.LEGEND, style="dim")
    _list(console, "What follows", report.consequences(found.findings))
    _list(console, "Recommended settings", [f"{one.variable}={one.value}  ({one.why})" for one in found.advice])
    _list(console, "This makes a migration impossible", report.blockers(found.findings))


def _list(console: Console, heading: str, lines: list[str]) -> None:
    if lines:
        console.print(f"\n{heading}", style="bold")
        for line in lines:
            console.print(f"- {line}", markup=False, highlight=False, soft_wrap=True)


def _save(project: Path, console: Console, found: _Probe) -> None:
    saved = report.as_json("probe", found.findings, found.advice, **found.figures)
    folder = project / plugins.REPORTS
    try:
        files = report.write(folder, saved)
    except OSError as error:
        raise OperatorError(f"The report cannot be written to {folder}: {error.strerror}.") from None
    shown = " and ".join(str(file.relative_to(project)) for file in files)
    console.print(f"\nSaved {shown}: nothing personal in them, to be shared.", highlight=False, soft_wrap=True)


def _write_env(project: Path, console: Console, recommended: list[Advice], *, yes: bool) -> None:
    path = project / ".env"
    values = {one.variable: one.value for one in recommended}
    try:
        before = env_file.read(path)
        after = env_file.changed(before, values)
    except (OSError, UnicodeDecodeError):
        raise OperatorError(f"{path} cannot be read; nothing was changed.") from None
    lines = env_file.differences(before, after)
    if not lines:
        console.print(".env has all recommended settings already.")
        return
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not (yes or _agreed()):
        console.print(".env was not changed.")
        return
    try:
        env_file.replace(path, after)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}. It is as it was.") from None
    console.print(f".env was changed: {len(values)} settings.", highlight=False)
    for name in env_file.shadowed(values, os.environ):
        console.print(f"{name} is set in the environment, which goes before .env.", highlight=False)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        click.echo("Nobody is here to be asked: add --yes.", err=True)
        return False
    return click.confirm("Write this into .env?", default=True)
