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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal out the long tests, those of this folder: each worker gets an equal part of the list, and begins with some.

    Those of a browser stay together by their file, which has one console.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    here = Path(__file__).parent
    groups: dict[object, list[pytest.Item]] = {}
    for item in items:
        if item.path.is_relative_to(here):
            key = item.path if item.path.parent.name == "browser" else item.nodeid
            groups.setdefault(key, []).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, group in enumerate(groups.values()):
        shares[number % workers].extend(group)
    others = [item for item in items if not item.path.is_relative_to(here)]
    dealt: list[pytest.Item] = []
    for number, share in enumerate(shares):
        size = max(len(share), (len(items) - len(dealt)) // (workers - number))
        few = others[: size - len(share)]
        del others[: len(few)]
        dealt += [*share, *few]
    items[:] = [*dealt, *others]


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
