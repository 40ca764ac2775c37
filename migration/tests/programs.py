"""Programs of ours run in the test's own process: no interpreter to start, nothing to import a second time."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from click.testing import CliRunner
from cratejoy_migration.cli import main


@contextmanager
def as_a_program(**environment: str) -> Iterator[None]:
    """Let a program of ours run in this process: what it sets up, and leaves to its end to take down, is taken back."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    loggers = [
        (one, one.handlers[:], one.filters[:], one.propagate, one.disabled, one.level) for one in (logging.root, *known)
    ]
    excepthook = sys.excepthook
    umask = os.umask(0o022)
    os.umask(umask)
    try:
        with mock.patch.dict(os.environ, environment), warnings.catch_warnings():
            yield
    finally:
        logging.captureWarnings(capture=False)  # the SDK's logging turns it on
        os.umask(umask)
        sys.excepthook = excepthook
        for one, one.handlers, one.filters, one.propagate, one.disabled, level in loggers:
            one.setLevel(level)
        for number, was in signals.items():
            signal.signal(number, was)


@dataclass
class Done:
    """How a command ended; `output` is both streams as a terminal shows them."""

    returncode: int
    stdout: str
    stderr: str
    output: str


def run_here(folder: Path, *arguments: str, given: str = "", **environment: str) -> Done:
    """Run `migration` in a folder; for runs that no signal, lock or environment of a process of their own is part of.

    Args:
        folder: Where.
        arguments: Without the program's name.
        given: What it reads from stdin.
        environment: Added to that of the test.
    """
    with as_a_program(**environment), chdir(folder):
        done = CliRunner().invoke(main, arguments, input=given)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr, done.output)
