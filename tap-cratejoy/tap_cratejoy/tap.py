"""The tap: settings, streams, the run they belong to, how it ends."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_cratejoy import settings as settings_module
from tap_cratejoy.bookmarks import STATE_TYPES, Bookmark, Run, choose_run
from tap_cratejoy.children import ChildStream
from tap_cratejoy.client import CratejoyClient
from tap_cratejoy.errors import Interrupted, RunStopped, SettingsError, TapError
from tap_cratejoy.pagination import Lanes
from tap_cratejoy.streams import STREAMS
from tap_cratejoy.writer import BytesWriter

if TYPE_CHECKING:
    from types import FrameType

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.streams import Stream


class TapCratejoy(Tap):
    """Singer tap for the Cratejoy merchant API."""

    name = "tap-cratejoy"
    package_name = "tap-cratejoy"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_module.CONFIG_SCHEMA
    message_writer_class = BytesWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:
        self.failures: dict[str, str] = {}
        self._signal: int | None = None
        super().__init__(**kwargs)

    # Settings

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; every trouble in one sentence, none of it with the value of a secret."""
        self._read_text()
        errors = self._unknown() + self._unknown_variables() + self._missing() or self._misfits()
        if errors and raise_errors:
            raise SettingsError(f"The settings of tap-cratejoy cannot be used: {'; '.join(errors)}.")
        return errors

    def _read_text(self) -> None:
        """Numbers and switches that came as text, from the environment or from Meltano, are what they say."""
        for name, spec in self.config_jsonschema["properties"].items():
            value = self._config.get(name)
            kinds = spec.get("type", [])
            if isinstance(value, str) and not {"string", "object", "array"} & set(kinds):
                try:
                    self._config[name] = json.loads(value.lower())
                except ValueError:
                    raise SettingsError(f"{name} takes a number, or true or false.") from None

    def _unknown(self) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        known = list(self.config_jsonschema["properties"])
        return [settings_module.unknown_setting(name, known) for name in self._config if name not in known]

    def _misfits(self) -> list[str]:
        try:
            super()._validate_config(raise_errors=True)
        except ConfigValidationError as error:
            return [settings_module.without_secrets(text) for text in error.errors]
        return []

    def _unknown_variables(self) -> list[str]:
        """Variables that look like settings and are none; Meltano passes on what it does not know only in this way."""
        known = [f"TAP_CRATEJOY_{name.upper()}" for name in (*self.config_jsonschema["properties"], "loglevel")]
        found = [name for name in os.environ if re.fullmatch(r"TAP_CRATEJOY_[A-Z0-9][A-Z0-9_]*", name)]
        return [settings_module.unknown_setting(name, known) for name in found if name not in known]

    def _missing(self) -> list[str]:
        return [
            f"{name} is missing (set TAP_CRATEJOY_{name.upper()})"
            for name in self.config_jsonschema.get("required", [])
            if self._config.get(name) is None
        ]

    @cached_property
    def settings(self) -> settings_module.Settings:
        """The settings, checked.

        Raises:
            SettingsError: One of them cannot be used.
        """
        return settings_module.from_config(self.config, frozenset(self.streams))

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of earlier runs.

        Raises:
            SettingsError: It is not what a tap writes.
        """
        bookmarks = state.get("bookmarks", {})
        if not isinstance(bookmarks, dict) or not all(isinstance(bookmark, dict) for bookmark in bookmarks.values()):
            raise SettingsError('--state: "bookmarks" must be an object with one object a stream.')
        for stream, bookmark in bookmarks.items():
            for name, kind in STATE_TYPES.items():
                if bookmark.get(name) is not None and type(bookmark[name]) is not kind:
                    raise SettingsError(f"--state: {name} of {stream} must be {kind.__name__}.")
        super().load_state(state)

    # What the streams share

    @cached_property
    def client(self) -> CratejoyClient:
        """The one client of this run."""
        return CratejoyClient(self.settings, self.logger)

    @cached_property
    def lanes(self) -> Lanes:
        """The threads requests run in."""
        return Lanes(self.settings.concurrency, self.check_interrupted)

    @cached_property
    def run(self) -> Run:
        """The run this process belongs to; naming it enters all selected streams in it."""
        names = [stream.name for stream in self.streams.values() if _has_state(stream)]
        run = choose_run(self.state.get("bookmarks", {}), names, self.now())
        if not self.settings.backfills and self.settings.record_limit is None:
            for name in names:
                Bookmark(self.streams[name].stream_state).plan(run, self.now())
        verb = "goes on with" if run.resumed else "begins"
        self.logger.info("This %s run %s", verb, run.run_id)
        return run

    def now(self) -> datetime:
        """Return the present, UTC."""
        return datetime.now(UTC)

    def write_state(self) -> None:
        """Emit STATE if it changed."""
        self.state_writer.write_state(self.state)

    def note_failure(self, stream: str, failure: TapError) -> None:
        """Remember that a stream failed; the others go on and the run ends non-zero."""
        self.failures[stream] = str(failure)
        self.logger.error("%s failed: %s", stream, failure)

    def check_interrupted(self) -> None:
        """Raise when a signal asked this process to end.

        Raises:
            Interrupted: It did.
        """
        if self._signal is not None:
            raise Interrupted(self._signal)

    # Streams

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return all streams."""
        return [stream(self) for stream in STREAMS]

    @property
    def streams(self) -> dict[str, Stream]:
        """All streams, in the order they are read."""
        found = super().streams
        places = {stream: place for place, stream in enumerate(STREAMS)}
        ordered = sorted(found.values(), key=lambda stream: places[type(stream)])  # type: ignore[index]
        return {stream.name: stream for stream in ordered}

    def children_of(self, stream: Stream) -> list[ChildStream]:
        """Return the selected streams below a stream."""
        return [child for child in stream.child_streams if isinstance(child, ChildStream) and child.selected]

    # Ending

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End after the page under way; at once when asked again."""
        if self._signal is not None:
            os._exit(128 + signum)
        self._signal = signum
        if "client" in self.__dict__:
            self.client.stop()

    def close(self) -> None:
        """Drop what is still to be asked."""
        if "lanes" in self.__dict__:
            self.client.stop()
            self.lanes.close()

    def end(self) -> None:
        """Raise when any stream failed.

        Raises:
            RunStopped: Naming the streams.
        """
        self.close()
        if self.failures:
            names = ", ".join(self.failures)
            raise RunStopped(f"Not all streams could be read: {names} failed (reasons above); the others are done.")

    @classmethod
    def _built(cls, config: _ConfigInput | None, **inputs: Any) -> Self:
        """Return the tap with all settings checked, before anything is asked or written."""
        try:
            tap = cls(
                config=config.config if config else None, parse_env_config=bool(config and config.parse_env), **inputs
            )
        except ValueError as error:
            raise SettingsError(f"A setting cannot be read: {error}.") from None
        if not tap.settings.api_url:
            raise SettingsError("api_url is empty.")
        return tap

    @override
    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files."""
        for path in value:
            if path != "ENV":
                with Path(path).open() as file:
                    _object_in(file, "--config")
        return super().cb_config(ctx, param, value)

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap from the command line."""
        super(Tap, cls).invoke(about=about, about_format=about_format)
        tap = cls._built(config, state=_object_in(state, "--state"), catalog=_object_in(catalog, "--catalog"))
        try:
            tap.sync_all()
        finally:
            tap.close()
        tap.end()

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Read one record of each stream, or none with `--test=schema`."""
        if value == "disabled":
            return
        tap = cls._built(ctx.params.get("config"))
        if value == "schema":
            tap.write_schemas()
        else:
            tap.run_connection_test()
        tap.end()
        ctx.exit()


def _has_state(stream: Stream) -> bool:
    return not isinstance(stream, ChildStream) and (stream.selected or stream.has_selected_descendents)


def _object_in(file: IO[str] | None, option: str) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        value = json.load(file)
    except ValueError:
        raise SettingsError(f"{option}: {file.name} is not JSON.") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{option}: {file.name} does not hold a JSON object.")
    return value
