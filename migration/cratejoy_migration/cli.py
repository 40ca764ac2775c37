"""The operator's command line, `migration`: the names of all commands, and how a failure is told."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, cast

import click
import psycopg
from tap_cratejoy.errors import TapError
from target_shopify.errors import TargetError

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError

COMMANDS = {
    "probe": "probe",
    "quick-test": "quick_test",
    "pilot": "pilot",
    "status": "standing",
    "report": "standing",
    "audit": "audit",
    "backfill": "audit",
    "accept": "audit",
    "ready": "audit",
    "documents": "documents",
    "forecast": "forecast",
    "verify": "verify",
    "repair": "verify",
    "retry": "verify",
    "rollback": "rollback",
    "purge": "purge",
    "erase": "purge",
    "start": "database",
    "stop": "database",
    "psql": "database",
    "unlock": "database",
    "bookmarks": "bookmarks",
    "run": "unattended",
    "work": "work",
}
"""Each command and the module of `commands` that holds it, in the order of `--help`."""


class _Commands(click.Group):
    """A group that loads a command when it is called, and ends each failure with one line on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; its module is imported now, so that no command waits for what others need."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"cratejoy_migration.commands.{COMMANDS[cmd_name]}")
        return cast("click.Command", getattr(module, cmd_name.replace("-", "_")))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except (TapError, TargetError) as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            ctx.exit(int(getattr(error, "exit_code", 1)))
        except (StagingError, psycopg.Error) as error:
            click.echo(f"Error: {sentence(error)}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cratejoy-migration")
def main() -> None:
    """Look after the migration from Cratejoy to Shopify.

    The staging database is the one that STAGING_DATABASE_URL names (environment or .env); without it, an
    embedded PostgreSQL under .staging of the project, started when something needs it.
    """
    os.umask(0o077)  # whatever a command writes is about people
