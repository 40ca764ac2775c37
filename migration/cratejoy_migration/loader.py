"""The loader `staging-target-postgres`: target-postgres, made safe to interrupt and to repeat."""

from __future__ import annotations

import atexit
import copy
import logging
import os
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from target_postgres.target import TargetPostgres  # type: ignore[import-untyped]

from cratejoy_migration import history, one_run
from cratejoy_migration.command import one_line_command
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.connector import psycopg_url
from cratejoy_migration.loading.errors import AGAIN, LoaderError
from cratejoy_migration.loading.reader import PatientReader
from cratejoy_migration.loading.sink import StagingSink
from cratejoy_migration.loading.writer_lock import WriterLock
from cratejoy_migration.staging import connection_url
from cratejoy_migration.staging.project import normalised_url

if TYPE_CHECKING:
    from collections import Counter
    from types import FrameType

    import click

_PENDING_BYTES = 24_000_000
_AFTER_INTERRUPT_SECONDS = 2.0
_LOCK_PATIENCE_SECONDS = 30.0
_SETTINGS: dict[str, dict[str, Any]] = {
    "use_copy": {"default": True},
    "validate_records": {"type": ["boolean", "null"], "default": False},
    "add_record_metadata": {"default": False},
    "activate_version": {"default": False},
    "batch_size_rows": {"type": ["integer", "null"], "default": 10000},
    "state_interval": {
        "type": ["number", "null"],
        "default": 20,
        "description": "Seconds after which what was read is stored and STATE is written, at the latest.",
    },
}


def _settings() -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(TargetPostgres.config_jsonschema)
    for name, changes in _SETTINGS.items():
        schema["properties"][name] = {**schema["properties"].get(name, {}), **changes}
    return schema


class StagingTargetPostgres(TargetPostgres):  # type: ignore[misc]
    """The stock target with a staging database on demand, early STATE, one writer, and quiet errors."""

    package_name = "cratejoy-migration"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings()
    default_sink_class = StagingSink
    message_reader_class = PatientReader
    _signal = 0
    _signalled_at = 0.0
    _pending_bytes = 0
    _emitted: str | None = None
    _history: history.LiveRun | None = None

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
    ) -> None:
        settings = {**(config or {}), **(self._env_var_config if parse_env_config else {})}
        super().__init__(config=_with_url(settings), validate_config=validate_config)
        # The stock target asks for this too, but its base class overwrites it.
        self.max_parallelism = 1
        self.metrics_logger.setLevel(logging.WARNING)
        self.message_reader.on_tick = self._on_tick
        self._state_interval = _seconds(self.config.get("state_interval"))
        session = self.target_connector.open_session()
        self.writer_lock = WriterLock(session, self.config.get("default_target_schema") or "")
        atexit.register(self.writer_lock.release)
        try:
            one_run.share(session, "a collection")
        except OperatorError as error:
            raise LoaderError(str(error)) from None
        self.writer_lock.acquire(_LOCK_PATIENCE_SECONDS, self.logger.warning)
        self._stored: dict[str, int] = {}
        self._stored_at: str | None = None

    def process_lines(self, file_input: IO[str] | None = None) -> Counter[str]:
        """Load the input, on record in the history of runs as `collect`."""
        run = history.RunRecord(normalised_url(str(self.target_connector.sqlalchemy_url)), "collect")
        self._history = history.LiveRun(run, self._figures)
        self._history.begin()
        with self._history.part():
            return cast("Counter[str]", super().process_lines(file_input))

    def storing(self, stream: str, rows: int) -> None:
        """Note that rows of a stream are being stored (0), or that so many have been."""
        self._stored[stream] = self._stored.get(stream, 0) + rows
        self._stored_at = datetime.now(UTC).isoformat()
        if self._history:
            self._history.wake()

    def _figures(self) -> dict[str, Any]:
        stored_at = {"stored_at": self._stored_at} if self._stored_at else {}
        return {"rows": dict(self._stored), **stored_at}

    def process_endofpipe(self) -> None:
        """Store what was read, then end as the input or the signal deserves.

        Raises:
            LoaderError: the input was damaged; all before the damage is stored.
            SystemExit: 128 + the signal that ended the reading.
        """
        with self._history.part(last=True) if self._history else nullcontext():
            super().process_endofpipe()
            if self._signal:
                sys.exit(128 + self._signal)
            if self.message_reader.trouble:
                raise LoaderError(f"{self.message_reader.trouble}; what came before it is stored, {AGAIN}")

    def _on_tick(self) -> bool:
        """Look at the clock and at signals; return False when reading must end."""
        self._handle_max_record_age()
        if self._signal:
            waited = time.monotonic() - self._signalled_at
            # After Ctrl-C the tap ends too: what it has sent is worth storing.
            return self._signal == 2 and waited < _AFTER_INTERRUPT_SECONDS
        return True

    def _handle_max_record_age(self) -> None:
        age = self._max_record_age_in_minutes * 60
        if age > self._state_interval or self._pending_bytes > _PENDING_BYTES:
            self.drain_all()

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self._pending_bytes += self.message_reader.line_bytes
        super()._process_record_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        self._handle_max_record_age()

    def _reset_max_record_age(self) -> None:
        super()._reset_max_record_age()
        self._pending_bytes = 0

    def _write_state_message(self, state: dict[str, Any]) -> None:
        text = self.target_connector.serialize_json(state)
        if text == self._emitted:
            return
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would stumble over the same pipe again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise LoaderError(f"whoever started the load has gone; what was read is stored, {AGAIN}") from None
        self._emitted = text

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._signal = self._signal or signum
        self._signalled_at = time.monotonic()

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command line of the target, with quiet logs and one-line errors."""
        return one_line_command(super().get_singer_command(), cls.logger)


def _with_url(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the URL of the database that they mean."""
    url = settings.get("sqlalchemy_url")
    if not url and settings.get("host"):
        return settings
    return {**settings, "sqlalchemy_url": psycopg_url(normalised_url(url) if url else connection_url())}


def _seconds(setting: float | None) -> float:
    default: float = _SETTINGS["state_interval"]["default"]
    return default if setting is None else float(setting)


main = StagingTargetPostgres.cli
