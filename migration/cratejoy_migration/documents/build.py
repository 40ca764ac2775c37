"""Building the customer documents: one transaction, one build at a time, nothing half."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import psycopg

from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.few import mates
from cratejoy_migration.documents.staged import Connection
from cratejoy_migration.documents.statements import Scope, steps, swap
from cratejoy_migration.documents.summary import Summary, summarise
from cratejoy_migration.erase.rows import remove_returned
from cratejoy_migration.loading.writer_lock import loads_running
from cratejoy_migration.staging import StagingError

_LOCK = zlib.crc32(b"migration documents")
_SESSION = {
    "timezone": "UTC",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_parallel_workers_per_gather": "2",
    "parallel_tuple_cost": "0",
    "jit": "off",
    "application_name": "migration documents",
}
_LOCK_PATIENCE_SECONDS = 5.0  # longer than a killed build goes on
_LOCK_RETRY_SECONDS = 0.2
_SWAP_PATIENCE = "60s"
_WATCH = "2s"  # a build whose program was killed ends soon after it
_WATCHING_SINCE = 140000


@dataclass(frozen=True)
class Told:
    """Where a build says what it does.

    Attributes:
        step: called after each step with its name and its seconds.
        warning: called with a sentence.
    """

    step: Callable[[str, float], None]
    warning: Callable[[str], None]


def build(
    url: str, told: Told, scope: Scope | None = None, *, everything: bool = False, refused: bool = False
) -> Summary:
    """Build `migration.customer_documents` and `migration.orphans` anew from what is staged and from the ledger.

    Args:
        url: of the staging database.
        told: where it says what it does.
        scope: whose documents, and another table for them; the two flags say the usual ones.
        everything: documents of customers that are done, too.
        refused: documents of customers that Shopify could not take, too.

    Raises:
        StagingError: no customers are staged, or another build is running, or the documents are being read.
        psycopg.Error: the database failed; the previous documents are as they were.
    """
    with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        _prepare(connection)
        with connection.transaction():
            return _build(connection, told, scope or Scope(everything=everything, refused=refused))


def _build(connection: Connection, told: Told, scope: Scope) -> Summary:
    staged = staging.read(connection)
    if scope.ids:
        scope = replace(scope, ids=mates(connection, staged, scope.ids))
        if not scope.ids:
            raise StagingError("none of these customers is staged.")
    connection.execute("create schema if not exists migration")
    if loads_running(connection, "cratejoy"):
        told.warning("a collection is running: these documents hold what it has stored so far; build them again.")
    returned = remove_returned(connection)
    if returned:
        told.warning(f"{returned:,} rows of erased people were collected again, and removed: erase them at Cratejoy.")
    for step in steps(staged, scope):
        began = time.monotonic()
        for statement in step.statements:
            connection.execute(statement)
        told.step(step.name, time.monotonic() - began)
    summary = Summary(len(scope.ids), len(scope.ids), {}, 0, 0) if scope.ids else summarise(connection, staged)
    _swap(connection, swap(staged, scope.table))
    return summary


def _prepare(connection: Connection) -> None:
    session = dict(_SESSION)
    if connection.info.server_version >= _WATCHING_SINCE:
        session["client_connection_check_interval"] = _WATCH
    for name, value in session.items():
        connection.execute("select set_config(%s, %s, false)", (name, value))
    deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while not _locked(connection):
        if time.monotonic() > deadline:
            raise StagingError("another `migration documents` is running; wait for its end.")
        time.sleep(_LOCK_RETRY_SECONDS)


def _locked(connection: Connection) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    return bool(row and row[0])


def _swap(connection: Connection, statements: tuple[str, ...]) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", (_SWAP_PATIENCE,))
    try:
        for statement in statements:
            connection.execute(statement)
    except psycopg.errors.LockNotAvailable:
        raise StagingError("the documents are being read; end that run (phase 2), then build them again.") from None
