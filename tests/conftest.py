"""A private copy of the project for each test, and a small Cratejoy on loopback."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pipeline import ROOT, SECRET, Project, Store, start_store


@pytest.fixture(scope="session")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with start_store(tmp_path_factory.mktemp("store"), 300) as store:
        yield store


@pytest.fixture
def store(_store: Store) -> Iterator[Store]:
    _store.reset()
    yield _store
    _store.reset()


@pytest.fixture
def project(tmp_path: Path, store: Store) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_CRATEJOY", "TARGET_", "STAGING_", "MELTANO_", "PYTHON"))
    }
    environment = {
        **kept,
        "TAP_CRATEJOY_API_URL": f"{store.url}/v1",
        "TAP_CRATEJOY_CLIENT_ID": "sandbox",
        "TAP_CRATEJOY_CLIENT_SECRET": SECRET,
        "TAP_CRATEJOY_REQUESTS_PER_SECOND": "0",
        "STAGING_IDLE_SECONDS": "1",
        "NO_COLOR": "1",
    }
    made = Project(folder, environment)
    yield made
    made.run("migration", "stop", "--force")
    assert made.leaks() == []
