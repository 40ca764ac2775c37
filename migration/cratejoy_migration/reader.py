"""The extractor `staging-tap-postgres`: tap-postgres on the staging database, fast, and safe to interrupt."""

from __future__ import annotations

import copy
import logging
import os
import signal
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_postgres.tap import TapPostgres  # type: ignore[import-untyped]

from cratejoy_migration.command import one_line_command
from cratejoy_migration.loading.connector import psycopg_url
from cratejoy_migration.reading.connector import ReadingConnector
from cratejoy_migration.reading.output import LineWriter
from cratejoy_migration.reading.stream import Documents
from cratejoy_migration.staging import StagingError, connection_url
from cratejoy_migration.staging.project import normalised_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    import click

DOCUMENTS = "migration-customer_documents"
_SETTINGS: dict[str, dict[str, Any]] = {
    "filter_schemas": {"default": ["migration"]},
    "json_as_object": {"default": True},
}
_WHOLE_LINE_SECONDS = 2


def _settings() -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(TapPostgres.config_jsonschema)
    for name, changes in _SETTINGS.items():
        schema["properties"][name] = {**schema["properties"][name], **changes}
    return schema


class StagingTapPostgres(TapPostgres):  # type: ignore[misc]
    """The stock tap with a staging database on demand, documents at full speed, and quiet errors."""

    package_name = "cratejoy-migration"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings()
    message_writer_class = LineWriter
    dynamic_catalog = True
    _signal = 0

    def __init__(self, *, config: dict[str, Any] | None = None, parse_env_config: bool = False, **options: Any) -> None:
        settings = {**(config or {}), **(self._env_var_config if parse_env_config else {})}
        super().__init__(config=_with_url(settings), **options)
        self.metrics_logger.setLevel(logging.WARNING)

    @cached_property
    def connector(self) -> ReadingConnector:
        """The connections of the staging database."""
        return ReadingConnector.of(self.config)

    @property
    def catalog_dict(self) -> dict[str, Any]:
        """The catalog.

        Raises:
            StagingError: the documents were never built.
        """
        found: dict[str, Any] = super().catalog_dict
        if all(stream["tap_stream_id"] != DOCUMENTS for stream in found["streams"]) or not self._has_documents:
            raise StagingError("there are no customer documents yet; run first: meltano invoke migration documents")
        return found

    @cached_property
    def _has_documents(self) -> bool:
        schema, _, table = DOCUMENTS.partition("-")
        return bool(self.connector.table_exists(f"{schema}.{table}"))

    def discover_streams(self) -> Sequence[Documents]:
        """Return the tables of the catalog."""
        return [Documents(self, entry, connector=self.connector) for entry in self.catalog_dict["streams"]]

    def go_on(self) -> None:
        """Return when there is no reason to end.

        Raises:
            SystemExit: 128 + the signal that asked for the end.
        """
        if self._signal:
            sys.exit(128 + self._signal)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End after the line in hand; at once when the target does not take it."""
        self._signal = signum
        signal.signal(signal.SIGALRM, lambda *_: os._exit(128 + signum))
        signal.alarm(_WHOLE_LINE_SECONDS)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command line of the tap, with quiet logs and one-line errors."""
        return one_line_command(super().get_singer_command(), cls.logger)


def _with_url(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the URL of the database that they mean."""
    url = settings.get("sqlalchemy_url")
    return {**settings, "sqlalchemy_url": psycopg_url(normalised_url(url) if url else connection_url())}


main = StagingTapPostgres.cli
