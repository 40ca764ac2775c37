"""A migration without Meltano, for verification and repair: staged rows, the real target, a local Shopify."""

from __future__ import annotations

import io
import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psycopg
import requests
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.statements import Scope
from cratejoy_migration.verify.certificate import Certificate
from cratejoy_migration.verify.verification import Telling, Verification
from target_shopify import cli as target_cli
from target_shopify.target import TargetShopify

BIN = Path(sys.executable).parent
TOKEN = "shpat_planted-secret-7301"
QUIET = Told(step=lambda *_: None, warning=lambda _: None)
MARKER = "Planted-Marker"
_MUTATIONS = {
    "tagsAdd": "mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { userErrors { message } } }",
    "tagsRemove": """mutation($id: ID!, $tags: [String!]!) {
        tagsRemove(id: $id, tags: $tags) { userErrors { message } } }""",
    "customerUpdate": "mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }",
    "customerDelete": """mutation($input: CustomerDeleteInput!) {
        customerDelete(input: $input) { userErrors { message } } }""",
    "addressDelete": """mutation($id: ID!, $address: ID!) {
        customerAddressDelete(customerId: $id, addressId: $address) { userErrors { message } } }""",
    "setDefault": """mutation($id: ID!, $address: ID!) {
        customerUpdateDefaultAddress(customerId: $id, addressId: $address) { userErrors { message } } }""",
    "metafieldsSet": """mutation($entries: [MetafieldsSetInput!]!) {
        metafieldsSet(metafields: $entries) { userErrors { message } } }""",
    "metafieldsDelete": """mutation($entries: [MetafieldIdentifierInput!]!) {
        metafieldsDelete(metafields: $entries) { userErrors { message } } }""",
    "orderDelete": "mutation($id: ID!) { orderDelete(orderId: $id) { userErrors { message } } }",
}


class Shop:
    """A local Shopify, and what people do in its admin."""

    def __init__(self, port: int | str) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def control(self, method: str, path: str, **body: Any) -> requests.Response:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", timeout=30, **body)
        assert answer.status_code < 300, answer.text
        return answer

    def does(self, name: str, **variables: Any) -> None:
        """Send a mutation as somebody in the admin."""
        answer = requests.post(
            f"{self.url}/admin/api/2026-07/graphql.json",
            json={"query": _MUTATIONS[name], "variables": variables},
            headers={"X-Shopify-Access-Token": TOKEN},
            timeout=30,
        ).json()
        assert "errors" not in answer, answer
        [payload] = answer["data"].values()
        assert not payload.get("userErrors"), payload

    def customer(self, number: int) -> dict[str, Any]:
        """Return the customer with a Cratejoy id."""
        [found] = [one for one in self.customers() if f"cj-id-{number}" in one["tags"]]
        return found

    def customers(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.control("GET", "customers").text.splitlines()]

    def orders(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.control("GET", "orders").text.splitlines()]

    def add(self, **fields: Any) -> str:
        return str(self.control("POST", "customers", json=[fields]).json()["ids"][0])


@contextmanager
def local_shop(*options: str) -> Iterator[Shop]:
    command = [BIN / "sandbox", "shopify", "--shop", "demo", "--token", TOKEN, "--port", "0", "--exit-with-parent",
               "--time-scale", "100", *options]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Shop(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Migration:
    """Phase 2 of one staging database into one shop."""

    def __init__(self, url: str, shop: Shop, reports: Path) -> None:
        self.url = url
        self.shop = shop
        self.reports = reports
        self.settings: dict[str, Any] = {}

    def config(self, **changes: Any) -> dict[str, Any]:
        fixed = {"shop": "demo", "access_token": TOKEN, "api_url": self.shop.url, "lane": "direct"}
        return {**fixed, "report_dir": str(self.reports), **self.settings, **changes}

    def load(self) -> None:
        """Carry what still has to go."""
        build(self.url, QUIET)
        self.send()

    def send(self, **changes: Any) -> None:
        """Carry the documents that were built."""
        with psycopg.connect(self.url) as connection:
            connection.execute("set timezone = 'UTC'")
            rows = connection.execute(
                "select row_to_json(d) from migration.customer_documents d order by group_first_id, id"
            )
            records = [row[0] for row in rows]
        stream = "migration-customer_documents"
        messages = [{"type": "SCHEMA", "stream": stream, "schema": {"type": "object", "properties": {}},
                     "key_properties": ["id"]}]  # fmt: skip
        messages += [{"type": "RECORD", "stream": stream, "record": record} for record in records]
        with tempfile.TemporaryDirectory() as folder:
            config, lines = Path(folder) / "config.json", Path(folder) / "input.jsonl"
            config.write_text(json.dumps(self.config(ledger_url=self.url, **changes)))
            lines.write_text("".join(json.dumps(message) + "\n" for message in messages))
            status, said = _target("--config", str(config), "--input", str(lines))
        assert status == 0, said

    def verify(self, samples: int = 5, **changes: Any) -> Certificate:
        settings = TargetShopify(config=self.config(**changes)).settings
        return Verification(self.url, settings, "run-1", Telling(lambda *_: None)).run(samples)

    def run_meltano(self, _project: Path, *arguments: str, variables: dict[str, str] | None = None) -> int:
        """Take the place of Meltano where a repair sends its documents."""
        assert arguments == ("run", "tap-postgres", "target-shopify")
        self.send(repair=(variables or {})["TARGET_SHOPIFY_REPAIR"])
        return 0


def everything() -> Scope:
    return Scope(everything=True)


def _target(*arguments: str) -> tuple[int, str]:
    said = io.StringIO()
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            return target_cli.run(arguments), said.getvalue()
    finally:
        root.handlers, root.level = handlers, level
        for number, was in signals.items():
            signal.signal(number, was)


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """Return a staged customer with two addresses."""
    return {
        "id": number, "email": f"c{number}@example.com", "first_name": f"{MARKER} {number}", "num_orders": 1,
        "addresses": [address(number, 1), address(number, 2)], **changes,
    }  # fmt: skip


def address(number: int, place: int) -> dict[str, Any]:
    return {
        "id": number * 10 + place, "to": f"{MARKER} {number}", "street": f"{place} Example Street", "city": "Portland",
        "state": "OR", "zip_code": "97201", "country": "US", "phone_number": f"503 20{number % 10} 0{place:03d}",
    }  # fmt: skip


def subscription(number: int) -> dict[str, Any]:
    return {"id": 7000 + number, "customer_id": number, "status": "active", "start_date": "2025-08-15T14:02:11Z"}


def order(number: int, place: int = 1) -> dict[str, Any]:
    return {"id": 5000 + number * 10 + place, "customer_id": number, "total": 4499, "placed_at": "2026-02-15T06:01:44Z"}
