"""One unattended run from its start to its exit status: settings, lock, database that comes and goes, notices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from cratejoy_migration import one_run, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import RunRecord
from cratejoy_migration.loading.errors import sentence
from cratejoy_migration.staging import StagingError, control, staging_database
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.project import configured_url
from cratejoy_migration.unattended import failures, patience, streams
from cratejoy_migration.unattended.child import Children
from cratejoy_migration.unattended.failures import Kind
from cratejoy_migration.unattended.knowledge import Sources
from cratejoy_migration.unattended.log import RunLog
from cratejoy_migration.unattended.notices import Notifier
from cratejoy_migration.unattended.planner import GOALS
from cratejoy_migration.unattended.record import Trouble, after_failure
from cratejoy_migration.unattended.walk import Orders, Stop, Telling, Walk, hopeless, retry_line

STATUSES = {"finished": 0, "idle": 0, "failed": 1, "waiting": 3}
"""The exit status of each end; an interruption has 128 more than its signal."""
_TOLD = ("finished", "failed", "waiting")
_STATES = {"finished": "done", "idle": "done"}
_DATABASE = "the staging database"


@dataclass(frozen=True)
class Setting:
    """What the project's settings say, read once.

    Attributes:
        project: Its folder.
        reports: Folder of reports and logs.
        streams: Those that are collected.
        shop: The shop's name; None when the walk ends before it is needed.
    """

    project: Path
    reports: Path
    streams: tuple[str, ...]
    shop: str | None

    @classmethod
    def read(cls, project: Path, goal: str) -> Setting:
        """Read and check the settings of everything the walk will need.

        Raises:
            OperatorError: Meltano cannot tell them, or nothing is selected.
            TapError, TargetError: One is missing or cannot be used.
        """
        plugins.tap_settings(project)
        chosen = streams.collected(plugins.extras(project, plugins.TAP).get("_select") or [])
        if "customers" not in chosen:
            raise OperatorError("The stream customers is not selected: select it for tap-cratejoy in meltano.yml.")
        if GOALS.index(goal) < GOALS.index("forecast"):
            return cls(project, project / plugins.REPORTS, chosen, None)
        target = plugins.target_settings(project)
        return cls(project, project / plugins.REPORTS, chosen, target.shop)


@dataclass
class Session:
    """One unattended run.

    Attributes:
        setting: What the settings say.
        orders: What a person asked for.
        children: Starts the programs, knows of signals.
        telling: Who hears of the run.
    """

    setting: Setting
    orders: Orders
    children: Children
    telling: Telling
    _trouble: Trouble | None = field(default=None, init=False)
    _done: int = field(default=0, init=False)

    def run(self) -> tuple[int, Stop]:
        """Walk, through every loss of the database, and tell how it ended.

        Returns:
            The exit status and the end.

        Raises:
            OperatorError: Another run is going on.
        """
        while True:
            stop: Stop | None
            try:
                stop = self._walk()
            except (psycopg.Error, StagingError) as error:
                stop = self._without_database(sentence(error))
            if stop is not None:
                return self._status(stop), stop

    def _walk(self) -> Stop:
        with self._connected() as (url, connection):
            self.children.variables = one_run.lead(connection, "migration run")
            run = RunRecord(url, "run")
            run.begin()
            sources = Sources(self.setting.project, connection, self.setting.streams)
            walk = Walk(sources, run, self.children, self.telling, self.orders)
            try:
                stop = walk.go()
            finally:
                self._done += walk.done
            run.end(_STATES.get(stop.event, stop.event))
            self._tell(stop, run.run_id, sources.counts())
            return stop

    @contextmanager
    def _connected(self) -> Iterator[tuple[str, psycopg.Connection[tuple[object, ...]]]]:
        with (
            staging_database(self.setting.project) as url,
            psycopg.connect(one_run.lasting(url), autocommit=True) as connection,
        ):
            yield url, connection

    def _without_database(self, why: str) -> Stop | None:
        """Wait for the database to come back; a stop when waiting does not bring it."""
        kind, now = failures.kind_of(why), datetime.now(UTC)
        self._trouble = after_failure(self._trouble, str(self._done), now)
        if self.children.signal:
            return Stop("interrupted", _DATABASE, "Interrupted: the same command goes on.")
        if kind is Kind.FINAL or hopeless(kind, self._trouble, now, self.orders.patience):
            stop = Stop("failed", _DATABASE, why)
            self._tell(stop, "", {})
            return stop
        rest = patience.pause(self._trouble.attempts, self.orders.pause, random.random())  # noqa: S311  # no secret
        self.telling.log.event(retry_line(_DATABASE, kind, self._trouble.attempts, rest, why))
        self.children.rest(rest)
        return None

    def _tell(self, stop: Stop, run_id: str, counts: dict[str, int]) -> None:
        if stop.event not in {"finished", "idle"}:
            self.telling.log.event(f"{stop.step}: {stop.event}.")
        self.telling.log.event(stop.sentence, aside=True)
        if stop.event in _TOLD:
            self.telling.tell(stop, run_id, counts)

    def _status(self, stop: Stop) -> int:
        return STATUSES.get(stop.event, 128 + self.children.signal)


def start(project: Path, orders: Orders) -> tuple[int, Stop]:
    """Run unattended in a project; return the exit status and how it ended.

    Raises:
        OperatorError: A setting cannot be used, or another run is going on.
        TapError, TargetError: A setting of a plugin cannot be used.
    """
    notifier = Notifier.configured(project)
    children = Children(project)
    children.listen()
    setting = Setting.read(project, orders.goal)
    log = RunLog(setting.reports)
    try:
        return Session(setting, orders, children, Telling(log, notifier, setting.shop)).run()
    finally:
        log.close()
        _leave(project)


def _leave(project: Path) -> None:
    """Leave no server running that nobody asked to keep: a unit or a container that ends would kill it."""
    with suppress(StagingError):
        layout = Layout(project)
        if configured_url(project) is None and not layout.keep.exists() and not control.in_use(layout):
            control.stop(layout)
