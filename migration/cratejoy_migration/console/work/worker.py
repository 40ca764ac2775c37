"""The process of one run: takes the store, does one step after the other, and writes down what came of each.

It belongs to nobody: the console may end, be started again or lose the network meanwhile. It is asked to stop by its
record in the database, or by a signal; then the step in hand ends cleanly, and the run can be resumed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from cratejoy_migration import one_run
from cratejoy_migration.console.views import wording
from cratejoy_migration.console.work import jobs, store
from cratejoy_migration.console.work.log import Log
from cratejoy_migration.console.work.store import Job, StepLine
from cratejoy_migration.console.work.talk import ERROR, NOTE
from cratejoy_migration.console.work.verdict import judge
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.errors import sentence as sentence_of
from cratejoy_migration.staging import connection_url, keep_up
from cratejoy_migration.unattended.child import Children
from cratejoy_migration.unattended.steps import QUIET

Connection = psycopg.Connection[tuple[Any, ...]]

_BEAT_SECONDS = 2.0
_PATIENCE_SECONDS = 300.0
"""So long a database may be away before the run gives up writing its record."""
_RETRY_SECONDS = 1.0


class Worker:
    """One run.

    Args:
        project: The project's folder.
        number: The run's.
    """

    def __init__(self, project: Path, number: int) -> None:
        self._number = number
        self._url = connection_url(project)
        keep_up(project)
        self._children = Children(project)
        self._ended = threading.Event()

    def go(self) -> int:
        """Do it; return the exit status: 0 when every step was done.

        Raises:
            OperatorError: There is no such run, or it began already.
        """
        with self._connect() as connection:
            job = store.get(connection, self._number)
            if job is None or job.state != "starting":
                raise OperatorError(f"Run {self._number} is not waiting to be started: it is started from the console.")
            store.begin(connection, self._number)
        try:
            self._log = Log(jobs.log_file(self._number))
        except OSError as error:
            why = f"Its log in reports/console cannot be written ({error.strerror}): give access, or make room."
            self._write(lambda connection: store.end(connection, self._number, "failed", why))
            return 1
        self._children.listen()
        try:
            self._right = self._take_the_store()
        except OperatorError as error:
            said = str(error)
            self._write(lambda connection: store.end(connection, self._number, "failed", said))
            return 1
        beat = threading.Thread(target=self._beating, name="beat", daemon=True)
        beat.start()
        state, sentence = self._carried_out(job)
        self._ended.set()
        self._right.close()
        self._write(lambda connection: store.end(connection, self._number, state, sentence))
        return 0 if state == "done" else 1

    def _carried_out(self, job: Job) -> tuple[str, str | None]:
        """Do the steps; what goes wrong here, outside of them, is told like everything else."""
        try:
            return self._steps(job)
        except (psycopg.Error, OSError) as error:
            why = sentence_of(error) if isinstance(error, psycopg.Error) else f"{error.strerror or error}."
            self._log.note("run", ERROR, why)
            return "failed", why

    def _steps(self, job: Job) -> tuple[str, str | None]:
        """Do the steps; return the run's state and sentence."""
        for place, line in enumerate(job.steps):
            state, sentence = self._step(place, line)
            if state != "done":
                return state, sentence
        return "done", None

    def _step(self, place: int, line: StepLine) -> tuple[str, str | None]:
        step = line.step
        self._write(lambda connection: store.begin_step(connection, self._number, place))
        self._log.note(step.name, NOTE, f"{step.title} begins.")
        words = (str(Path(sys.executable).parent / step.words[0]), *step.words[1:])
        ended = self._children.run(words, {**QUIET, **step.variables}, lambda text: self._log.line(step.name, text))
        state, sentence = judge(step.name, ended, stopped=bool(self._children.signal))
        level = ERROR if state == "failed" else NOTE
        told = f"{step.title}: {wording.state(state).lower()}. {wording.without_commands(sentence or '')}"
        self._log.note(step.name, level, told.rstrip())
        self._write(lambda connection: store.end_step(connection, self._number, place, state, sentence))
        return state, sentence

    def _beating(self) -> None:
        """Say that the run is alive, hear whether it is to stop, and see that the store is still ours."""
        while not self._ended.wait(_BEAT_SECONDS):
            with suppress(psycopg.Error), self._connect() as connection:
                go_on = store.beat(connection, self._number) and self._is_ours()
                if not go_on and not self._children.signal:
                    os.kill(os.getpid(), signal.SIGTERM)

    def _take_the_store(self) -> Connection:
        """Return the connection whose session has the store.

        Raises:
            OperatorError: Another run has it.
        """
        right = psycopg.connect(one_run.lasting(self._url), autocommit=True)
        try:
            self._children.variables = one_run.lead(right, f"run {self._number} of the console")
        except BaseException:
            right.close()
            raise
        return right

    def _is_ours(self) -> bool:
        """Whether this run has the store; a session that was lost, as by a restart of the database, is replaced."""
        with suppress(psycopg.Error):
            self._right.execute("select 1")
            return True
        try:
            self._right = self._take_the_store()
        except OperatorError as error:
            self._log.note("run", ERROR, f"The store was lost with its connection. {error}")
            return False
        self._log.note("run", NOTE, "The connection that holds the store was lost, and is there again.")
        return True

    def _write(self, change: Callable[[Connection], None]) -> None:
        """Write to the record; a database that is away for a while is waited for."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                with self._connect() as connection:
                    change(connection)
            except psycopg.Error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def _connect(self) -> Connection:
        return psycopg.connect(self._url, connect_timeout=10, autocommit=True)
