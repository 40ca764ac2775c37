"""Start the simulator from the options of the command line."""

import sqlite3
from typing import Any

import click

from cratejoy_sandbox.cratejoy.faults.grammar import Faults
from cratejoy_sandbox.process import HOST, bind, serve
from cratejoy_sandbox.shopify.registry import load_all
from cratejoy_sandbox.shopify.settings import PLANS, SCOPES, Settings


def run_shopify(faults: Faults, options: dict[str, Any]) -> None:
    """Open the store, bind the port, serve until a signal."""
    load_all()  # before the store is made, which creates the modules' tables
    from cratejoy_sandbox.shopify.app import create_app  # noqa: PLC0415 - collects the modules' routes
    from cratejoy_sandbox.shopify.simulator import Simulator  # noqa: PLC0415
    from cratejoy_sandbox.shopify.store import OtherVersion, Store  # noqa: PLC0415

    try:
        store = Store(options["data"])
    except OtherVersion:
        raise click.ClickException(
            f"The shop's file {options['data']} was made by another version of the sandbox: remove it. "
            "Whoever remembers its customers, such as the demo's .staging, must forget them too."
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise click.ClickException(f"The shop's file {options['data']} cannot be used: {error}.") from None
    simulator = Simulator(settings(options), store, faults)
    try:
        listener = bind(options["port"])
    except OSError as error:
        raise click.ClickException(f"Port {options['port']} cannot be used: {error.strerror}.") from None
    simulator.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
    try:
        serve(create_app(simulator), listener, simulator.connections, log=options["log"], lifespan=True)
    finally:
        store.close()


def settings(options: dict[str, Any]) -> Settings:
    """The kind of shop that the options describe."""
    scopes = options["scopes"]
    return Settings(
        shop=options["shop"].removesuffix(".myshopify.com"),
        plan=PLANS[options["plan"]],
        currency=options["currency"].upper(),
        country=options["country"].upper(),
        time_scale=options["time_scale"],
        token=options["token"],
        client_id=options["client_id"],
        client_secret=options["client_secret"],
        scopes=frozenset(SCOPES if scopes is None else _with_reads(scopes)),
        protected_data=options["protected_data"],
        legacy_accounts=options["legacy_accounts"],
        bulk_rate=options["bulk_rate"],
    )


def _with_reads(text: str) -> set[str]:
    """Scopes as typed; a write scope includes its read scope, as at Shopify."""
    typed = {scope.strip() for scope in text.split(",") if scope.strip()}
    return typed | {f"read_{scope.removeprefix('write_')}" for scope in typed if scope.startswith("write_")}
