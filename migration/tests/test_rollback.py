"""A migration and its rollback on a local Shopify: the shop is as it was before."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import psycopg
import pytest
import requests
from click.testing import CliRunner
from cratejoy_migration import cli, plugins
from cratejoy_migration.rollback import rollback as rollback_module
from target_shopify import cli as target_cli
from target_shopify.settings import from_config
from target_shopify.target import TargetShopify

BIN = Path(sys.executable).parent
TOKEN = "shpat_planted-secret-7201"
STREET = {"address1": "9 Old Lane", "city": "Salem", "countryCode": "US", "provinceCode": "OR", "zip": "97301"}
SECOND = {"firstName": "Bo", "address1": "4 Hill Road", "city": "Toronto", "countryCode": "CA", "provinceCode": "ON"}
SHIP_TO = {"to": "Grace Hill", "street": "77 Sample Road", "city": "Salem", "state": "OR", "zip_code": "97301",
           "country": "US"}  # fmt: skip
TEXT = "single_line_text_field"


class Shop:
    """A local Shopify."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def control(self, method, path, **body):
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", timeout=30, **body)
        assert answer.status_code < 300, answer.text
        return answer

    def gql(self, text, **variables):
        answer = requests.post(
            f"{self.url}/admin/api/2026-07/graphql.json", json={"query": text, "variables": variables},
            headers={"X-Shopify-Access-Token": TOKEN}, timeout=30,
        ).json()  # fmt: skip
        assert "errors" not in answer, answer
        [payload] = answer["data"].values()
        assert not (payload or {}).get("userErrors"), payload
        return payload

    def add(self, *customers):
        return self.control("POST", "customers", json=list(customers)).json()["ids"]

    def fault(self, **faults):
        self.control("PUT", "faults", json=faults)

    def no_faults(self):
        self.control("DELETE", "faults")

    def calls(self):
        return self.control("GET", "stats").json()["calls"]

    def mails(self):
        return self.control("GET", "stats").json()["mails"]

    def lines(self, what):
        return [json.loads(line) for line in self.control("GET", what).text.splitlines()]

    def definitions(self):
        text = """query($owner: MetafieldOwnerType!) { metafieldDefinitions(first: 100, ownerType: $owner) {
            nodes { id namespace key name type { name } pinnedPosition } } }"""
        return [self.gql(text, owner=owner)["nodes"] for owner in ("CUSTOMER", "ORDER")]

    def picture(self):
        """Return all that the merchant would see changed; when a row was touched last is not that."""
        customers = [{key: one[key] for key in one if key != "updatedAt"} for one in self.lines("customers")]
        return {"customers": customers, "orders": self.lines("orders"), "definitions": self.definitions()}


@pytest.fixture(scope="module")
def shop_server():
    command = [BIN / "sandbox", "shopify", "--port", "0", "--shop", "demo", "--token", TOKEN, "--time-scale", "50",
               "--exit-with-parent"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        yield Shop(json.loads(process.stdout.readline())["port"])
        process.terminate()


@pytest.fixture
def shop(shop_server):
    shop_server.control("POST", "reset")
    return shop_server


@pytest.fixture
def settings(shop, tmp_path, monkeypatch):
    """Return the target's settings as Meltano would tell them; a test may change them."""
    found = {"shop": "demo", "access_token": TOKEN, "api_url": shop.url, "lane": "direct",
             "report_dir": str(tmp_path / "reports")}  # fmt: skip
    defaults = {name: spec["default"] for name, spec in TargetShopify.config_jsonschema["properties"].items()
                if "default" in spec}  # fmt: skip
    monkeypatch.setattr(plugins, "target_settings", lambda *_, **changes: from_config({**defaults, **found, **changes}))
    monkeypatch.setattr(rollback_module, "_PAUSES", (0.1, 0.2))
    return found


@pytest.fixture
def migrate(settings, url, tmp_path):
    """Return a function that carries documents into the shop."""

    def run(*documents, status=0, **changes):
        config = tmp_path / "config.json"
        config.write_text(json.dumps({**settings, "ledger_url": url, **changes}))
        lines = [{"type": "SCHEMA", "stream": "customers", "schema": {"type": "object", "properties": {
            "id": {"type": "integer"}}}, "key_properties": ["id"]}]  # fmt: skip
        lines += [{"type": "RECORD", "stream": "customers", "record": one} for one in documents]
        messages = tmp_path / "input.jsonl"
        messages.write_text("".join(json.dumps(line) + "\n" for line in lines))
        said = io.StringIO()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            ended = target_cli.run(["--config", str(config), "--input", str(messages)])
        for number, handler in before.items():
            signal.signal(number, handler)
        assert ended == status, said.getvalue()
        return said.getvalue()

    return run


@pytest.fixture
def command(settings, url, monkeypatch):
    """Return a function that runs `migration rollback` with these options; exit status and all it said."""
    monkeypatch.setenv("STAGING_DATABASE_URL", url)

    def run(*options, status=0):
        result = CliRunner().invoke(cli.main, ["rollback", *options])
        assert result.exit_code == status, result.output
        assert TOKEN not in result.output
        assert "@example.com" not in result.output
        return result.output

    return run


def document(number, **changes):
    """Return a Cratejoy customer with an address, a subscription and two orders that went elsewhere."""
    identity = 7_101_000_000 + number
    line = {"price": 3999, "quantity": 1, "instance": {"sku": "TEA", "product": {"name": "Tea Box"}}}
    orders = [
        {"id": 7_501_000_000 + number * 10 + month, "placed_at": f"2026-0{month}-15T06:01:44Z", "status": "closed",
         "financial_status": "paid", "fulfillment_status": "fulfilled", "sub_total": 3999, "total_shipping": 500,
         "total_tax": 0, "total": 4499, "refunded_amount": 0, "products": [line], "ship_address": SHIP_TO}
        for month in (1, 2)
    ]  # fmt: skip
    address = {"id": identity * 10, "to": f"Ada Marsh{number}", "street": f"{number} Example Street",
               "city": "Portland", "state": "OR", "zip_code": "97201", "country": "US",
               "phone_number": f"503{2_000_000 + number}"}  # fmt: skip
    subscription = {"id": 7_301_000_000 + number, "status": "active", "start_date": "2025-08-15T14:02:11Z"}
    return {
        "id": identity, "email": f"c{number}@example.com", "first_name": "Ada", "last_name": f"Marsh{number}",
        "num_orders": 2, "total_revenue": 8998, "subscription_status": "active", "note": "likes green tea",
        "country": "US", "addresses": [address], "subscriptions": [subscription], "orders": orders, **changes,
    }  # fmt: skip


def merchants_shop(shop):
    """Fill a shop with customers of the merchant's own; numbers 1 to 4 have the e-mails of documents."""
    foreign = {"namespace": "loyalty", "key": "level", "type": TEXT, "value": "gold"}
    ours = {"namespace": "cratejoy", "key": "source_email", "type": TEXT, "value": "theirs"}
    consent = {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN",
               "consentUpdatedAt": "2025-03-01T00:00:00Z"}  # fmt: skip
    ids = shop.add(
        {"email": "C1@example.com", "firstName": "Ada", "lastName": "Own", "phone": "+15035550101", "tags": ["vip"],
         "note": "calls on\r\nMondays ", "addresses": [STREET, SECOND], "metafields": [foreign, ours],
         "emailMarketingConsent": consent},
        {"email": "c2@example.com"},
        {"email": "c3@example.com", "lastName": "Only", "tags": ["cj-vip", "CJ-Test"], "addresses": [STREET],
         "metafields": [ours]},
        {"email": "c4@example.com", "firstName": "Dee", "orders": 2, "note": "likes green tea"},
        {"email": "nobody@example.com", "firstName": "No", "tags": ["vip"], "metafields": [foreign, ours]},
    )  # fmt: skip
    return ids


def buy(shop, customer):
    """Let a customer buy something in the shop; return the order."""
    text = """mutation($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
        order { id } userErrors { message } } }"""
    line = {"title": "Mug", "quantity": 1, "priceSet": {"shopMoney": {"amount": "12.00", "currencyCode": "USD"}}}
    return shop.gql(text, order={"lineItems": [line], "customerId": customer})["order"]["id"]


def table(query, name):
    return query(f"select to_jsonb(t) from migration.{name} t")


@pytest.mark.parametrize("orders", ["history", "create"])
@pytest.mark.parametrize("lane", ["direct", "bulk"])
def test_a_shop_is_exactly_as_before(lane, orders, shop, migrate, command, settings, query):
    merchants_shop(shop)
    before = shop.picture()
    settings["lane"] = lane
    migrate(*(document(number) for number in range(1, 13)), document(13, email="c12@example.com"), orders=orders)
    assert len(shop.lines("customers")) == 13

    said = command("--confirm", "demo")

    assert shop.picture() == before
    assert "Rolled back" in said
    assert shop.mails() == {"total": 0}
    for name in ("ledger", "before_images", "shop_objects"):
        assert table(query, name) == []
