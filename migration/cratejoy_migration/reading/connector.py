"""Connections of the reader, and how its columns appear in the catalog."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from tap_postgres.client import PostgresConnector, PostgresSQLToJSONSchema  # type: ignore[import-untyped]

_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "staging-tap-postgres",
}
_SESSION = {
    "timezone": "UTC",
    "synchronize_seqscans": "off",  # from the first row to the last, also while another reader is in the middle
    "default_transaction_read_only": "on",
}
_NESTED = {"type": ["array", "object", "null"], "additionalProperties": True}


class DocumentTypes(PostgresSQLToJSONSchema):  # type: ignore[misc]
    """The stock types, but jsonb is what it holds: an object or an array."""

    @functools.singledispatchmethod
    def to_jsonschema(self, column_type: Any) -> dict[str, Any]:
        """Return the JSON Schema of a column's type."""
        if isinstance(column_type, postgresql.JSON):
            return dict(_NESTED)
        schema: dict[str, Any] = super().to_jsonschema(column_type)
        return schema


class ReadingConnector(PostgresConnector):  # type: ignore[misc]
    """The stock connector with connections that only read, in order, and hide parameters in their errors."""

    sql_to_jsonschema_converter = DocumentTypes

    def create_engine(self) -> sa.Engine:
        """Return the engine."""
        engine = sa.create_engine(
            self.sqlalchemy_url,
            hide_parameters=True,
            connect_args=_CONNECTION,
            json_serializer=self.serialize_json,
            json_deserializer=self.deserialize_json,
        )
        sa.event.listen(engine, "connect", _begin_session)
        return engine

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ReadingConnector:
        """Return the connector of these settings."""
        return cls(config=dict(config), sqlalchemy_url=config["sqlalchemy_url"])


def _begin_session(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute("select set_config(%s, %s, false)", (name, value))
    connection.commit()
