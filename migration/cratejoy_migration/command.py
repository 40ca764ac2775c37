"""The command line of a Singer plugin of ours: quiet logs, and a failure is one line on stderr."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.plugin_base import SingerCommand

from cratejoy_migration.loading.errors import sentence

if TYPE_CHECKING:
    from types import TracebackType

    import click


class OneLineCommand(SingerCommand):
    """A command whose failures are one line on stderr, with nothing of a record or a URL in it."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command; the options too, discovery among them, may fail."""
        sys.excepthook = self.excepthook
        return super().main(*args, **options)

    def excepthook(
        self,
        exc_type: type[BaseException],  # noqa: ARG002
        exc_value: BaseException,
        exc_traceback: TracebackType | None,
    ) -> None:
        """Log the sentence that belongs to the exception."""
        self.logger.error("%s", sentence(exc_value.with_traceback(exc_traceback)))


def one_line_command(stock: click.Command, logger: logging.Logger) -> OneLineCommand:
    """Return the stock command of a plugin as one with quiet logs and one-line errors."""
    if logger.getEffectiveLevel() == logging.INFO:
        logger.setLevel(logging.WARNING)
    return OneLineCommand(
        name=stock.name,
        callback=stock.callback,
        help=stock.help,
        params=stock.params,
        context_settings=stock.context_settings,
        logger=logger,
    )
