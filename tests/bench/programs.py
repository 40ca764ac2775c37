"""The programs that are measured, each a process of its own, and what each of them took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]
_BIN = Path(sys.executable).parent
_NOT_PASSED_ON = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "TAP_CRATEJOY_",
    "TARGET_POSTGRES_",
    "TARGET_SHOPIFY_",
    "STAGING_",
    "MELTANO_",
)
"""Beginnings of variables that slow the programs down or configure them."""
_LAST_WORDS = 1000
TOKEN = "shpat_bench"


class CannotMeasure(Exception):
    """A program failed, or did less than it was to do."""


@dataclass(frozen=True)
class Took:
    """What a process took from start to end.

    Attributes:
        seconds: Of wall time.
        cpu: Seconds of processor time, user and system, over all threads.
        peak_mb: Largest resident memory. A process begins with the mark of its parent, so this package stays small.
    """

    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Request:
    """One request as the page server saw it; moments in seconds of its clock."""

    arrived: float
    answered: float
    rows: int


class Child:
    """A running program; leaving its `with` block kills it if it still runs.

    Args:
        command: Program and arguments.
        stdin: As for `subprocess.Popen`; nothing by default.
        stdout: The same; thrown away by default.
        variables: Environment variables besides our own.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._name = Path(command[0]).name
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed on leaving
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, **(variables or {})}, stdin=stdin, stdout=stdout, stderr=self._errors
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self._errors):
            if file:
                file.close()

    def end(self) -> Took:
        """Wait for the end.

        Raises:
            CannotMeasure: It failed.
        """
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self._began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            self._errors.seek(0)
            words = self._errors.read().decode(errors="replace")[-_LAST_WORDS:]
            raise CannotMeasure(f"{self._name} ended with {self.process.returncode}:\n{words}")
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return Took(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def run(command: Sequence[str], **options: Any) -> Took:
    """Run a program to its end; `options` as `Child` takes them."""
    with Child(command, **options) as child:
        return child.end()


class Pages:
    """A page server that runs.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.api_url = f"{url}/v1"

    def log(self) -> list[Request]:
        """Return the requests since the last call, in the order they arrived."""
        with urllib.request.urlopen(f"{self._url}/log") as response:
            return sorted((Request(*entry) for entry in json.load(response)), key=lambda request: request.arrived)


@contextmanager
def serving(count: int, delay: float = 0.0) -> Iterator[Pages]:
    """Serve so many customers while the block runs; each page takes at least `delay` seconds."""
    command = [sys.executable, "-m", "tests.bench.server", str(count), "--delay", str(delay)]
    with Child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        url = server.process.stdout.readline().decode().strip()
        if not url:
            server.end()
        yield Pages(url)


class Programs:
    """The command lines of what is measured; their files lie in one folder.

    Args:
        folder: Where to put them; temporary.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._catalogs = {name: folder / f"{name}.json" for name in ("catalog", "without_note")}
        self._write_catalogs()

    def tap(self, pages: Pages, *, whole: bool = True, **settings: Any) -> list[str]:
        """Return tap-cratejoy for the stream customers, without a ceiling, at 1,000 rows a page.

        Args:
            pages: The server.
            whole: Every property is selected; else all but one, which takes records through the SDK.
            settings: Settings besides or instead of these.
        """
        config = self._config("tap", pages, {"requests_per_second": 0, "concurrency": 4, **settings})
        catalog = self._catalogs["catalog" if whole else "without_note"]
        return [*self.program("tap-cratejoy"), "--config", config, "--catalog", str(catalog)]

    def plain_tap(self, pages: Pages) -> list[str]:
        """Return the tap to compare with."""
        return [sys.executable, "-m", "tests.bench.plain_tap", "--config", self._config("plain", pages, {})]

    def target(self, url: str, **settings: Any) -> list[str]:
        """Return target-shopify for the shop at a URL, with these settings."""
        file = self.folder / f"target_{url.rpartition(':')[2]}.json"
        file.write_text(json.dumps({"shop": "bench", "access_token": TOKEN, "api_url": url, **settings}))
        return [*self.program("target-shopify"), "--config", str(file)]

    def floor(self, pages: Pages) -> list[str]:
        """Return the bare loop."""
        return [sys.executable, "-m", "tests.bench.floor", pages.api_url, "1000"]

    def program(self, name: str) -> list[str]:
        """Return an installed command without arguments."""
        return [str(_BIN / name)]

    def _config(self, name: str, pages: Pages, settings: Mapping[str, Any]) -> str:
        common = {"client_id": "client", "client_secret": "secret", "api_url": pages.api_url, "page_size": 1000}
        file = self.folder / f"{name}_config.json"
        file.write_text(json.dumps({**common, **settings}))
        return str(file)

    def _write_catalogs(self) -> None:
        """Write what discovery says, with only customers selected; once whole, once without `note`."""
        discovered = self.folder / "discovered.json"
        with discovered.open("wb") as file:
            config = self._config("discovery", Pages("http://127.0.0.1:9"), {})
            run([*self.program("tap-cratejoy"), "--config", config, "--discover"], stdout=file)
        catalog = json.loads(discovered.read_text())
        for stream in catalog["streams"]:
            _select(stream, [], selected=stream["tap_stream_id"] == "customers")
        self._catalogs["catalog"].write_text(json.dumps(catalog))
        for stream in catalog["streams"]:
            _select(stream, ["properties", "note"], selected=False)
        self._catalogs["without_note"].write_text(json.dumps(catalog))


def _select(stream: dict[str, Any], breadcrumb: list[str], *, selected: bool) -> None:
    for entry in stream["metadata"]:
        if entry["breadcrumb"] == breadcrumb:
            entry["metadata"]["selected"] = selected
