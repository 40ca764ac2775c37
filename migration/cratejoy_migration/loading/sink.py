"""Writing one stream: a batch goes by COPY into a temporary table, and from there into its own."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError
from target_postgres.sinks import PostgresSink  # type: ignore[import-untyped]

from cratejoy_migration.loading.connector import StagingConnector
from cratejoy_migration.loading.errors import LoaderError, copy_line, unfit_value
from cratejoy_migration.loading.rows import Record, converter, first_with_nul, latest_by_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cratejoy_migration.loader import StagingTargetPostgres

_TEMPORARY = sql.Identifier("loading")
_QUIET_SECONDS = 10.0
_MANY_ROWS = 10_000


class StagingSink(PostgresSink):  # type: ignore[misc]
    """The stock sink, but every row is written once, and only where something has changed."""

    connector_class = StagingConnector

    def __init__(self, target: StagingTargetPostgres, *args: Any, **kwargs: Any) -> None:
        super().__init__(target, *args, **kwargs)
        self._writer_lock = target.writer_lock
        self._storing = target.storing

    def setup(self) -> None:
        """Create or widen the table."""
        super().setup()
        types = {name: self.connector.to_sql_type(spec) for name, spec in self.schema["properties"].items()}
        self._columns = list(types)
        self._converters = [(name, converter(sql_type)) for name, sql_type in types.items()]
        self._stored = 0
        self._progress = logging.getLogger("staging")
        self._told_at = time.monotonic()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write the batch in one transaction.

        Raises:
            LoaderError: a value does not fit its column; the text names stream, column and id only. Or another
                load may have begun.
        """
        self._writer_lock.check()
        self._storing(self.stream_name, 0)
        if not self.config.get("use_copy"):
            super().process_batch(context)
            self._storing(self.stream_name, len(context.get("records", [])))
            return
        records = context.get("records", [])
        rows = latest_by_key(records, self.key_properties)
        with self.connector._connect() as connection, connection.begin():  # noqa: SLF001  # the SDK's own way in
            self._write(connection, rows)
        self._storing(self.stream_name, len(records))
        self._tell(len(records))

    def _write(self, connection: Connection, rows: list[Record]) -> None:
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor:
            cursor.execute("set local timezone to 'UTC'")
            cursor.execute(
                sql.SQL("create temporary table {} (like {}) on commit drop").format(_TEMPORARY, self._table)
            )
            try:
                self._copy(cursor, rows)
                cursor.execute(self._merge())
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                raise LoaderError(self._unfit(error, rows)) from None

    def _copy(self, cursor: psycopg.Cursor[Any], rows: list[Record]) -> None:
        statement = sql.SQL("copy {} ({}) from stdin").format(_TEMPORARY, _names(self._columns))
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([convert(row.get(name)) for name, convert in self._converters])

    def _merge(self) -> sql.Composed:
        others = [name for name in self._columns if name not in self.key_properties]
        columns = _names(self._columns)
        insert = sql.SQL("insert into {} as t ({}) select {} from {}").format(self._table, columns, columns, _TEMPORARY)
        if not self.key_properties:
            return insert
        conflict = sql.SQL(" on conflict ({}) do ").format(_names(self.key_properties))
        if not others:
            return insert + conflict + sql.SQL("nothing")
        return insert + conflict + _update(others)

    @property
    def _table(self) -> sql.Identifier:
        names = [self.schema_name, self.table_name] if self.schema_name else [self.table_name]
        return sql.Identifier(*names)

    def _unfit(self, error: psycopg.Error, rows: list[Record]) -> str:
        line = copy_line(error) or first_with_nul(rows)
        keys = [rows[line - 1].get(key) for key in self.key_properties] if line and line <= len(rows) else []
        named = keys and all(isinstance(key, int) for key in keys)
        identity = f"the record {'/'.join(map(str, keys))}" if named else "a record"
        text = unfit_value(error, self.stream_name, identity)
        return text or f"stream {self.stream_name}: PostgreSQL cannot store {identity} (SQLSTATE {error.sqlstate})."

    def _tell(self, count: int) -> None:
        self._stored += count
        now = time.monotonic()
        if now - self._told_at > _QUIET_SECONDS:
            self._told_at = now
            self._progress.info("%s: %s rows stored so far", self.stream_name, f"{self._stored:,}")

    def _parse_timestamps_in_record(self, record: Record, schema: dict[str, Any], treatment: Any) -> None:
        """Leave date-times as text: PostgreSQL reads them exactly, and faster."""

    def clean_up(self) -> None:
        """Say how many rows came in all."""
        self._progress.info("%s: %s rows stored", self.stream_name, f"{self._stored:,}")
        if self._stored >= _MANY_ROWS:
            self._count_for_the_planner()
        super().clean_up()

    def _count_for_the_planner(self) -> None:
        """Let PostgreSQL know how many rows there are now: its own time for that may never come here."""
        with suppress(SQLAlchemyError, psycopg.Error), self.connector._connect() as connection:  # noqa: SLF001  # as above
            driver: psycopg.Connection[Any] = connection.connection.driver_connection
            driver.execute(sql.SQL("analyze {}").format(self._table))
            driver.commit()


def _names(columns: Any) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _update(columns: list[str]) -> sql.Composed:
    """Return the update of all columns, left out for rows that are the same already."""
    pairs = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns]
    old = sql.SQL(", ").join(sql.Identifier("t", name) for name in columns)
    new = sql.SQL(", ").join(sql.Identifier("excluded", name) for name in columns)
    return sql.SQL("update set {} where ({}) is distinct from ({})").format(sql.SQL(", ").join(pairs), old, new)
