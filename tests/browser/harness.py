"""A console of its own over a small project: both sandboxes, an embedded database, a known password."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

from tests.pipeline import BIN, E_MAIL, ROOT, SECRET, SECRET_TOKEN, Project, Shop, Store, start_shop, start_store

PASSWORD = "a crate of apples"
# As cheap as the console lets it be: what is tested is not how long a guess takes.
PASSWORD_HASH = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)
SHOP = "demo"
CUSTOMERS = 40
_AT = re.compile(r"The console is at (http://127\.0\.0\.1:(\d+))")


@dataclass
class Console:
    """A running console, and what it is the console of.

    Attributes:
        project: Its folder and environment; commands can be run there beside it.
        store: The Cratejoy that it reads.
        shop: The Shopify that it writes to.
        url: Where a browser finds it; the same after `restart`.
    """

    project: Project
    store: Store
    shop: Shop
    url: str = ""
    _process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> Path:
        return self.project.folder / "console.log"

    def said(self) -> str:
        return self.log.read_text()

    def start(self, **variables: str) -> None:
        port = self.url.rpartition(":")[2] or "0"
        with self.log.open("a") as errors:
            self._process = subprocess.Popen(
                [str(BIN / "console")],
                cwd=self.project.folder, env={**self.project.environment, "CONSOLE_PORT": port, **variables},
                text=True, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = _AT.match(line)
        assert found, f"{line}{self.said()}"
        self.url = found.group(1)

    def stop(self) -> int:
        """End it as Ctrl-C or systemd would; return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def restart(self, **variables: str) -> None:
        assert self.stop() == 0
        self.start(**variables)


@contextmanager
def console(folder: Path, customers: int = CUSTOMERS, **variables: str) -> Iterator[Console]:
    """Start both sandboxes and a console; afterwards nothing of it runs, and no file and no log tells a secret."""
    project = folder / "project"
    project.mkdir()
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, project)
    (project / ".venv").symlink_to(ROOT / ".venv")
    ours = ("TAP_CRATEJOY", "TARGET_", "STAGING_", "MELTANO_", "CONSOLE_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with start_store(folder / "store", customers) as store, start_shop("--shop", SHOP, "--time-scale", "60") as shop:
        environment = {
            **kept,
            "TAP_CRATEJOY_API_URL": f"{store.url}/v1",
            "TAP_CRATEJOY_CLIENT_ID": "sandbox",
            "TAP_CRATEJOY_CLIENT_SECRET": SECRET,
            "TAP_CRATEJOY_REQUESTS_PER_SECOND": "0",
            "TARGET_SHOPIFY_API_URL": shop.url,
            "TARGET_SHOPIFY_SHOP": SHOP,
            "TARGET_SHOPIFY_ACCESS_TOKEN": SECRET_TOKEN,
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            "STAGING_IDLE_SECONDS": "1",
            "CONSOLE_PASSWORD_HASH": PASSWORD_HASH,
            "NO_COLOR": "1",
            **variables,
        }
        made = Console(Project(project, environment), store, shop)
        made.start()
        try:
            yield made
        finally:
            code = made.stop() if made._process else 0
            made.project.run("migration", "stop", "--force")
        assert code == 0
        for forbidden in ("Traceback", SECRET, SECRET_TOKEN, PASSWORD, PASSWORD_HASH):
            assert forbidden not in made.said()
        assert not E_MAIL.search(made.said()), made.said()
        assert made.project.leaks() == []
