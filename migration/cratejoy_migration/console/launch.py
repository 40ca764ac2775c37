"""The program `console`: serves the web console behind its own sign-in."""

from __future__ import annotations

import getpass
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace

import click

from cratejoy_migration.console import settings
from cratejoy_migration.console.access import passwords
from cratejoy_migration.console.settings import Settings
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging.project import project_folder

_BACKLOG = 128


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cratejoy-migration")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Serve the web console of the migration, on this machine only unless CONSOLE_HOST says otherwise.

    Settings come from the environment or .env: CONSOLE_PASSWORD_HASH (or CONSOLE_OIDC_...), CONSOLE_HOST, CONSOLE_PORT,
    CONSOLE_IDLE_MINUTES, CONSOLE_HOST_NAMES. Ctrl-C ends it; runs that it started go on.
    """
    os.umask(0o077)
    if ctx.invoked_subcommand:
        return
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    try:
        serve(settings.read(project_folder()))
    except OperatorError as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(error.exit_code)


@main.command("hash-password")
def hash_password() -> None:
    """Print the argon2id hash of a password, which is asked for or read from standard input."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise click.ClickException("The two are not the same.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < passwords.SHORTEST:
        raise click.ClickException(f"A password needs {passwords.SHORTEST} letters or more.")
    click.echo(passwords.hashed(password))


def serve(given: Settings) -> None:
    """Serve the console until a signal ends it.

    Raises:
        OperatorError: The port is taken, or the address is none of this machine's.
    """
    with listen(given) as listening:
        given = _with_port(given, listening)
        # Streamlit takes a second to load: a mistake in the settings is told before.
        from cratejoy_migration.console.server import server  # noqa: PLC0415

        running = server(given)

        def end(_number: int, _frame: object) -> None:
            running.should_exit = True

        # The server listens to these signals itself while it runs, and sends them once more when it has closed.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        click.echo(f"The console is at {given.address} (Ctrl-C ends it; runs that it started go on).")
        if not given.loopback:
            click.echo(
                "Other machines can reach it. Put HTTPS in front of it, and the name that people use into "
                "CONSOLE_HOST_NAMES: docs/console.md."
            )
        with suppress(KeyboardInterrupt):
            running.run(sockets=[listening])


def listen(given: Settings) -> socket.socket:
    """Return a listening socket.

    Raises:
        OperatorError: The port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((given.host, given.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise OperatorError(
            f"Nothing can listen at {given.host}, port {given.port} ({error.strerror or error}): end what uses it, "
            "or set CONSOLE_PORT or CONSOLE_HOST."
        ) from error
    return listening


def _with_port(given: Settings, listening: socket.socket) -> Settings:
    """Return the settings with the port that was got: port 0 means any that is free."""
    return replace(given, port=int(listening.getsockname()[1]))
