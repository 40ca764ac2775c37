"""A private copy of the project for one round, and its commands: through Meltano, or the plugins piped by a shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from cratejoy_migration import meltano_runs

from tests.chaos.processes import MARK, members
from tests.pipeline import BIN, ROOT, SECRET

_NOT_PASSED_ON = ("TAP_CRATEJOY", "TARGET_", "STAGING_", "MELTANO_", "PYTHON")
_URL = "from cratejoy_migration.staging import connection_url as u; print(u(), flush=True); input()"
_SELECT = """
import json, sys
catalog = json.load(sys.stdin)
catalog["streams"] = [one for one in catalog["streams"] if one["tap_stream_id"] == "migration-customer_documents"]
for entry in catalog["streams"][0]["metadata"]:
    entry["metadata"]["selected"] = True
json.dump(catalog, sys.stdout)
"""
_READ = """
staging-tap-postgres --config extractor.json --discover > all.json || exit
python choose_documents.py < all.json > catalog.json || exit
staging-tap-postgres --config extractor.json --catalog catalog.json |"""
_PIPES = {
    "collect": """
tap-cratejoy --config=ENV $STATE | staging-target-postgres --config loader.json > states.jsonl
""",
    "migrate": f"migration documents || exit\n{_READ} staging-target-shopify --config=ENV > /dev/null",
    "calm": f"migration documents --all || exit\n{_READ} target-shopify --config=ENV > /dev/null",
}
_BY_MELTANO = ("collect", "migrate")


class Run:
    """A command that runs in a session of its own, marked; all it says goes into a file.

    Args:
        process: Its first process.
        said: The file.
    """

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process = process
        self.said_in = said

    @property
    def pid(self) -> int:
        """Its first process."""
        return self.process.pid

    @property
    def mark(self) -> str:
        """What marks all its processes."""
        return str(self.said_in)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        """All it said so far, both outputs together."""
        return self.said_in.read_text(errors="replace")

    def wait(self, seconds: float) -> int | None:
        """Wait for the end; return the exit status, None when it did not end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def rest(self, seconds: float) -> bool:
        """Wait until nothing that it started runs any more; return False when that does not happen."""
        deadline = time.monotonic() + seconds
        while members(self.mark):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def end(self) -> None:
        """Kill whatever is left of it."""
        for process in members(self.mark):
            process.kill()
        self.process.wait(30)


class Project:
    """A folder with the project's meltano.yml and nothing of anybody's data.

    Args:
        folder: Is made.
        settings: TAP_CRATEJOY_... and TARGET_... variables.
        meltano: Whether commands go through Meltano.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, meltano: bool) -> None:
        self.folder = folder
        self.meltano = meltano
        self.runs: list[Run] = []
        folder.mkdir()
        for name in ("meltano.yml", "logging.yaml"):
            shutil.copy(ROOT / name, folder)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        path = f"{BIN}{os.pathsep}{kept.get('PATH', '')}"
        quiet = {"STAGING_IDLE_SECONDS": "4", "NO_COLOR": "1", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"}
        self.environment = {**kept, **quiet, **settings, "PATH": path}
        self._write_configs()

    def start(self, *command: str, **variables: str) -> Run:
        """Start a command; `collect` and `migrate` are what users call so."""
        said = self.folder / f"said-{len(self.runs):02d}.txt"
        environment = {**self.environment, **self._state(command), **variables, MARK: str(said)}
        with said.open("wb") as file:
            process = subprocess.Popen(
                self._line(command), cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        run = Run(process, said)
        self.runs.append(run)
        return run

    def bookmarks(self) -> dict[str, dict[str, Any]]:
        """Return the bookmark of each stream."""
        if not self.meltano:
            return dict(self._last_state().get("bookmarks") or {})
        database = meltano_runs.open_database(self.folder)
        found = meltano_runs.bookmarks(database) if database else {}
        if database:
            database.dispose()
        return found

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """Open the staging database, which stays up meanwhile."""
        process = subprocess.Popen(
            [BIN / "python", "-c", _URL], cwd=self.folder, env=self.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            with psycopg.connect(process.stdout.readline().strip()) as connection:
                yield connection
        finally:
            process.communicate("\n", timeout=60)

    def close(self) -> None:
        """End whatever still runs, the embedded database too."""
        for run in self.runs:
            run.end()
        command = [BIN / "migration", "stop", "--force"]
        subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, check=False, timeout=200)

    def _line(self, command: tuple[str, ...]) -> list[str]:
        if command[0] in _BY_MELTANO and self.meltano:
            return [str(BIN / "meltano"), "run", *command]
        if command[0] in _PIPES:
            return ["/bin/bash", "-o", "pipefail", "-c", _PIPES[command[0]]]
        return [str(BIN / command[0]), *command[1:]]

    def _state(self, command: tuple[str, ...]) -> dict[str, str]:
        """Return what tells a piped tap where the last run stood."""
        if self.meltano or command[0] != "collect":
            return {}
        state = self._last_state()
        (self.folder / "states.jsonl").unlink(missing_ok=True)
        (self.folder / "state.json").write_text(json.dumps(state))
        return {"STATE": "--state state.json" if state else ""}

    def _last_state(self) -> dict[str, Any]:
        """Return the last STATE that the loader wrote, or the one that its run began with."""
        states, before = self.folder / "states.jsonl", self.folder / "state.json"
        lines = states.read_text().split("\n")[:-1] if states.exists() else []
        text = lines[-1] if lines else (before.read_text() if before.exists() else "{}")
        return dict(json.loads(text))

    def _write_configs(self) -> None:
        interval = float(self.environment["TARGET_POSTGRES_STATE_INTERVAL"])
        loader = {"default_target_schema": "cratejoy", "state_interval": interval}
        (self.folder / "loader.json").write_text(json.dumps(loader))
        (self.folder / "extractor.json").write_text("{}")
        (self.folder / "choose_documents.py").write_text(_SELECT)


def settings_of(values: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return settings as variables; those without a value are left out."""
    return {f"{prefix}_{name.upper()}": str(value) for name, value in values.items() if value is not None}


def tap_variables(url: str) -> dict[str, str]:
    """Return what leads the tap to a local Cratejoy."""
    fixed = {"client_id": "sandbox", "client_secret": SECRET, "requests_per_second": 0, "request_timeout": 5}
    return settings_of({"api_url": f"{url}/v1", **fixed}, "TAP_CRATEJOY")
