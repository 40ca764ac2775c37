"""The two sandboxes of a round: started, faulted, killed, and started again on the same port with all they had."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.pipeline import BIN, SECRET, SECRET_TOKEN, TODAY

_PATIENCE = 60


class Server:
    """A sandbox of this round.

    Args:
        command: Its command line without port and faults.
        folder: Where its output goes.

    Attributes:
        met: How often each fault was met, over all its lives.
        mails: Mails that customers would have got, over all its lives.
    """

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self._command = [str(BIN / "sandbox"), name, *command, "--exit-with-parent"]
        self._errors = folder / f"{name}.stderr"
        self._faults: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.met: Counter[str] = Counter()
        self.mails = 0
        self._asked_before = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with the faults that are on."""
        switched = [part for name, value in self._faults.items() for part in ("--fault", f"{name}={json.dumps(value)}")]
        command = [*self._command, "--port", str(self.port), *switched]
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._process.stdout.close()
        if not line:
            raise RuntimeError(f"the sandbox did not start: {self._errors.read_text()[-500:]}")
        self.port = json.loads(line)["port"]

    def kill(self) -> None:
        """End it as an accident would."""
        self._take_figures()
        self._end()

    def restart(self, seconds: float) -> None:
        """Kill it, and start it again a while later."""
        self.kill()
        time.sleep(seconds)
        self.start()

    def close(self) -> None:
        """End it for good."""
        if self._process is not None and self._process.poll() is None:
            self._end()

    def faults(self, **values: Any) -> None:
        """Have these faults on and no others."""
        self._faults = values
        self._ask("DELETE", "faults")
        self._ask("PUT", "faults", json=values)

    def add_fault(self, **values: Any) -> None:
        """Switch faults on beside the others; a restart forgets them."""
        self._ask("PUT", "faults", json=values)

    def figures(self) -> dict[str, Any]:
        """Return what was asked since its last start."""
        return dict(self._ask("GET", "stats").json())

    def asked(self) -> int:
        """Return how many requests there were, over all its lives."""
        return self._asked_before + int(self.figures()["requests"])

    def settle(self) -> None:
        """Take the figures of this life into those of all."""
        self._take_figures()
        self._ask("DELETE", "stats")

    def lines(self, what: str) -> Iterator[Any]:
        """Yield the JSON lines of a dump."""
        for line in self._ask("GET", what).text.splitlines():
            yield json.loads(line)

    def post(self, what: str, value: Any) -> Any:
        """Send something to the control API and return its answer."""
        return self._ask("POST", what, json=value).json()

    def _take_figures(self) -> None:
        try:
            figures = self.figures()
        except requests.RequestException:
            return
        self.met.update(figures["faults"])
        self._asked_before += figures["requests"]
        self.mails += figures.get("mails", {}).get("total", 0)

    def _end(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def _ask(self, method: str, what: str, **options: Any) -> requests.Response:
        answer = requests.request(method, f"{self.url}/_sandbox/{what}", timeout=_PATIENCE, **options)
        answer.raise_for_status()
        return answer


class Cratejoy(Server):
    """A local Cratejoy over a store file of its own, so that what came in meanwhile survives a kill."""

    def __init__(self, store: Path, options: list[str], folder: Path) -> None:
        self._store = store
        super().__init__("cratejoy", [*options, "--data", str(store.parent), "--client-secret", SECRET], folder)

    def start(self) -> None:
        """Start it, on what the one before left."""
        for left in self._store.parent.glob(f"{self._store.name}.*.changed*"):
            shutil.move(left, f"{self._store}{left.name.rpartition('.changed')[2]}")
        super().start()

    def ids(self, stream: str) -> list[int]:
        """Return every id of a stream as it stands now."""
        return list(self.lines(f"ids/{stream}"))

    def change(self, stream: str, **wishes: Any) -> Any:
        """Insert, delete or update rows."""
        return self.post(f"rows/{stream}", wishes)


def shopify(folder: Path, *options: str) -> Server:
    """Start a local Shopify that remembers in a file."""
    fixed = ["--shop", "demo", "--token", SECRET_TOKEN, "--data", str(folder / "shop.sqlite")]
    return Server("shopify", [*fixed, *options], folder)


def store_options(customers: int, seed: int) -> list[str]:
    """Return the options that decide a store."""
    return ["--customers", str(customers), "--seed", str(seed), "--today", TODAY]


def build_store(customers: int, seed: int, folder: Path) -> Path:
    """Build the store file of a local Cratejoy."""
    command = [BIN / "sandbox", "generate", *store_options(customers, seed), "--data", folder]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return Path(built.stdout.strip())
