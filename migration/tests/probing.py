"""Local platforms for the probe and the pilot, and the two ways to run them: as functions, and as the real command."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from cratejoy_migration.probe import (
    access_findings,
    answer_findings,
    asking,
    cratejoy,
    page_findings,
    question_findings,
    shop_findings,
    shopify,
)
from cratejoy_migration.probe.findings import Finding
from tap_cratejoy.client import CratejoyClient
from tap_cratejoy.tap import TapCratejoy
from target_shopify.client import ShopifyClient
from target_shopify.settings import Settings as TargetSettings
from target_shopify.target import TargetShopify

from .programs import run_here

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
SECRET, TOKEN = "planted-secret-8071", "shpat_planted-token-8072"
LOGGER = logging.getLogger("test-probing")
LOGGER.propagate = False
_PLAIN = {"NO_COLOR": "1", "COLUMNS": "120", "STAGING_IDLE_SECONDS": "1"}


@dataclass(frozen=True)
class Server:
    """A running sandbox of either platform."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self, **faults: Any) -> None:
        answer = requests.put(f"{self.url}/_sandbox/faults", json=faults, timeout=10)
        assert answer.status_code == 200, answer.text

    def no_faults(self) -> None:
        requests.delete(f"{self.url}/_sandbox/faults", timeout=10)
        requests.delete(f"{self.url}/_sandbox/stats", timeout=10)

    def stats(self) -> dict[str, Any]:
        return dict(requests.get(f"{self.url}/_sandbox/stats", timeout=10).json())

    def customers(self) -> list[dict[str, Any]]:
        text = requests.get(f"{self.url}/_sandbox/customers", timeout=60).text
        return [json.loads(line) for line in text.splitlines()]

    def add(self, *customers: dict[str, Any]) -> None:
        answer = requests.post(f"{self.url}/_sandbox/customers", json=list(customers), timeout=10)
        assert answer.status_code < 300, answer.text


@contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    command = [str(BIN / "sandbox"), *arguments, "--port", "0", "--exit-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield Server(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def local_cratejoy(data: Path, customers: int) -> Any:
    return serving(
        "cratejoy", "--customers", str(customers), "--seed", "5", "--today", "2026-06-30", "--data", str(data),
        "--client-secret", SECRET,
    )  # fmt: skip


def local_shopify(*options: str) -> Any:
    return serving("shopify", "--shop", "planted-shop", "--token", TOKEN, *options)


def tap_settings(url: str, **changes: Any) -> Any:
    config = {"client_id": "sandbox", "client_secret": SECRET, "api_url": f"{url}/v1", "requests_per_second": 0}
    return TapCratejoy(config={**config, "request_timeout": 10, **changes}).settings


def target_settings(url: str, **changes: Any) -> TargetSettings:
    config = {"shop": "planted-shop", "access_token": TOKEN, "api_url": url, "max_retries": 2}
    return TargetShopify(config={**config, **changes}).settings


def probe_cratejoy(url: str, **changes: Any) -> tuple[cratejoy.Answers, dict[str, Finding]]:
    """Ask a server everything; return the answers, and the findings by topic."""
    client = CratejoyClient(tap_settings(url, **changes), LOGGER)
    answers = cratejoy.ask(asking.Asker(client, lambda _: None))
    judged = [*page_findings.judge(answers), *question_findings.judge(answers), *answer_findings.judge(answers)]
    return answers, {one.topic: one for one in judged}


def probe_shopify(url: str, **changes: Any) -> dict[str, Finding]:
    """Ask a shop everything; return the findings by topic."""
    settings = target_settings(url, **changes)
    told = shopify.Inquiry(ShopifyClient(settings, LOGGER), settings, lambda _: None).ask()
    judged = [*access_findings.judge(told, settings), *shop_findings.judge(told, settings)]
    return {one.topic: one for one in judged}


@dataclass
class Project:
    """A private project folder, and the commands in it."""

    folder: Path

    def configure(self, *lines: str, cratejoy: Server | None = None, shop: Server | None = None) -> None:
        """Write `.env`."""
        if cratejoy:
            lines += (
                "TAP_CRATEJOY_CLIENT_ID=sandbox", f"TAP_CRATEJOY_CLIENT_SECRET={SECRET}",
                f"TAP_CRATEJOY_API_URL={cratejoy.url}/v1", "TAP_CRATEJOY_REQUESTS_PER_SECOND=50",
            )  # fmt: skip
        if shop:
            lines += (
                "TARGET_SHOPIFY_SHOP=planted-shop", f"TARGET_SHOPIFY_ACCESS_TOKEN={TOKEN}",
                f"TARGET_SHOPIFY_API_URL={shop.url}",
            )  # fmt: skip
        (self.folder / ".env").write_text("\n".join(lines) + "\n")

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "TARGET_"))}
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**kept, **_PLAIN, **variables},
        )  # fmt: skip

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        process = self.start(*command, **variables)
        said, _ = process.communicate(timeout=240)
        assert "Traceback" not in said, said
        return process.returncode, _unplanted(said)

    def run_here(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run `migration` in this process, for what needs none of its own; as `run` otherwise."""
        done = run_here(self.folder, *arguments, **{**_PLAIN, **variables})
        return done.returncode, _unplanted(done.output)


def _unplanted(said: str) -> str:
    for planted in (SECRET, TOKEN):
        assert planted not in said
    return said


def make_project(folder: Path) -> Project:
    folder.mkdir()
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return Project(folder)


Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(reply: Callable[[int, str], Reply]) -> Iterator[str]:
    """Serve answers that a function makes of the request's number and path; yield the URL."""
    numbers = iter(range(10**6))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            status, headers, body = reply(next(numbers), self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
