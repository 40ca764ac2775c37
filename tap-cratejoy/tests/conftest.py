"""A small Cratejoy on loopback for the tests, and the tap run against it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Sandbox, start_sandbox


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the shell of a developer may add."""
    for name in list(os.environ):
        if name.startswith(("TAP_CRATEJOY", "MELTANO")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sandbox_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def _shared(sandbox_data: Path) -> Iterator[Sandbox]:
    with start_sandbox(sandbox_data / "shared") as sandbox:
        yield sandbox


@pytest.fixture
def cratejoy(_shared: Sandbox) -> Iterator[Sandbox]:
    """The shared store; rows must not be changed."""
    _shared.reset()
    yield _shared
    _shared.reset()


@pytest.fixture
def own_cratejoy(tmp_path: Path) -> Iterator[Sandbox]:
    """A store of the test's own, whose rows may come and go."""
    with start_sandbox(tmp_path / "own") as sandbox:
        yield sandbox
