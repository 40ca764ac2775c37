"""A local shop, documents to carry, and runs of the target, in this process or in one that can be killed."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from singer_sdk import metrics
from target_shopify import cli
from target_shopify.settings import Settings, from_config
from target_shopify.target import TargetShopify

BIN = Path(sys.executable).parent
TOKEN = "shpat_planted-secret-7093"
SCHEMA = {"type": "object", "properties": {"id": {"type": ["integer", "null"]}}}


@dataclass
class LocalShop:
    """A running sandbox."""

    port: int
    process: subprocess.Popen[bytes]
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self, **faults: Any) -> None:
        answer = self.session.put(f"{self.url}/_sandbox/faults", json=faults, timeout=10)
        assert answer.status_code == 200, answer.text

    def no_faults(self) -> None:
        self.session.delete(f"{self.url}/_sandbox/faults", timeout=10)

    def reset(self) -> None:
        """Make it a new shop."""
        self.session.post(f"{self.url}/_sandbox/reset", timeout=30).raise_for_status()

    def stats(self) -> dict[str, Any]:
        return dict(self.session.get(f"{self.url}/_sandbox/stats", timeout=10).json())

    def calls(self) -> dict[str, int]:
        return dict(self.stats()["calls"])

    def writes(self) -> int:
        """Return how many mutations of customers, metafields, tags or orders were called so far."""
        reads = ("customer", "customerByIdentifier", "customersCount", "shop", "currentAppInstallation")
        return sum(
            count
            for name, count in self.calls().items()
            if name.startswith(("customer", "tags", "metafields", "order"))
            and name not in (*reads, "orderByIdentifier")
        )

    def customers(self) -> list[dict[str, Any]]:
        return self._lines("customers")

    def orders(self) -> list[dict[str, Any]]:
        return self._lines("orders")

    def add_customer(self, **fields: Any) -> str:
        """Make a customer of the merchant's own; return its GID."""
        answer = self.session.post(f"{self.url}/_sandbox/customers", json=[fields], timeout=10)
        assert answer.status_code < 300, answer.text
        return str(answer.json()["ids"][0])

    def _lines(self, what: str) -> list[dict[str, Any]]:
        text = self.session.get(f"{self.url}/_sandbox/{what}", timeout=60).text
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def local_shop(*options: str, time_scale: float = 50, token: str = TOKEN) -> Iterator[LocalShop]:
    """Run a shop for a while."""
    command = [
        BIN / "sandbox", "shopify", "--port", "0", "--shop", "demo", "--token", token,
        "--time-scale", str(time_scale), "--exit-with-parent", *options,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield LocalShop(json.loads(process.stdout.readline())["port"], process)
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Told:
    """How a run ended and what it said."""

    status: int
    states: list[Any]
    stderr: str
    stdout: str = ""


@dataclass
class Runner:
    """Runs the target against a shop."""

    shop: LocalShop
    config: dict[str, Any] = field(default_factory=dict)

    def settings(self, **changes: Any) -> dict[str, Any]:
        fixed = {"shop": "demo", "access_token": TOKEN, "api_url": self.shop.url, "lane": "direct"}
        return {**fixed, **self.config, **changes}

    def run(self, documents: Sequence[Mapping[str, Any]], **changes: Any) -> Told:
        """Run to the end in this process."""
        return self.run_text(singer(documents), **changes)

    def run_text(self, text: str, **changes: Any) -> Told:
        """Run to the end in this process on messages as they are."""
        folder = Path(tempfile.mkdtemp())
        (folder / "config.json").write_text(json.dumps(self.settings(**changes)))
        (folder / "input.jsonl").write_text(text)
        return command_line("--config", str(folder / "config.json"), "--input", str(folder / "input.jsonl"))

    def start(self, documents: Sequence[Mapping[str, Any]], **changes: Any) -> subprocess.Popen[str]:
        """Start a run; its input is all there."""
        folder = Path(tempfile.mkdtemp())
        config = folder / "config.json"
        config.write_text(json.dumps(self.settings(**changes)))
        lines = folder / "input.jsonl"
        lines.write_text(singer(documents))
        with lines.open() as file:
            return subprocess.Popen(
                [BIN / "target-shopify", "--config", config], stdin=file, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip


def command_line(*arguments: str) -> Told:
    """Call the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    filtered = (TargetShopify.logger, metrics.get_metrics_logger())
    filters = [logger.filters[:] for logger in filtered]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.run(arguments)
    finally:
        root.handlers, root.level = handlers, level
        for logger, had in zip(filtered, filters, strict=True):
            logger.filters = had  # each run adds its own
        for number, was in signals.items():
            signal.signal(number, was)
    return told(status, out.getvalue(), err.getvalue())


def checked(**changes: Any) -> Settings:
    """Return checked settings, with defaults where nothing is said."""
    defaults = {
        name: spec["default"] for name, spec in TargetShopify.config_jsonschema["properties"].items()
        if "default" in spec
    }  # fmt: skip
    return from_config({**defaults, "shop": "demo", "access_token": TOKEN, **changes})


def eventually(holds: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something holds; return what it returned."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not happen within {seconds} seconds")


def told(status: int, out: str, err: str) -> Told:
    assert TOKEN not in out + err
    assert "Traceback" not in err, err
    assert "@example.com" not in err, err
    states = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return Told(status, states, err, out)


def singer(documents: Sequence[Mapping[str, Any]], stream: str = "customers", every: int = 10) -> str:
    """Return documents as Singer messages, with a STATE now and then."""
    lines = [json.dumps({"type": "SCHEMA", "stream": stream, "schema": SCHEMA, "key_properties": ["id"]})]
    for number, document in enumerate(documents, start=1):
        lines.append(json.dumps({"type": "RECORD", "stream": stream, "record": document}))
        if number % every == 0 or number == len(documents):
            lines.append(json.dumps({"type": "STATE", "value": {"read": number}}))
    return "\n".join(lines) + "\n"


def kill(process: subprocess.Popen[str], signum: int = signal.SIGKILL) -> None:
    """End a run's process as an accident would."""
    os.killpg(process.pid, signum)


def customer(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a document with an address, a subscription and two orders."""
    identity = 7_101_000_000 + number
    phone = f"503{2_000_000 + number:07d}"
    address = {
        "id": identity * 10, "to": f"Ada Marsh{number}", "street": f"{number} Example Street", "unit": "",
        "city": "Portland",
        "state": "OR", "zip_code": "97201", "country": "US", "phone_number": phone, "company": "",
    }  # fmt: skip
    return {
        "id": identity, "email": f"c{number}@example.com", "first_name": "Ada", "last_name": f"Marsh{number}",
        "name": f"Ada Marsh{number}", "num_orders": 2, "num_subscriptions": 1, "total_revenue": 8998,
        "subscription_status": "active", "note": None, "country": "US",
        "addresses": [address], "subscriptions": [subscription(number)], "orders": [order(number, 2), order(number, 1)],
        **changes,
    }  # fmt: skip


def subscription(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": 7_301_000_000 + number, "status": "active", "start_date": "2025-08-15T14:02:11Z",
        "end_date": "2026-11-15T00:00:00Z", "skipped_date": None, "autorenew": True, "billing_name": "Monthly",
        "is_test": False, "note": "", "product": {"id": 5, "name": "Tea Box", "sku": "TEA"},
        "product_instance": {"id": 6, "price": 3999, "sku": "TEA-GREEN"}, "term": {"name": "Month to Month"}, **changes,
    }  # fmt: skip


def order(number: int, month: int, **changes: Any) -> dict[str, Any]:
    line = {"price": 3999, "quantity": 1, "instance": {"sku": "TEA-GREEN", "product": {"name": "Tea Box"}}}
    return {
        "id": 7_501_000_000 + number * 100 + month, "placed_at": f"2026-{month:02d}-15T06:01:44Z", "status": "closed",
        "financial_status": "paid", "fulfillment_status": "fulfilled", "is_renewal": True, "is_gift": False,
        "is_test": False, "sub_total": 3999, "total_shipping": 500, "total_tax": 0, "total": 4499, "refunded_amount": 0,
        "products": [line], **changes,
    }  # fmt: skip


def metafields(one: Mapping[str, Any]) -> dict[str, str]:
    """Return a dumped customer's metafields of our namespace."""
    found = one["metafields"]
    if isinstance(found, dict):
        return {key.removeprefix("cratejoy."): value for key, value in found.items()}
    return {entry["key"]: entry["value"] for entry in found if entry["namespace"] == "cratejoy"}
