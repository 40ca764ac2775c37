"""An audit of all streams: one line each, from counts or from every page, kept in the staging database."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import psycopg
from tap_cratejoy.errors import Forbidden, StreamFailed, Unreachable

from cratejoy_migration import meltano_runs, plugins
from cratejoy_migration.audit import staged as staging
from cratejoy_migration.audit.deep import DeepAudit
from cratejoy_migration.audit.lines import Line, by_counts
from cratejoy_migration.audit.newer import Mark, new_rows
from cratejoy_migration.audit.scope import Scope, scope_of
from cratejoy_migration.audit.source import Cratejoy
from cratejoy_migration.audit.store import AuditStore, Connection
from cratejoy_migration.audit.streams import audited
from cratejoy_migration.errors import OperatorError

_LOCK = crc32(b"migration audit")


class Audit:
    """Audits the streams of one project.

    Args:
        connection: To the staging database, in autocommit mode.
        cratejoy: The store to compare with.
        streams: Those to be audited, in order.
        marks: The tap's last bookmark of each stream.
    """

    def __init__(
        self, connection: Connection, cratejoy: Cratejoy, streams: list[str], marks: Mapping[str, Mark] | None = None
    ) -> None:
        self.store = AuditStore(connection)
        self.cratejoy = cratejoy
        self.streams = streams
        self._marks = marks or {}

    def by_counts(self, stream: str) -> Line:
        """Compare the counts of one stream, and keep what came of it.

        Rows that the last walk named and that are still not staged are missing, whatever the counts say: as many
        others may be staged that Cratejoy no longer has.

        Raises:
            TapError: Cratejoy is away, or refuses the credentials.
        """
        scope = scope_of(stream, self.cratejoy.settings)
        counted = self.cratejoy.count(scope)
        staged = staging.look(self.store.connection, scope)
        distinct = staged.distinct if staged else 0
        short = counted.count is not None and counted.count > distinct
        new = self._new(scope, counted.count or 0) if short and staged else 0
        more = figures(staged)
        line = by_counts(stream, counted.count, distinct, new, tests=counted.tests, trouble=counted.trouble, **more)
        named = self.store.settle(stream, [], staged=staged is not None)
        if line.missing is not None and named > line.missing + line.new:
            line = replace(line, missing=named, new=0)
        self.store.save(line)
        return line

    def by_pages(self, stream: str, run_id: str) -> Line:
        """Walk every page of one stream, and keep what came of it.

        Raises:
            TapError: Cratejoy is away, or refuses the credentials.
        """
        scope = scope_of(stream, self.cratejoy.settings)
        if (line := self._walked_already(scope, run_id)) is not None:
            return line
        try:
            line = self._apart(DeepAudit(self.cratejoy, self.store, scope, run_id).run(), scope)
        except Unreachable as failure:
            raise Unreachable(f"{failure} The same command goes on where it stopped.") from None
        except StreamFailed as failure:
            if isinstance(failure, Forbidden) and not self.cratejoy.may_ask():
                raise
            staged = staging.look(self.store.connection, scope)
            distinct = staged.distinct if staged else 0
            line = by_counts(stream, None, distinct, trouble=str(failure), **figures(staged))
        self.store.save(line)
        return line

    def _apart(self, line: Line, scope: Scope) -> Line:
        """Return a line with the rows apart that came after the last collection."""
        if not line.missing or line.rows is None:
            return line
        new = min(line.missing, self._new(scope, line.api_count or 0))
        return replace(line, missing=line.missing - new, new=new)

    def _walked_already(self, scope: Scope, run_id: str) -> Line | None:
        """Return what an audit found that was stopped at a later stream, where nothing has come or gone since."""
        line = self._earlier(scope.stream)
        if line is None or not line.pages or line.trouble or not self.store.stopped_later(scope.stream, run_id):
            return None
        staged = staging.look(self.store.connection, scope)
        if self.cratejoy.count(scope).count != line.api_count or (staged.rows if staged else None) != line.rows:
            return None
        self.store.belongs_to(scope.stream, run_id)
        self.cratejoy.logger.info("%s: was walked already by the audit that was stopped", scope.stream)
        return line

    def _earlier(self, stream: str) -> Line | None:
        return next((line for line in self.store.lines() if line.stream == stream), None)

    def _new(self, scope: Scope, counted: int) -> int:
        mark = self._marks.get(scope.stream)
        return new_rows(self.cratejoy, self.store.connection, scope, mark, self._earlier(scope.stream), counted)


def figures(staged: staging.StagedStream | None) -> dict[str, Any]:
    """Return the attributes of a line that tell of the staging table alone."""
    if staged is None:
        return {}
    return {"rows": staged.rows, "foreign": staged.foreign, "duplicates": staged.duplicates}


def of_project(project: Path, connection: Connection, cratejoy: Cratejoy) -> Audit:
    """Return the audit of a project: of the streams that it selects, or has staged.

    Raises:
        OperatorError: Meltano cannot tell what is selected.
    """
    database = meltano_runs.open_database(project)
    marks = meltano_runs.bookmarks(database) if database else {}
    return Audit(connection, cratejoy, audited(plugins.tap_selection(project), staging.tables(connection)), marks)


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Let only one audit walk, or backfill, run at a time.

    Raises:
        OperatorError: Another one is running.
    """
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not (row and row[0]):
        raise OperatorError("Another deep audit or backfill is running on this staging database; wait for its end.")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def connect(url: str) -> Connection:
    """Return a connection to the staging database in which every statement counts at once."""
    return psycopg.connect(url, connect_timeout=10, autocommit=True, application_name="migration audit")


def screen_logger() -> logging.Logger:
    """Return the logger whose lines go to stderr as they are."""
    logger = logging.getLogger("migration.audit")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger
