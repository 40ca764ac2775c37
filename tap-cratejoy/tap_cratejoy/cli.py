"""The command line: whatever goes wrong ends in one line on stderr and a non-zero exit status."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence

import click
from singer_sdk import metrics
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError

from tap_cratejoy.errors import RunStopped, TapError
from tap_cratejoy.tap import TapCratejoy

GC_THRESHOLDS = (50_000, 50, 100)
"""Pages of parsed JSON are thousands of young objects without cycles; looking through them costs a fifth of the run."""


class _Chatter(logging.Filter):
    """Leaves out what the SDK says at every start and tells a reader nothing."""

    _PHRASES = (
        "Added '%s' as child stream",
        "Skipping parse of env",
        "Skipping deselected stream",
        "Parsing env var",
    )

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self._PHRASES)


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status; every error was told in one line on stderr.
    """
    TapCratejoy.logger.addFilter(_Chatter())
    if sys.stderr.isatty():  # metrics are for machines
        metrics.get_metrics_logger().addFilter(lambda _: False)
    try:
        TapCratejoy.cli.main(args=list(arguments), prog_name=TapCratejoy.name, standalone_mode=False)
    except RunStopped as stop:
        return _fail(str(stop), stop.exit_code)
    except TapError as error:
        return _fail(str(error))
    except (MapExpressionError, StreamMapConfigError) as error:
        return _fail(f"A stream map cannot be used: {type(error).__name__}: {error}")
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except OSError as error:
        return _fail(f"{error.filename or 'A file'}: {error.strerror or error}")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _fail(sentence: str, status: int = 1) -> int:
    sys.stderr.write(f"tap-cratejoy: {' '.join(sentence.split())}\n")
    return status


def main() -> None:
    """Entry point: run, flush and leave at once, without waiting for requests nobody needs any more."""
    gc.set_threshold(*GC_THRESHOLDS)
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        status = status or 1
    sys.stderr.flush()
    os._exit(status)
