"""How far a run is: its programs' own lines, the streams' bookmarks, and its course over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from cratejoy_migration import meltano_runs
from cratejoy_migration.console.work.store import Job
from cratejoy_migration.runs import Run, state_of, there

Connection = psycopg.Connection[tuple[Any, ...]]

_MOST_POINTS = 240
_SLACK = timedelta(seconds=1)
_APART = timedelta(seconds=2)
_RECENT = timedelta(seconds=60)
"""The rate of a run is that of its last minute: what it did an hour ago says little of the time that is left."""
_LINES = """
select id, run_id, command, state, started_at, beat_at, ended_at, host, pid, figures, now() from migration.runs
where started_at >= %s and started_at <= coalesce(%s, now()) and command <> 'quick-test' order by id
"""
_COURSE = """
with beats as (
    select at, done, points, min(at) over () as first, max(at) over () as last from migration.run_beats
    where line = %(line)s
), parts as (
    select *, floor(%(most)s * extract(epoch from at - first) / greatest(extract(epoch from last - first), 1)) as part
    from beats
)
select at, done, points from (select distinct on (part) at, done, points from parts order by part, at desc) thin
union select at, done, points from parts where at = first or at >= last - %(recent)s
order by at
"""
"""A run of days has a hundred thousand points: some hundred of them, and those of the last minute."""


@dataclass(frozen=True)
class Point:
    """One moment of a course: rows or customers done by then, points used by then."""

    at: datetime
    done: int
    points: int | None


@dataclass(frozen=True)
class StreamLine:
    """How far one stream is read.

    Attributes:
        stream: Its name.
        page: Last page whose records are all stored, in Cratejoy's numbering.
        records: Of this scan.
        count: Cratejoy's latest total; None when it tells none.
        complete: The scan reached its end.
        proven: It met as many distinct ids as Cratejoy counts.
    """

    stream: str
    page: int | None
    records: int
    count: int | None
    complete: bool
    proven: bool

    @property
    def share(self) -> float:
        """How much of it is read, from 0 to 1."""
        if self.complete:
            return 1.0
        return min(1.0, self.records / self.count) if self.count else 0.0

    @property
    def word(self) -> str:
        """How it stands."""
        if self.complete:
            return "complete, proven" if self.proven else "complete"
        return "reading" if self.records else "waiting"


@dataclass(frozen=True)
class Program:
    """One program of a run: its line in the history, and its course.

    Attributes:
        run: Its line.
        course: Oldest first.
    """

    run: Run
    course: tuple[Point, ...]

    @property
    def done(self) -> int:
        """Rows or customers so far."""
        return self.course[-1].done if self.course else 0

    @property
    def rate(self) -> float | None:
        """Rows or customers a second over the last minute; None before anything can be said."""
        return _slope([(point.at, point.done) for point in self.course])

    @property
    def points_rate(self) -> float | None:
        """Points a second over the last minute."""
        return _slope([(point.at, point.points) for point in self.course if point.points is not None])

    @property
    def allowed(self) -> float | None:
        """Points a second that the shop gives back; None when that is no measure of what was used.

        Well above it is who empties a full bucket, or whose shop is a local one with a clock of its own.
        """
        allowed, used = self.run.figures.get("rate"), self.points_rate
        return None if allowed and used and used > 1.5 * allowed else allowed

    @property
    def seconds_left(self) -> float | None:
        """How long it takes still, at the rate of the last minute; None when nobody knows."""
        total = self.run.figures.get("total")
        if self.run.state != "running" or not isinstance(total, int) or not self.rate:
            return None
        return max(0.0, (total - self.done) / self.rate)


def programs(connection: Connection, job: Job) -> list[Program]:
    """Return the programs that have moved or checked rows in a run, in the order of their start."""
    if not there(connection):
        return []
    rows = connection.execute(_LINES, (job.started_at - _SLACK, job.ended_at)).fetchall()
    return [Program(_run(row), from_start(_course(connection, row[0]), row[4])) for row in rows]


def streams(project: Path, since: datetime | None = None, until: datetime | None = None) -> list[StreamLine]:
    """Return the bookmarks of all streams.

    Args:
        project: Its folder.
        since: Only those of scans that began after this moment, or still go on.
        until: Only those of scans that had begun by this moment.
    """
    database = meltano_runs.open_database(project)
    marks = meltano_runs.bookmarks(database) if database else {}
    return [
        _stream(name, mark) for name, mark in marks.items() if "scan_started_at" in mark and _began(mark, since, until)
    ]


def from_start(course: tuple[Point, ...], started_at: datetime) -> tuple[Point, ...]:
    """Return a course that begins with its run, when nothing was done yet: its first beat comes some seconds later."""
    if not course or course[0].at <= started_at:
        return course
    return (Point(started_at, 0, None if course[0].points is None else 0), *course)


def thinned(course: Sequence[Point], most: int = _MOST_POINTS) -> list[Point]:
    """Return a course of at most so many points, its first and its last among them."""
    if len(course) <= most:
        return list(course)
    step = (len(course) - 1) / (most - 1)
    return [course[round(place * step)] for place in range(most)]


def speeds(course: Sequence[Point]) -> list[dict[str, Any]]:
    """Return what was done a second between each two points of a course, for a chart.

    Returns:
        Rows with `since` and `at` (from when to when), `rate` (rows or customers a second) and `points` (points a
        second, where they are known).
    """
    kept = thinned(_apart(course))
    rows = []
    for before, after in pairwise(kept):
        seconds = (after.at - before.at).total_seconds()
        if seconds <= 0:
            continue
        spent = None
        if after.points is not None and before.points is not None:
            spent = max(0.0, (after.points - before.points) / seconds)
        rate = max(0.0, (after.done - before.done) / seconds)
        rows.append({"since": before.at, "at": after.at, "rate": rate, "points": spent})
    return rows


def _apart(course: Sequence[Point]) -> list[Point]:
    """Return a course without the points that follow another too soon to say anything of speed.

    The last one stays, and the one before it goes: it tells what was done at the end, which may be most of it.
    """
    kept = list(course[:1])
    for point in course[1:-1]:
        if point.at - kept[-1].at >= _APART:
            kept.append(point)
    if len(course) > 1:
        last = course[-1]
        if len(kept) > 1 and last.at - kept[-1].at < _APART:
            kept.pop()
        kept.append(last)
    return kept


def _slope(course: Sequence[tuple[datetime, int]]) -> float | None:
    if len(course) < 2:
        return None
    last = course[-1]
    first = next((point for point in course if point[0] >= last[0] - _RECENT), course[0])
    seconds = (last[0] - first[0]).total_seconds()
    return (last[1] - first[1]) / seconds if seconds > 0 and last[1] >= first[1] else None


def _began(mark: Mapping[str, Any], since: datetime | None, until: datetime | None) -> bool:
    try:
        began = datetime.fromisoformat(str(mark["scan_started_at"]))
    except ValueError:
        return True
    if until is not None and began > until + _SLACK:
        return False
    return since is None or not mark.get("complete") or began >= since - _SLACK


def _stream(name: str, mark: Mapping[str, Any]) -> StreamLine:
    count, page = mark.get("count"), mark.get("page")
    return StreamLine(
        stream=name,
        page=page if isinstance(page, int) else None,
        records=int(mark.get("records") or 0),
        count=count if isinstance(count, int) else None,
        complete=bool(mark.get("complete")),
        proven=bool(mark.get("proven")),
    )


def _run(row: tuple[Any, ...]) -> Run:
    _, run_id, command, state, started_at, beat_at, ended_at, host, pid, figures, now = row
    stands = state if ended_at else state_of(state, host, pid, now - beat_at)
    until = ended_at or (now if stands == "running" else beat_at)
    return Run(run_id, command, stands, started_at, (until - started_at).total_seconds(), now - beat_at, figures)


def _course(connection: Connection, line: int) -> tuple[Point, ...]:
    row = connection.execute("select to_regclass('migration.run_beats') is not null").fetchone()
    if not (row and row[0]):
        return ()
    values = {"line": line, "most": _MOST_POINTS, "recent": _RECENT}
    return tuple(Point(*found) for found in connection.execute(_COURSE, values))
