"""The `sandbox` command: build a store, serve a simulator, list the faults."""

import json
import signal
import sqlite3
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from cratejoy_sandbox.cratejoy.app import Simulator, create_app
from cratejoy_sandbox.cratejoy.faults.grammar import FaultError, Faults, from_text
from cratejoy_sandbox.cratejoy.faults.switches import CLAUSES, SWITCHES, Switch, markdown_table
from cratejoy_sandbox.cratejoy.store import Store
from cratejoy_sandbox.generator.build import Recipe, ensure_store
from cratejoy_sandbox.process import bind, end_with_parent, serve
from cratejoy_sandbox.shopify.faults import shopify_faults
from cratejoy_sandbox.shopify.faults.switches import CLAUSES as SHOPIFY_CLAUSES
from cratejoy_sandbox.shopify.faults.switches import SWITCHES as SHOPIFY
from cratejoy_sandbox.shopify.serving import run_shopify
from cratejoy_sandbox.shopify.settings import PLANS


def _today(_: click.Context, __: click.Parameter, value: datetime | None) -> date:
    return value.date() if value else datetime.now(UTC).date()


STORE_OPTIONS = (
    click.option("--customers", type=click.IntRange(1), default=2000, show_default=True, help="How many customers."),
    click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same store."),
    click.option(
        "--today",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=_today,
        help="Last day of the store's five years of history.  [default: the current date]",
    ),
    click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=".sandbox",
        show_default=True,
        help="Folder for store files.",
    ),
)


def store_options(command: Any) -> Any:
    """Add the options that decide a store."""
    for option in reversed(STORE_OPTIONS):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A local Cratejoy and a local Shopify for tests, demos and rehearsals."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@main.command()
@store_options
def generate(customers: int, seed: int, today: date, data: Path) -> None:
    """Build a store file, unless it is there, and print its path."""
    click.echo(_built(Recipe(customers, seed, today), data))


@main.command()
@store_options
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes any free port.")
@click.option("--client-id", default="sandbox", show_default=True, help="User of HTTP Basic.")
@click.option("--client-secret", default="sandbox-secret", show_default=True, help="Password of HTTP Basic.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Switch a fault on; see `sandbox faults`.",
)
@click.option("--exit-with-parent", is_flag=True, help="End when the process that started this one ends.")
@click.option("--log", is_flag=True, help="Log requests to stderr.")
def cratejoy(faults: tuple[str, ...], **options: Any) -> None:
    """Serve a store as the Cratejoy merchant API on 127.0.0.1.

    The first line on stdout is {"port": N}. The store is built first when its file is not there.
    """
    if options["exit_with_parent"]:
        end_with_parent()
    switched = _switched(Faults(), faults)
    store = Store(_built(Recipe(options["customers"], options["seed"], options["today"]), options["data"]))
    simulator = Simulator(store, options["client_id"], options["client_secret"], switched)
    try:
        listener = bind(options["port"])
    except OSError as error:
        raise click.ClickException(f"Port {options['port']} cannot be used: {error.strerror}.") from None
    try:
        serve(create_app(simulator), listener, simulator.connections, log=options["log"])
    finally:
        store.close()


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="0 takes any free port.")
@click.option(
    "--data", type=click.Path(dir_okay=False, path_type=Path), help="SQLite file of the shop.  [default: memory]"
)
@click.option("--shop", default="sandbox-shop", show_default=True, help="Name before .myshopify.com.")
@click.option(
    "--plan", type=click.Choice(list(PLANS)), default="standard", show_default=True, help="Decides the limits."
)
@click.option(
    "--time-scale", type=click.FloatRange(0.01), default=1.0, show_default=True, help="Shop seconds a second."
)
@click.option("--currency", default="USD", show_default=True, help="Currency of the shop.")
@click.option("--country", default="US", show_default=True, help="Country of the shop.")
@click.option("--token", help="The only token that is accepted.  [default: any shpat_ token, such as shpat_sandbox]")
@click.option("--client-id", default="sandbox", show_default=True, help="For the client credentials grant.")
@click.option("--client-secret", default="sandbox-secret", show_default=True, help="For the client credentials grant.")
@click.option(
    "--scopes", help="Scopes of every token, comma-separated.  [default: all that need no request to Shopify]"
)
@click.option(
    "--protected-data",
    type=click.IntRange(0, 2),
    default=2,
    show_default=True,
    help="Level of protected customer data that the app has: 0 none, 1 without names and addresses, 2 all.",
)
@click.option(
    "--bulk-rate",
    type=click.FloatRange(0),
    default=0.0,
    help="Lines that a bulk operation runs in a shop second.  [default: as many as it can]",
)
@click.option("--legacy-accounts", is_flag=True, help="The shop has customer accounts with passwords.")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="Switch a fault on; see `sandbox faults`."
)
@click.option("--exit-with-parent", is_flag=True, help="End when the process that started this one ends.")
@click.option("--log", is_flag=True, help="Log requests to stderr.")
def shopify(faults: tuple[str, ...], **options: Any) -> None:
    """Serve a shop as the Shopify Admin API on 127.0.0.1.

    The first line on stdout is {"port": N}. With --data, what was acknowledged is there after a kill.
    """
    if options["exit_with_parent"]:
        end_with_parent()
    run_shopify(_switched(shopify_faults(), faults), options)


@main.command("faults")
@click.option("--markdown", is_flag=True, help="As the tables of the README.")
def list_faults(*, markdown: bool) -> None:
    """Print every fault switch of both simulators with an example."""
    if markdown:
        click.echo(f"{markdown_table()}\n\nOf `sandbox shopify`:\n\n{markdown_table(SHOPIFY, SHOPIFY_CLAUSES)}")
        return
    click.echo("Faults: --fault NAME[=VALUE], or PUT /_sandbox/faults with {NAME: VALUE}.\n")
    _list(SWITCHES, CLAUSES)
    click.echo("\nFaults of `sandbox shopify`:\n")
    _list(SHOPIFY, SHOPIFY_CLAUSES)


def _list(switches: Mapping[str, Switch], clauses: Mapping[str, str]) -> None:
    for switch in switches.values():
        click.echo(f"{switch.name}\n    {switch.doc}")
        if switch.options:
            click.echo(f"    options: {json.dumps(dict(switch.options))}")
        click.echo(f"    example: {switch.name}={json.dumps(switch.example)}\n")
    click.echo("Clauses that every fault takes in its object:")
    for name, doc in clauses.items():
        click.echo(f"    {name:<15} {doc}")


def _switched(faults: Faults, texts: tuple[str, ...]) -> Faults:
    grouped: dict[str, Any] = {}
    for name, value in map(from_text, texts):
        grouped[name] = [*grouped[name], value] if name in grouped else [value]
    try:
        faults.merge(grouped)
    except FaultError as error:
        raise click.ClickException(str(error)) from None
    return faults


def _built(recipe: Recipe, folder: Path) -> Path:
    try:
        return ensure_store(recipe, folder)
    except (OSError, sqlite3.Error) as error:
        raise click.ClickException(f"The store cannot be built in {folder}: {error}.") from None
