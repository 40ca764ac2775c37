"""The target: settings and wiring."""

from __future__ import annotations

import json
import os
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TargetCapabilities
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.sinks import Sink
from typing_extensions import override

from target_shopify import settings as settings_module
from target_shopify.errors import WORKING_FOLDER, OutputFailed, RunStopped, SettingsError, room_in
from target_shopify.messages import NoSchema, TickingReader
from target_shopify.run import Run
from target_shopify.sinks import Customers, Ignored, takes

if TYPE_CHECKING:
    from types import FrameType

    import click
    from singer_sdk.plugin_base import _ConfigInput


class TargetShopify(Target):
    """Singer target that carries Cratejoy customers into Shopify."""

    name = "target-shopify"
    package_name = "target-shopify"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_module.CONFIG_SCHEMA
    default_sink_class = Customers
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    _MAX_RECORD_AGE_IN_MINUTES = float("inf")  # the run settles and checkpoints by itself

    def __init__(self, **kwargs: Any) -> None:
        self._reader = TickingReader(self._tick, self._stop)
        self._reads_environment = bool(kwargs.get("parse_env_config"))
        try:
            super().__init__(**{"message_reader": self._reader, **kwargs})
        except ValueError:
            self._check_variables()
            raise
        self.max_parallelism = 1
        self.settings = settings_module.from_config(self.config)

    # Settings

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        """What the environment sets; numbers and switches as text, and a blank one is not set."""
        cls.append_builtin_config(cls.config_jsonschema)
        plain = {
            name: {"type": ["string", "null"]} if settings_module.is_number_or_switch(spec) else spec
            for name, spec in cls.config_jsonschema["properties"].items()
        }
        found = parse_environment_config({"properties": plain}, cls._env_var_prefix)
        specs = cls.config_jsonschema["properties"]
        return {name: value for name, value in found.items() if plain[name] is specs[name] or value.strip()}

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; every trouble in one sentence, none of it with the value of a secret."""
        self._check_variables()
        self._read_text()
        errors = self._unknown() + self._missing() or self._misfits()
        if errors and raise_errors:
            raise SettingsError(f"The settings of target-shopify cannot be used: {'; '.join(errors)}.")
        return errors

    def _check_variables(self) -> None:
        misread = settings_module.misread_variables(os.environ) if self._reads_environment else []
        if misread:
            raise SettingsError(f"The settings of target-shopify cannot be used: {'; '.join(misread)}.")

    def _read_text(self) -> None:
        """Numbers and switches that came as text, from the environment or from Meltano, are what they say."""
        if type(self._config.get("max_refusals")) is int:
            self._config["max_refusals"] = str(self._config["max_refusals"])
        for name, spec in self.config_jsonschema["properties"].items():
            value = self._config.get(name)
            if isinstance(value, str) and settings_module.is_number_or_switch(spec):
                try:
                    self._config[name] = settings_module.number_or_switch(value, spec)
                except ValueError:
                    raise SettingsError(f"{name} takes a number, or true or false.") from None

    def _unknown(self) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        known = list(self.config_jsonschema["properties"])
        variables = [f"TARGET_SHOPIFY_{name.upper()}" for name in (*known, "loglevel")]
        found = [name for name in os.environ if re.fullmatch(r"TARGET_SHOPIFY_[A-Z0-9][A-Z0-9_]*", name)]
        names = [name for name in self._config if name not in known]
        names += [name for name in found if name not in variables]
        return [settings_module.unknown_setting(name) for name in names]

    def _missing(self) -> list[str]:
        return [
            f"{name} is missing (set TARGET_SHOPIFY_{name.upper()})"
            for name in self.config_jsonschema.get("required", [])
            if self._config.get(name) in (None, "")
        ]

    def _misfits(self) -> list[str]:
        try:
            super()._validate_config(raise_errors=True)
        except ConfigValidationError as error:
            return [settings_module.without_secrets(text) for text in error.errors]
        return []

    @override
    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files."""
        try:
            return super().cb_config(ctx, param, value)
        except (TypeError, ValueError):
            raise SettingsError(f"--config: {', '.join(value)} does not hold a JSON object.") from None

    # The run

    @cached_property
    def run(self) -> Run:
        """What this run does with documents.

        Raises:
            RunStopped: Shop or ledger do not allow it.
        """
        return Run(self.settings, self.logger, self._emit)

    @override
    def process_endofpipe(self) -> None:
        """Settle what is left.

        Raises:
            RunStopped: The run ended early; what was settled is recorded.
        """
        super().process_endofpipe()
        try:
            with room_in(WORKING_FOLDER):
                self.run.finish()
        except RunStopped as stopped:
            raise self._stop(stopped) from None

    @override
    def get_sink_class(self, stream_name: str) -> type[Sink]:
        return Customers if takes(stream_name) else Ignored

    def _tick(self) -> None:
        self.run.tick_input()

    def _stop(self, stopped: RunStopped) -> RunStopped:
        return self.run.abort(stopped) if "run" in self.__dict__ else stopped

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Take a record; one that nothing maps or validates goes the short way, which is several times faster."""
        stream = message_dict["stream"]
        if stream not in self.mapper.stream_maps:
            raise NoSchema(
                f"A record of stream {stream} came before its SCHEMA message: look at the tap that wrote it. What came "
                "before the record is settled, and the same command goes on."
            )
        maps = self.mapper.stream_maps[stream]
        if len(maps) == 1 and type(maps[0]) is SameRecordTransform and not self.config["validate_records"]:
            sink = self._sinks_active[maps[0].stream_alias]
            if not maps[0].flattening_enabled and type(sink) is Customers:
                sink.take(message_dict["record"])
                return
        super()._process_record_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self.run.checkpoint(message_dict["value"])

    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Leave this to the run, which knows what is settled."""

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if "run" in self.__dict__:
            self.run.interrupt(signum)
        else:
            sys.exit(128 + signum)

    @staticmethod
    def _emit(state: dict[str, Any]) -> None:
        try:
            with room_in("standard output"):
                sys.stdout.write(f"{json.dumps(state)}\n")
                sys.stdout.flush()
        except BrokenPipeError:
            # Python would stumble over the same pipe again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise OutputFailed("Whoever started the target has gone; what was settled is recorded.") from None
