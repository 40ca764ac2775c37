"""The bookmarks of a project: shown, changed for the next collection, and put back; for people and the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from cratejoy_migration import meltano_runs
from cratejoy_migration.audit.scope import COUNTABLE
from cratejoy_migration.bookmark_rules import Mark, State, continued, marks_of, restarted
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.writer_lock import loads_running

Connection = psycopg.Connection[tuple[Any, ...]]
_TABLE = """
create schema if not exists migration;
create table if not exists migration.bookmarks_before (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    state_id text not null,
    what text not null,
    before jsonb not null,
    after jsonb not null,
    undone_at timestamptz
);
"""
_KEEP = "insert into migration.bookmarks_before (state_id, what, before, after) values (%s, %s, %s, %s)"
_LAST = """
select id, at, what, before, after from migration.bookmarks_before where state_id = %s and undone_at is null
order by id desc limit 1
"""
_UNDONE = "update migration.bookmarks_before set undone_at = now() where id = %s"
_NOTHING = "Nothing was collected yet, so there are no bookmarks; run first: meltano run collect"


@dataclass(frozen=True)
class Change:
    """A change of bookmarks that can be undone."""

    id: int
    at: datetime
    what: str
    before: State
    after: State


class Bookmarks:
    """The bookmarks of one project.

    Args:
        database: Meltano's; None when there is none yet.
        connection: To the staging database, in autocommit; what was before a change is kept there.
        state_id: Of the collection.
    """

    def __init__(self, database: sa.Engine | None, connection: Connection, state_id: str) -> None:
        self._database = database
        self._connection = connection
        self._id = state_id

    def read(self) -> list[Mark]:
        """Return the bookmarks, in the order in which streams are read; none before the first collection."""
        state = self._state() or {}
        places = {stream: place for place, stream in enumerate(COUNTABLE)}
        found = [Mark(name, mark) for name, mark in marks_of(state).items() if isinstance(mark, dict)]
        return sorted(found, key=lambda mark: places.get(mark.stream, len(places)))

    def restart(self, stream: str) -> str:
        """Let the next collection scan a stream from its first page, and all of it; return what it will do.

        Raises:
            OperatorError: There is no such bookmark, or a collection is running.
        """
        self._change(f"restart of {stream}", lambda state: restarted(state, stream))
        return f"The next collection reads {stream} from its first page, whole."

    def go_on_from(self, stream: str, page: int) -> str:
        """Let the next collection go on with a stream's scan at a page; return what it will do.

        Raises:
            OperatorError: There is no such bookmark or page, or a collection is running.
        """
        self._change(f"{stream} from page {page}", lambda state: continued(state, stream, page))
        return (
            f"The next collection goes on with {stream} at page {page} (it reads the one before it again). What lies "
            "before is proven by a further pass, as after every scan that was interrupted."
        )

    def undoable(self) -> Change | None:
        """Return the last change, when no collection has gone on since."""
        change = self._last()
        return change if change and self._state() == change.after else None

    def undo(self) -> str:
        """Put back what was before the last change; return what that was.

        Raises:
            OperatorError: There is nothing to undo, or a collection has gone on since.
        """
        database = self._free()
        change = self._last()
        if change is None:
            raise OperatorError("No bookmark was changed, so there is nothing to undo.")
        if self._state() != change.after:
            raise OperatorError(f"A collection has gone on since the {change.what}: it can no longer be undone.")
        meltano_runs.keep_singer_state(database, self._id, change.before)
        self._connection.execute(_UNDONE, (change.id,))
        return f"Undone: {change.what}."

    def _change(self, what: str, changed: Any) -> None:
        database = self._free()
        before = self._state()
        if before is None:
            raise OperatorError(_NOTHING)
        after = changed(before)
        self._connection.execute(_TABLE)
        self._connection.execute(_KEEP, (self._id, what, Jsonb(before), Jsonb(after)))
        meltano_runs.keep_singer_state(database, self._id, after)

    def _free(self) -> sa.Engine:
        """Return Meltano's database, when nothing collects.

        Raises:
            OperatorError: A collection is running, or there never was one.
        """
        if self._database is None:
            raise OperatorError(_NOTHING)
        if loads_running(self._connection, "cratejoy") or self._id in meltano_runs.living_runs(self._database):
            raise OperatorError("A collection is running and moves its bookmarks: wait for its end, or stop it.")
        return self._database

    def _state(self) -> State | None:
        return meltano_runs.singer_state(self._database, self._id) if self._database is not None else None

    def _last(self) -> Change | None:
        row = self._connection.execute("select to_regclass('migration.bookmarks_before') is not null").fetchone()
        if not (row and row[0]):
            return None
        row = self._connection.execute(_LAST, (self._id,)).fetchone()
        return Change(*row) if row else None
