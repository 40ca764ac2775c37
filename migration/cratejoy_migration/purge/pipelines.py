"""Meltano's memory of our pipelines: its history of runs and the bookmarks, in its own database."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

import sqlalchemy as sa

from cratejoy_migration.errors import OperatorError

_OURS = re.compile(r"[^:]*:(tap-cratejoy-to-target-postgres|tap-postgres-to-target-shopify)(:.*)?")
"""Names of our runs and states: environment, extractor, loader, and the suffix of a run of its own."""
_TABLES = {name: sa.table(name, sa.column(column)) for name, column in (("runs", "job_name"), ("state", "state_id"))}
_RUN_ID: sa.ColumnClause[str] = sa.column("run_id")


class Memory:
    """What Meltano keeps of our pipelines; in a database that others may use, too.

    Args:
        database: Meltano's; None when there is none yet.
    """

    def __init__(self, database: sa.Engine | None) -> None:
        self._database = database

    def counts(self) -> Mapping[str, int]:
        """Return how many rows of runs and of state are ours."""
        if self._database is None:
            return {}
        return {name: self._count(self._database, table) for name, table in _TABLES.items()}

    def run_ids(self) -> list[str]:
        """Return the ids of our runs, as Meltano names the folders of their logs."""
        if self._database is None:
            return []
        runs = _TABLES["runs"]
        with self._database.connect() as connection:
            if not _has(connection, runs):
                return []
            query = sa.select(_RUN_ID).select_from(runs).where(self._mine(connection, runs))
            return [str(uuid.UUID(str(found))) for found in connection.execute(query).scalars() if found]

    def forget(self) -> None:
        """Remove our rows, in one transaction; a file of Meltano's is rewritten without them.

        Raises:
            OperatorError: Meltano's database cannot be written.
        """
        if self._database is None:
            return
        try:
            self._delete(self._database)
            if self._database.dialect.name == "sqlite":
                with self._database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(sa.text("vacuum"))
        except sa.exc.SQLAlchemyError as error:
            raise OperatorError(
                f"Meltano's own database cannot be written ({type(error).__name__}): end what uses it. The same "
                "command goes on."
            ) from None

    def _delete(self, database: sa.Engine) -> None:
        with database.begin() as connection:
            if database.dialect.name == "sqlite":
                connection.execute(sa.text("pragma secure_delete = on"))
            for table in (one for one in _TABLES.values() if _has(connection, one)):
                connection.execute(sa.delete(table).where(self._mine(connection, table)))

    def _count(self, database: sa.Engine, table: sa.TableClause) -> int:
        with database.connect() as connection:
            query = sa.select(sa.func.count()).select_from(table).where(self._mine(connection, table))
            return int(connection.execute(query).scalar_one()) if _has(connection, table) else 0

    @staticmethod
    def _mine(connection: sa.Connection, table: sa.TableClause) -> sa.ColumnElement[bool]:
        """Return the condition under which a row is ours."""
        [name] = table.c
        found = connection.execute(sa.select(name).distinct()).scalars() if _has(connection, table) else ()
        return name.in_([key for key in found if _OURS.fullmatch(str(key))])


def _has(connection: sa.Connection, table: sa.TableClause) -> bool:
    return sa.inspect(connection).has_table(table.name)
