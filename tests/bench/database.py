"""An embedded PostgreSQL of our own, thrown away after use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cratejoy_migration.staging import control, staging_database
from cratejoy_migration.staging.layout import Layout

_ELSEWHERE = "STAGING_DATABASE_URL"


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """Keep a database running in a new folder; yields its URL."""
    os.environ.pop(_ELSEWHERE, None)
    folder.mkdir()
    try:
        with staging_database(folder) as url:
            yield url
    finally:
        control.stop(Layout(folder))
        shutil.rmtree(folder)
