"""What comes next on the way from an empty staging database to a verified shop: a pure table of moves.

Nothing here remembers anything. What is known comes from bookmarks, the audit, the verification and the record of
the path, so the same knowledge gives the same move after a crash, after a restart of the machine, by hand or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cratejoy_migration.audit.lines import ALL

PHASES = ("collect", "audit", "forecast", "migrate", "verify")
"""The phases of a round, in order; `--from` names one."""
GOALS = ("collected", "audited", "forecast", "migrated", "verified")
"""What `--until` names: the end of the phase in the same place."""
MOST_BACKFILLS = 1
"""A backfill goes on by itself as long as that helps; what was away is a failure, and tried again."""
MOST_REPAIRS = 2
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Move:
    """One step to be done now.

    Attributes:
        name: What is done.
        stream: To which stream, where it is done to one.
        asks: When what it checks does not hold, a person decides; the planner has nothing left to do about it.
    """

    name: str
    stream: str = ""
    asks: bool = False

    @property
    def step(self) -> str:
        """The step's name on record and in every line."""
        return f"{self.name} {self.stream}".strip()


@dataclass(frozen=True)
class Audit:
    """The last audit of a stream: rows that Cratejoy has and staging lacks; 1 when nobody knows how many."""

    missing: int
    checked_at: datetime


@dataclass(frozen=True)
class Past:
    """What became of a step in this round.

    Attributes:
        ended_at: When it last came to its end.
        held: Whether what it checks held then.
        times: How often it came to its end.
    """

    ended_at: datetime
    held: bool = True
    times: int = 1


@dataclass(frozen=True)
class Known:
    """All that decides on the next move.

    Attributes:
        streams: Those that are collected, in order.
        scans: Start of the last complete scan, by stream.
        audits: The last audit, by stream.
        accepted: Missing rows that a person let through, by stream or for all of them.
        past: What became of steps in this round, by step.
        since: Only what happened after this moment belongs to the round; None: everything does.
        first: The phase the round begins with.
    """

    streams: tuple[str, ...]
    scans: Mapping[str, datetime] = field(default_factory=dict)
    audits: Mapping[str, Audit] = field(default_factory=dict)
    accepted: Mapping[str, int] = field(default_factory=dict)
    past: Mapping[str, Past] = field(default_factory=dict)
    since: datetime | None = None
    first: str = PHASES[0]


def next_move(known: Known, goal: str) -> Move | None:
    """Return the next move towards a goal, or None when it is reached."""
    last = GOALS.index(goal)
    moves = (move for phase in PHASES[PHASES.index(known.first) : last + 1] for move in _LEFT[phase](known))
    return next(moves, None)


def _collect(known: Known) -> Iterator[Move]:
    """Read one stream after the other; the next one waits until the one before was counted and backfilled."""
    for stream in known.streams:
        if not _read(known, stream):
            yield Move("collect", stream)
        yield from _count(known, stream)


def _audit(known: Known) -> Iterator[Move]:
    for stream in known.streams:
        yield from _count(known, stream)
    yield from _once(known, "ready", asks=True)


def _forecast(known: Known) -> Iterator[Move]:
    yield from _once(known, "forecast", asks=True)


def _migrate(known: Known) -> Iterator[Move]:
    yield from _once(known, "migrate")


def _verify(known: Known) -> Iterator[Move]:
    """Read the shop back; what differs is sent again, twice at most (a repair reads the shop back at its end)."""
    checks = [known.past[name] for name in ("verify", "repair") if name in known.past]
    last = max(checks, key=lambda past: past.ended_at, default=None)
    repairs = known.past["repair"].times if "repair" in known.past else 0
    if last is None or last.ended_at <= _ended(known, "migrate"):
        yield Move("verify", asks=repairs >= MOST_REPAIRS)
    elif not last.held:
        left = MOST_REPAIRS - repairs
        yield Move("repair", asks=left == 1) if left > 0 else Move("verify", asks=True)


_LEFT = {"collect": _collect, "audit": _audit, "forecast": _forecast, "migrate": _migrate, "verify": _verify}
"""What is left of each phase, as far as can be said now; the first move counts."""


def _count(known: Known, stream: str) -> Iterator[Move]:
    """Compare a stream with Cratejoy's own count; what stays missing is for a person to accept, once, at the end."""
    found = known.audits.get(stream)
    if not _counted(known, stream):
        yield Move("audit", stream)
        return
    backfill = known.past.get(f"backfill {stream}")
    tried = backfill.times if backfill else 0
    let_through = known.accepted.get(stream, 0) + known.accepted.get(ALL, 0)
    if found and found.missing > let_through and tried < MOST_BACKFILLS:
        yield Move("backfill", stream)


def _once(known: Known, name: str, *, asks: bool = False) -> Iterator[Move]:
    if name not in known.past or not known.past[name].held:
        yield Move(name, asks=asks)


def _read(known: Known, stream: str) -> bool:
    """Whether a stream was read in this round, by us or by hand; clocks of two machines need not agree for that."""
    scan = known.scans.get(stream)
    return f"collect {stream}" in known.past or (scan is not None and scan >= (known.since or _LONG_AGO))


def _counted(known: Known, stream: str) -> bool:
    """Whether a stream was compared with Cratejoy's count since it was read."""
    counted = max(_ended(known, f"audit {stream}"), _ended(known, f"backfill {stream}"))
    read = _ended(known, f"collect {stream}")
    if counted > _LONG_AGO:
        return counted > read
    found = known.audits.get(stream)
    moments = (known.scans.get(stream), known.since, read)
    return found is not None and found.checked_at > max(moment or _LONG_AGO for moment in moments)


def _ended(known: Known, step: str) -> datetime:
    return known.past[step].ended_at if step in known.past else _LONG_AGO
