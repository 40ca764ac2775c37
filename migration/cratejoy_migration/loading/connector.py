"""Which column type each property gets, and connections that do not repeat records in their errors."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TIMESTAMP
from target_postgres.connector import PostgresConnector  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from singer_sdk.sql.connector import JSONSchemaToSQL

_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "staging-target-postgres",
}


def psycopg_url(url: str) -> str:
    """Return a postgres:// or postgresql:// URL with the psycopg 3 driver, which COPY needs."""
    return f"postgresql+psycopg://{url.partition('://')[2]}"


class StagingConnector(PostgresConnector):  # type: ignore[misc]
    """The stock connector; nested data as jsonb, all integers bigint, date-times with their zone."""

    @cached_property
    def jsonschema_to_sql(self) -> JSONSchemaToSQL:
        """Return the rules from JSON Schema to column types."""
        rules: JSONSchemaToSQL = super().jsonschema_to_sql
        rules.fallback_type = JSONB
        rules.register_type_handler("array", JSONB)
        rules.register_type_handler("integer", BIGINT)
        rules.register_type_handler("number", sqlalchemy.types.NUMERIC)
        rules.register_format_handler("date-time", lambda _schema: TIMESTAMP(timezone=True))
        return rules

    def create_engine(self) -> sqlalchemy.Engine:
        """Return an engine whose errors hide parameters and whose connections notice a dead peer."""
        return sqlalchemy.create_engine(
            self.sqlalchemy_url,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=_CONNECTION,
            json_serializer=self.serialize_json,
            json_deserializer=self.deserialize_json,
        )

    def open_session(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection of its own, in autocommit mode, for locks that live as long as it does."""
        session = self._engine.raw_connection()
        connection: psycopg.Connection[tuple[Any, ...]] = session.driver_connection
        session.detach()
        connection.rollback()
        connection.autocommit = True
        return connection

    def merge_sql_types(self, sql_types: list[sqlalchemy.types.TypeEngine[Any]]) -> Any:
        """Return the type that a column of the first type takes when the stream now asks for the second."""
        current, wanted = sql_types
        if {type(current), type(wanted)} == {type(current)} and _same_zone(current, wanted):
            return current
        return super().merge_sql_types(sql_types)

    def get_sqlalchemy_url(self, config: Mapping[str, Any]) -> str:
        """Return the configured URL, always with the psycopg 3 driver."""
        url = sqlalchemy.engine.make_url(super().get_sqlalchemy_url(config))
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _same_zone(current: Any, wanted: Any) -> bool:
    return bool(getattr(current, "timezone", None) == getattr(wanted, "timezone", None))
