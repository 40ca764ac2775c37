"""`make console`: on a made-up store when no other is named, with a password for this start."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from tests.browser.harness import PASSWORD, PASSWORD_HASH
from tests.pipeline import BIN, ROOT

_AT = re.compile(r"The console is at (http://127\.0\.0\.1:\d+)")
_SAID = re.compile(r"The password of this start, new each time: (\S+)")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A clone of the project, as far as the script needs one."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    yield clone
    subprocess.run([BIN / "migration", "stop", "--force"], cwd=clone, env=_environment(), check=False)


def _environment(**variables: str) -> dict[str, str]:
    ours = ("TAP_", "TARGET_", "STAGING_", "MELTANO_", "CONSOLE_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "CONSOLE_PORT": "0", "DEMO_CUSTOMERS": "5", "STAGING_IDLE_SECONDS": "1", **variables}


@contextmanager
def _started(folder: Path, **variables: str) -> Iterator[tuple[str, str]]:
    """Start the script as a terminal would; yield what it said and the console's address; then press Ctrl-C."""
    process = subprocess.Popen(
        ["scripts/console"], cwd=folder, env=_environment(**variables), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if found := _AT.search(line):
                yield said, found.group(1)
                break
        else:
            pytest.fail(said)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) in {0, 130}
        _gone, alive = psutil.wait_procs(family, 10)
        assert [one.name() for one in alive if "supervisor" not in " ".join(one.cmdline())] == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def _may_enter(address: str, password: str) -> bool:
    answer = requests.post(f"{address}/login", {"password": password}, allow_redirects=False, timeout=20)
    return answer.status_code == 303


def test_without_a_store_and_a_password_it_makes_up_both(folder: Path) -> None:
    with _started(folder) as (said, address):
        assert "A made-up Cratejoy store of 5 customers" in said
        password = _SAID.search(said)
        assert password
        assert not _may_enter(address, PASSWORD)
        assert _may_enter(address, password.group(1))
        first = password.group(1)
    assert first not in "".join(file.read_text(errors="ignore") for file in folder.glob("*") if file.is_file())
    with _started(folder) as (said, address):
        assert not _may_enter(address, first)


def test_with_a_store_and_a_password_of_ones_own_it_makes_up_neither(folder: Path) -> None:
    (folder / ".env").write_text(f"TAP_CRATEJOY_CLIENT_ID=mine\nCONSOLE_PASSWORD_HASH='{PASSWORD_HASH}'\n")
    began = time.monotonic()
    with _started(folder) as (said, address):
        assert said.startswith("The console is at")
        assert _may_enter(address, PASSWORD)
    assert not (folder / ".sandbox").exists()
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_can_be_ended_from_its_first_line_on(folder: Path, number: signal.Signals) -> None:
    """A signal that comes before the server is up is not lost."""
    process = subprocess.Popen(
        [BIN / "console"], cwd=folder, env=_environment(CONSOLE_PASSWORD_HASH=PASSWORD_HASH), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        process.send_signal(number)
        rest, _ = process.communicate(timeout=15)
    finally:
        process.kill()
    assert _AT.search(line)
    assert (process.returncode, rest) == (0, "")
