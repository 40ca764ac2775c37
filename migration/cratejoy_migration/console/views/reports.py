"""Where the reports lie, found without asking Meltano, which takes a second: a page must be there at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cratejoy_migration.plugins import REPORTS, TARGET

_VARIABLE = "TARGET_SHOPIFY_REPORT_DIR"
_SETTING = "report_dir"
_ENVIRONMENT = "MELTANO_ENVIRONMENT"


def folder(project: Path) -> Path:
    """Return the folder of reports: `report_dir` of the environment, of `.env`, of meltano.yml; else `reports`."""
    told = {**dotenv_values(project / ".env"), **{name: value for name, value in os.environ.items() if value}}
    return project / (told.get(_VARIABLE) or _of_project(project, told.get(_ENVIRONMENT)) or REPORTS)


def _of_project(project: Path, environment: str | None) -> str | None:
    try:
        told = YAML(typ="safe").load(project / "meltano.yml")
    except (OSError, YAMLError):
        return None
    return next((value for value in _values(told, environment) if value), None) if isinstance(told, Mapping) else None


def _values(told: Mapping[str, Any], environment: str | None) -> Iterator[str | None]:
    """Yield what meltano.yml says of it, in the order in which Meltano goes by it."""
    chosen = environment or told.get("default_environment")
    for one in told.get("environments") or []:
        if isinstance(one, Mapping) and one.get("name") == chosen:
            yield from _configured((one.get("config") or {}).get("plugins"))
    yield from _configured(told.get("plugins"))


def _configured(plugins: Any) -> Iterator[str | None]:
    loaders = (plugins or {}).get("loaders") or []
    for loader in (one for one in loaders if one.get("name") == TARGET):
        yield (loader.get("config") or {}).get(_SETTING)
        for setting in loader.get("settings") or []:
            if setting.get("name") == _SETTING:
                yield setting.get("value")
