"""The tap and the target as this project sets them up, for commands that ask the two platforms themselves.

Meltano merges environment, `.env`, `meltano config set` and meltano.yml; it is asked, so that a command and
`meltano run` never mean different shops.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tap_cratejoy.settings import Settings as TapSettings
from tap_cratejoy.tap import TapCratejoy
from target_shopify.settings import Settings as TargetSettings
from target_shopify.target import TargetShopify

from cratejoy_migration.errors import OperatorError

TAP = "tap-cratejoy"
TARGET = "target-shopify"
REPORTS = "reports"
"""Folder of reports below the project, where the target's `report_dir` names none."""


def tap_settings(project: Path) -> TapSettings:
    """Return the checked settings of tap-cratejoy.

    Raises:
        OperatorError: Meltano cannot tell them.
        SettingsError: one is missing or cannot be used.
    """
    config = _configured(project, TAP)
    with _own_signals():
        return TapCratejoy(config=config).settings


def tap_selection(project: Path) -> list[str]:
    """Return the rules by which Meltano selects the streams and properties of tap-cratejoy, such as `orders.*`.

    Raises:
        OperatorError: Meltano cannot tell them.
    """
    rules = _configured(project, TAP, extras=True).get("_select", [])
    return [str(rule) for rule in rules] if isinstance(rules, list) else []


def target_settings(project: Path, **changes: Any) -> TargetSettings:
    """Return the checked settings of target-shopify, with some of them changed for this command.

    `report_dir` is a full path.

    Raises:
        OperatorError: Meltano cannot tell them.
        SettingsError: one is missing or cannot be used.
    """
    config = {**_configured(project, TARGET), **changes}
    with _own_signals():
        found = TargetShopify(config=config).settings
    return replace(found, report_dir=project / (found.report_dir or REPORTS))


def shown(path: Path, project: Path) -> str:
    """Return a path for the screen: from the project's folder on where it lies in it, else whole."""
    return str(path.relative_to(project) if path.is_relative_to(project) else path)


def extras(project: Path, plugin: str) -> dict[str, Any]:
    """Return what Meltano does with a plugin, such as `_select`.

    Raises:
        OperatorError: Meltano cannot tell.
    """
    return _configured(project, plugin, extras=True)


def as_told(project: Path, plugin: str) -> dict[str, Any]:
    """Return a plugin's settings unchecked, for commands that also work where some are missing. Holds secrets.

    Raises:
        OperatorError: Meltano cannot tell them.
    """
    return _configured(project, plugin)


def names_set(project: Path, plugin: str) -> frozenset[str]:
    """Return the names of a plugin's settings that have a value; a platform nobody configured has none of its keys.

    Raises:
        OperatorError: Meltano cannot tell them.
    """
    return frozenset(_configured(project, plugin))


def run_meltano(project: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> int:
    """Run Meltano in the project, its output going where ours goes; return its exit status.

    Args:
        project: Its folder.
        arguments: Such as "run", "collect".
        variables: Added to the environment; never secrets that are not there already.
    """
    environment = {**os.environ, **_QUIET, **(variables or {})}
    sys.stdout.flush()
    return subprocess.run([_meltano(), *arguments], cwd=project, env=environment, check=False).returncode


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the signal handlers of the command: a plugin that is made puts its own in their place."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


_QUIET = {"MELTANO_CLI_DISABLE_VERSION_CHECK": "1", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"}


def _meltano() -> str:
    return str(Path(sys.executable).parent / "meltano")


def _configured(project: Path, plugin: str, *, extras: bool = False) -> dict[str, Any]:
    # Imported now: many commands use this module and ask for no settings, and Meltano takes a second to load.
    from cratejoy_migration import meltano_settings  # noqa: PLC0415

    try:
        found = meltano_settings.read(project, plugin, extras=extras)
    except Exception as error:  # noqa: BLE001  # what Meltano raises has no common kind
        raise OperatorError(
            f"Meltano cannot tell the settings of {plugin} ({type(error).__name__}): run it in the project's "
            f"folder, and look at what `meltano config print {plugin}` says."
        ) from None
    return {name: value for name, value in found.items() if value not in (None, "")}
