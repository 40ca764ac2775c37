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

from target_shopify.errors import RunStopped, TargetError
from target_shopify.messages import UNFIT
from target_shopify.target import TargetShopify

GC_THRESHOLDS = (50_000, 50, 100)
"""Documents are thousands of young objects without cycles; looking through them costs a tenth of the run."""


class _Chatter(logging.Filter):
    """Leaves out what the SDK says at every start and tells a reader nothing."""

    _PHRASES = ("Skipping parse of env", "Parsing env var", "Reader '%s' completed")

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self._PHRASES)


def run(arguments: Sequence[str], target: type[TargetShopify] = TargetShopify) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name.
        target: The class to run.

    Returns:
        The exit status; every error was told in one line on stderr.
    """
    target.logger.addFilter(_Chatter())
    logging.getLogger("singer_sdk.configuration._dict_config").setLevel(logging.WARNING)
    metrics.get_metrics_logger().addFilter(lambda _: False)
    try:
        target.cli.main(args=list(arguments), prog_name=target.name, standalone_mode=False)
    except TargetError as error:
        return _fail(str(error), error.exit_code if isinstance(error, RunStopped) else 1)
    except (MapExpressionError, StreamMapConfigError) as error:
        return _fail(f"A stream map cannot be used: {type(error).__name__}: {error}")
    except UNFIT as error:
        return _fail(f"A record does not fit its stream's schema ({type(error).__name__}); see the tap that wrote it.")
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except click.Abort:
        return _fail("Interrupted before anything was read.", 130)
    except OSError as error:
        return _fail(f"{error.filename or 'A file'}: {error.strerror or error}")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _fail(sentence: str, status: int = 1) -> int:
    sys.stderr.write(f"target-shopify: {' '.join(sentence.split())}\n")
    return status


def main(target: type[TargetShopify] = TargetShopify) -> None:
    """Entry point: run, flush and leave at once, without waiting for threads nobody needs any more."""
    gc.set_threshold(*GC_THRESHOLDS)
    if sys.stdout is None:
        status = _fail("Standard output is closed, so STATE has nowhere to go: nothing was written.")
    else:
        status = run(sys.argv[1:], target)
        try:
            sys.stdout.flush()
        except OSError:
            status = status or 1
    sys.stderr.flush()
    os._exit(status)
