"""Programs of ours run in the test's own process: no interpreter to start, nothing to import a second time."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psycopg
import pytest
from click.testing import CliRunner
from cratejoy_migration.cli import main
from tap_cratejoy import cli as tap_cli

_LOGGERS = [logging.getLogger(name) for name in ("root", "target-postgres", "singer_sdk.metrics")]
"""What the loader sets up; made here, so that `as_a_program` knows them."""


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


def run_tap_here(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run `tap-cratejoy`; return its exit status, what it wrote to stdout and to stderr."""
    out, said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with redirect_stdout(out), redirect_stderr(said), as_a_program(**environment):
        status = tap_cli.run(arguments)
    assert "Traceback" not in said.getvalue(), said.getvalue()
    return status, out.buffer.getvalue().decode(), said.getvalue()


def run_loader_here(url: str, folder: Path, arguments: list[str], text: str) -> tuple[int, str, str]:
    """Run `staging-target-postgres` and end it as the interpreter does: nothing of it is left afterwards.

    For loads that read their input to its end, from a database that somebody else keeps up.

    Args:
        url: The staging database.
        folder: Where the files lie that are its standard streams.
        arguments: Without the program's name.
        text: What it reads from stdin.

    Returns:
        Exit status, what it wrote to stdout and to stderr.
    """
    files = {name: folder / name for name in ("stdin", "stdout", "stderr")}
    files["stdin"].write_text(text)
    threads = set(threading.enumerate())
    with ExitStack() as around:
        around.enter_context(as_a_program())
        _forget_logging()
        from cratejoy_migration import loader  # the second that a process of its own takes; it sets up logging

        patch = around.enter_context(pytest.MonkeyPatch.context())
        for name, file in files.items():
            patch.setattr(sys, name, around.enter_context(file.open("r" if name == "stdin" else "w")))
        patch.setattr(loader.PatientReader, "default_input", sys.stdin)  # else what it was at the import
        patch.setattr(sys, "argv", ["staging-target-postgres", *arguments])
        patch.setattr(sys, "excepthook", sys.__excepthook__)
        around.enter_context(_ended_sessions(url, patch))
        at_exit = around.enter_context(ExitStack())
        patch.setattr(loader, "atexit", SimpleNamespace(register=at_exit.callback))
        try:
            sys.exit(loader.StagingTargetPostgres.cli())  # `main`, made anew: the making sets up logging
        except SystemExit as end:
            status = int(end.code or 0)
        except Exception as error:  # noqa: BLE001  # as the interpreter: what the loader makes of it is asserted
            sys.excepthook(type(error), error, error.__traceback__)
            status = 1
    assert set(threading.enumerate()) <= threads
    return status, files["stdout"].read_text(), files["stderr"].read_text()


def _forget_logging() -> None:
    """Let what follows find the logging of a new process; `as_a_program` puts it back."""
    logging.captureWarnings(capture=False)
    for logger in _LOGGERS:
        logger.handlers = []
        logger.setLevel(logging.NOTSET if logger.parent else logging.WARNING)


@contextmanager
def _ended_sessions(url: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the connections that the block opens, as the end of a process does, and wait until the server knows."""
    connect = psycopg.connect
    opened: dict[int, psycopg.Connection[Any]] = {}

    def noted(*arguments: Any, **options: Any) -> psycopg.Connection[Any]:
        connection = connect(*arguments, **options)
        opened[connection.info.backend_pid] = connection
        return connection

    patch.setattr(psycopg, "connect", noted)
    try:
        yield
    finally:
        for connection in opened.values():
            connection.close()
        ended = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid = any(%s)"
        with connect(url) as other:
            other.execute(ended, (list(opened),))
