"""The walk itself: ask the planner, do the move, write down what came of it, wait, go on; until the goal."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from cratejoy_migration.history import RunRecord
from cratejoy_migration.unattended import failures, patience
from cratejoy_migration.unattended.child import Children, Ended
from cratejoy_migration.unattended.failures import Kind
from cratejoy_migration.unattended.knowledge import Sources
from cratejoy_migration.unattended.log import RunLog
from cratejoy_migration.unattended.notices import Notice, Notifier
from cratejoy_migration.unattended.planner import Move, next_move
from cratejoy_migration.unattended.record import PathRecord, Round, Trouble, after_failure
from cratejoy_migration.unattended.steps import DECISION, came_to_its_end, command

_LOOK = timedelta(seconds=10)
_LONGEST_WAIT = timedelta(hours=1)
_DECISIONS = "select coalesce(max(id), 0) from migration.decisions"


@dataclass(frozen=True)
class Orders:
    """What a person asked for.

    Attributes:
        goal: Where the walk ends.
        first: The phase to go back to, or empty.
        delta: Whether a new round begins when the goal was reached before.
        wait: Whether to wait for a decision rather than to end.
        pause: The first pause after a failure.
        patience: How long to go on without progress.
    """

    goal: str
    first: str = ""
    delta: bool = False
    wait: bool = False
    pause: timedelta = timedelta(minutes=1)
    patience: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Stop:
    """How a walk ended.

    Attributes:
        event: finished, idle (there was nothing to do), waiting, failed or interrupted.
        step: Where.
        sentence: Why.
    """

    event: str
    step: str
    sentence: str


@dataclass(frozen=True)
class Telling:
    """Everybody who hears of a walk."""

    log: RunLog
    notifier: Notifier
    shop: str | None

    def tell(self, stop: Stop, run_id: str, counts: dict[str, int]) -> None:
        """Deliver a notice; what cannot be delivered is a line in the log."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for trouble in self.notifier.send(Notice(stop.event, stop.step, stop.sentence, self.shop, run_id, at, counts)):
            self.log.event(trouble)


class Walk:
    """One walk in one staging database, which stays connected; a lost connection ends in psycopg's error.

    Attributes:
        done: Steps that came to their end and held.

    Args:
        sources: Where knowledge is kept.
        run: The line of this run in the history.
        children: Starts the programs.
        telling: Who hears of it.
        orders: What a person asked for.
    """

    def __init__(self, sources: Sources, run: RunRecord, children: Children, telling: Telling, orders: Orders) -> None:
        self._sources = sources
        self._run = run
        self._children = children
        self._telling = telling
        self._say = telling.log.event
        self._orders = orders
        self.done = 0
        self._record = PathRecord(sources.connection)
        self._round = self._choose_round()

    def go(self) -> Stop:
        """Walk to the goal, to a decision, to a failure that waiting does not heal, or to a signal."""
        moved = False
        while True:
            move = self._next()
            if move is None:
                self._record.settle(self._round.number)
                return Stop("finished" if moved else "idle", self._orders.goal, self._finished(moved=moved))
            moved = True
            stop = self._do(move)
            if self._children.signal:
                return self._stop("interrupted", move, f"Interrupted at {move.step}: the same command goes on there.")
            if stop is not None and not (stop.event == "waiting" and self._orders.wait):
                return stop
            if stop is not None:
                self._wait(stop)

    # Rounds

    def _choose_round(self) -> Round:
        """Return the round to walk in: the one that is going on, unless a person asks for another."""
        round_, orders = self._record.round(), self._orders
        reached = self._next(round_) is None
        if (orders.first and (reached or round_.first != orders.first)) or (orders.delta and reached):
            round_ = self._record.new_round(orders.first or "collect")
        begins = "" if round_.first == "collect" else f", from {round_.first} on"
        self._say(f"Until {orders.goal}, round {round_.number}{begins}.")
        return round_

    def _next(self, round_: Round | None = None) -> Move | None:
        return next_move(self._sources.known(self._record, round_ or self._round), self._orders.goal)

    # One move

    def _do(self, move: Move) -> Stop | None:
        """Do a move; return a stop when the walk may not go on by itself."""
        self._record.begin(self._round.number, move.step)
        self._run.beat({"goal": self._orders.goal, "round": self._round.number, "step": move.step})
        self._say(f"{move.step} ...")
        began = time.monotonic()
        todo = command(move)
        ended = self._children.run(todo.words, todo.variables, self._telling.log.line)
        if self._children.signal:
            return None
        took = patience.readable(timedelta(seconds=time.monotonic() - began))
        return self._judge(move, ended, took)

    def _judge(self, move: Move, ended: Ended, took: str) -> Stop | None:
        number, step = self._round.number, move.step
        sentence = failures.told(ended.lines)
        if ended.status == 0:
            self.done += 1
            self._record.end(number, step, held=True)
            self._say(f"{step}: done ({took}).")
            return None
        if ended.status == DECISION:
            return self._stop("waiting", move, sentence or f"{step} needs a decision; its own lines above say which.")
        if came_to_its_end(move, ended.status, ended.lines):
            self._record.end(number, step, held=False)
            self._say(f"{step}: does not hold yet ({took}).")
            return self._stop("waiting", move, sentence or last_line(ended.lines)) if move.asks else None
        return self._failed(move, sentence or _silent(step, ended.status))

    def _failed(self, move: Move, sentence: str) -> Stop | None:
        kind = failures.kind_of(sentence)
        if kind in {Kind.FINAL, Kind.DECISION}:
            return self._stop("failed" if kind is Kind.FINAL else "waiting", move, sentence)
        now = datetime.now(UTC)
        before = self._record.trouble(self._round.number, move.step)
        trouble = after_failure(before, self._sources.progress(move), now)
        if hopeless(kind, trouble, now, self._orders.patience):
            return self._stop("failed", move, sentence)
        rest = patience.pause(trouble.attempts, self._orders.pause, random.random())  # noqa: S311  # no secret
        self._record.fail(self._round.number, move.step, trouble, rest, sentence)
        self._say(retry_line(move.step, kind, trouble.attempts, rest, sentence))
        self._children.rest(rest)
        return None

    def _stop(self, event: str, move: Move, sentence: str) -> Stop:
        self._record.stop(self._round.number, move.step, event, sentence)
        return Stop(event, move.step, sentence)

    # Waiting and finishing

    def _wait(self, stop: Stop) -> None:
        """Wait until a person decided something, and look again after an hour at the latest."""
        self._say(f"Waiting for a decision at {stop.step}: {stop.sentence}")
        self._telling.tell(stop, self._run.run_id, self._sources.counts())
        before, deadline = self._decisions(), time.monotonic() + _LONGEST_WAIT.total_seconds()
        while self._decisions() == before and time.monotonic() < deadline and not self._children.signal:
            self._run.beat()
            self._children.rest(min(_LOOK, self._orders.pause))

    def _decisions(self) -> int:
        with suppress(psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            row = self._sources.connection.execute(_DECISIONS).fetchone()
            return int(row[0]) if row else 0
        return 0

    def _finished(self, *, moved: bool) -> str:
        goal, number = self._orders.goal, self._round.number
        done = f"{goal[0].upper()}{goal[1:]}, in round {number}." if moved else f"Already {goal}, in round {number}."
        again = "" if self._orders.delta else " What is new at Cratejoy since then: the same command with --delta."
        return done + again


def retry_line(step: str, kind: Kind, attempts: int, rest: timedelta, sentence: str) -> str:
    """Return the line about a failure that is tried again."""
    what = "waits for disk space" if kind is Kind.FULL else f"failed (try {attempts})"
    return f"{step}: {what}, again in {patience.readable(rest)}: {sentence}"


def hopeless(kind: Kind, trouble: Trouble, now: datetime, most: timedelta) -> bool:
    """Return whether a failure is not worth another try."""
    if kind is Kind.UNKNOWN and trouble.attempts >= patience.BLIND_TRIES:
        return True
    return now - trouble.since > most


def last_line(lines: Sequence[str]) -> str:
    """Return the line with which a check ends: what does not hold, and what to do."""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _silent(step: str, status: int) -> str:
    return f"{step} ended with exit status {status} without saying why; its last lines are in reports/run.log."
