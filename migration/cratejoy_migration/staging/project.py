"""Where the project is: its folder, and what its environment says about the staging database."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

from cratejoy_migration.staging.errors import StagingError

URL_VARIABLE = "STAGING_DATABASE_URL"


def project_folder() -> Path:
    """Return the project's folder.

    MELTANO_PROJECT_ROOT names it; else it is the nearest folder above the current one with a meltano.yml;
    else it is the current one.
    """
    named = os.environ.get("MELTANO_PROJECT_ROOT")
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "meltano.yml").is_file()), here)


def configured_url(project: Path) -> str | None:
    """Return the URL that names the staging database, or None for the embedded one.

    The environment wins over the project's .env, as it does for Meltano; an empty value counts as absent.

    Raises:
        StagingError: the value is not a postgresql:// URL.
    """
    value = os.environ.get(URL_VARIABLE) or dotenv_values(project / ".env").get(URL_VARIABLE)
    if not value:
        return None
    return normalised_url(value)


def normalised_url(url: str) -> str:
    """Return a URL that every client understands: scheme postgresql, no driver name.

    Raises:
        StagingError: `url` is not a PostgreSQL URL. The text does not repeat it: it holds a password.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise StagingError(
            f"{URL_VARIABLE} is not a PostgreSQL URL; write postgresql://user:password@host:5432/database."
        )
    return f"postgresql://{rest}"
