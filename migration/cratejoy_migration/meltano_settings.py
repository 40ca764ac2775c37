"""A plugin's settings as `meltano run` would give them to it, read in this process.

`meltano config print` tells the same, but each call takes two seconds, and it ignores the default environment.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from meltano.core.db import project_engine
from meltano.core.plugin.settings_service import PluginSettingsService
from meltano.core.project import Project
from meltano.core.setting_definition import SettingValueJSONEncoder
from sqlalchemy.orm import Session

_ENVIRONMENT = "MELTANO_ENVIRONMENT"
_TABLE = "plugin_settings"


def read(folder: Path, plugin: str, *, extras: bool = False) -> dict[str, Any]:
    """Return the values of a plugin's settings, for some without a value None. Holds secrets.

    Args:
        folder: The project's.
        plugin: Its name.
        extras: What Meltano does with it instead, such as `_select`.

    Raises:
        Exception: Of any kind: Meltano raises that itself where it cannot tell.
    """
    _be_quiet()
    project = Project.find(folder, activate=False)
    _choose_environment(project)
    found = PluginSettingsService(project, project.plugins.find_plugin(plugin))
    with _stored(project) as session:
        values = found.as_dict(extras=extras, process=not extras, session=session)
    told: dict[str, Any] = json.loads(json.dumps(values, cls=SettingValueJSONEncoder))
    return told


def _be_quiet() -> None:
    """Keep Meltano's own log out of ours: without its command line it would go to stdout."""
    if not structlog.is_configured():
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _choose_environment(project: Project) -> None:
    """Activate the environment that `meltano run` would."""
    default = project.settings.get("default_environment")
    name = os.environ.get(_ENVIRONMENT) or project.dotenv_env.get(_ENVIRONMENT) or default
    if name and name.lower() != "null":
        project.activate_environment(name)


@contextmanager
def _stored(project: Project) -> Iterator[Session | None]:
    """Yield a session of Meltano's database, which may hold settings; None where there is none yet, to make none."""
    uri = sa.make_url(project.settings.get("database_uri"))
    if uri.drivername.startswith("sqlite") and not (uri.database and Path(uri.database).exists()):
        yield None
        return
    engine, sessions = project_engine(project)
    try:
        if not sa.inspect(engine).has_table(_TABLE):
            yield None
            return
        with sessions() as session:
            yield session
    finally:
        engine.dispose()
