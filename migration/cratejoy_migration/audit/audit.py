"""An audit of all streams: one line each, from counts or from every page, kept in the staging database."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import psycopg
from tap_cratejoy.errors import StreamFailed, Unreachable

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

        Raises:
            TapError: Cratejoy is away, or refuses the credentials.
        """
        scope = scope_of(stream, self.cratejoy.settings)
        counted = self.cratejoy.count(scope)
        staged = staging.look(self.store.connection, scope)
        distinct = staged.distinct if staged else 0
        short = counted.count is not None and counted.count > distinct
        line = by_counts(
            stream,
            counted.count,
            distinct,
            self._new(scope, counted.count or 0) if short and staged else 0,
            rows=staged.rows if staged else None,
            foreign=staged.foreign if staged else 0,
            duplicates=staged.duplicates if staged else 0,
            tests=counted.tests,
            trouble=counted.trouble,
        )
        self.store.save(line)
        return line

    def by_pages(self, stream: str, run_id: str) -> Line:
        """Walk every page of one stream, and keep what came of it.

        Raises:
            TapError: Cratejoy is away, or refuses the credentials; the same audit goes on where it stopped.
        """
        scope = scope_of(stream, self.cratejoy.settings)
        try:
            line = DeepAudit(self.cratejoy, self.store, scope, run_id).run()
        except Unreachable:
            raise
        except StreamFailed as failure:
            line = by_counts(stream, None, 0, trouble=str(failure))
        self.store.save(line)
        return line

    def _new(self, scope: Scope, counted: int) -> int:
        mark: Mark | None = self._marks.get(scope.stream)
        earlier = next((line for line in self.store.lines() if line.stream == scope.stream), None)
        return new_rows(self.cratejoy, self.store.connection, scope, mark, earlier, counted)


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
