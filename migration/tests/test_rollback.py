"""A migration and its rollback on a local Shopify: the shop is as it was before."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import psycopg
import pytest
import requests
from click.testing import CliRunner
from cratejoy_migration import cli, ledger_lock, plugins
from cratejoy_migration.console.views import undo
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import recorded
from cratejoy_migration.rollback import definitions as definitions_module
from cratejoy_migration.rollback import rollback as rollback_module
from cratejoy_migration.rollback.rollback import Rollback
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
    monkeypatch.setattr(definitions_module, "PAUSES_SECONDS", (0.0, 0.1))
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
    return shop.add(
        {"email": "C1@example.com", "firstName": "Ada", "lastName": "Own", "phone": "+15035550101", "tags": ["vip"],
         "note": "calls on\r\nMondays ", "addresses": [STREET, SECOND], "metafields": [foreign, ours],
         "emailMarketingConsent": consent},
        {"email": "c2@example.com"},
        {"email": "c3@example.com", "lastName": "Only", "tags": ["cj-vip", "CJ-Test"], "addresses": [STREET],
         "metafields": [ours]},
        {"email": "c4@example.com", "firstName": "Dee", "orders": 2, "note": "likes green tea"},
        {"email": "nobody@example.com", "firstName": "No", "tags": ["vip"], "metafields": [foreign, ours]},
    )  # fmt: skip


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


@pytest.mark.parametrize("orders", ["history", "create"])
def test_what_replace_took_away_comes_back(orders, shop, migrate, command):
    """Only the ids of addresses that replace removed are new, and these come last."""
    merchants_shop(shop)
    before = shop.picture()
    documents = [document(number) for number in range(1, 5)]
    migrate(*documents, orders=orders, update_policy="replace")
    migrate(*({**one, "last_name": "Reed"} for one in documents), orders=orders, update_policy="replace")

    command("--confirm", "demo")

    assert without_address_ids(shop.picture()) == without_address_ids(before)


def without_address_ids(picture):
    customers = []
    for one in picture["customers"]:
        addresses = [{key: value for key, value in address.items() if key != "id"} for address in one["addresses"]]
        [default] = [a["address1"] for a in one["addresses"] if a["id"] == one["default_address"]] or [None]
        addresses.sort(key=lambda address: address["address1"])
        customers.append({**one, "addresses": addresses, "default_address": default})
    return {**picture, "customers": customers}


def test_the_plan_changes_nothing_and_says_how_to_go_on(shop, migrate, command, query):
    merchants_shop(shop)
    migrate(*(document(number) for number in range(1, 8)), orders="create")
    before, calls = shop.picture(), shop.calls()

    said = command()

    assert shop.picture() == before
    assert not any(name.endswith("Delete") for name in shop.calls().keys() - calls.keys())
    assert len(table(query, "ledger")) == 7
    for words in ("orders we made", "14", "customers we made", "3", "customers adopted", "4", "--confirm demo"):
        assert words in said
    assert command("--plan", "--confirm", "demo").splitlines()[:6] == said.splitlines()[:6]


def shown(url):
    """Return what the console shows of the last rollback."""
    with psycopg.connect(url, autocommit=True) as connection:
        return undo.read(connection)


def test_a_plan_is_good_for_confirming_until_customers_are_written(shop, migrate, command, url):
    migrate(document(1))
    command()
    plan = shown(url)
    assert (plan.is_plan, plan.holds) == (True, True)
    assert ("customer", "delete", "planned", "", 1) in plan.counts
    with recorded(url, "send"):
        pass
    assert (shown(url).outdated, shown(url).holds) == (True, False)


def test_a_plan_that_was_not_made_to_its_end_is_none(shop, migrate, command, url, monkeypatch):
    def ended(_self):
        raise OperatorError("The shop is away.")

    migrate(document(1))
    monkeypatch.setattr(Rollback, "look", ended)
    command(status=1)
    assert (shown(url).is_plan, shown(url).whole, shown(url).holds) == (True, False, False)


def test_looking_again_after_a_rollback_leaves_it_the_last_one(shop, migrate, command, query, url):
    migrate(document(1))
    command("--confirm", "demo")
    before = shown(url)
    assert before.ended_at is not None
    assert command().strip() == "Nothing is left to roll back."
    assert shown(url) == before
    assert query("select count(*) from migration.rollbacks") == [(1,)]
    migrate(document(9))


@pytest.mark.parametrize("changed", [{"tag_prefix": "zz-"}, {"metafield_namespace": "other"}])
@pytest.mark.parametrize("begun", [False, True])
def test_other_marks_than_those_that_were_written_are_refused(begun, changed, shop, migrate, command, settings, query):
    """Our tags and metafields would stay on adopted customers, and the look back would not see them."""
    merchants_shop(shop)
    migrate(document(1), document(9))
    if begun:
        command()
        query("update migration.rollbacks set began_at = now()")
        query("delete from migration.ledger")
    before = shop.picture()
    settings.update(changed)

    said = command("--confirm", "demo", status=1)

    assert said == (
        "Error: What this ledger has carried bears the namespace cratejoy and the tag prefix cj-, but the settings say "
        f"{changed.get('metafield_namespace', 'cratejoy')} and {changed.get('tag_prefix', 'cj-')}: set "
        "metafield_namespace and tag_prefix back. Nothing was done.\n"
    )
    assert shop.picture() == before


def test_a_merchants_customer_that_ours_was_merged_into_stays(shop, migrate, command):
    """Shopify hands our id and bookkeeping on to it, which say that we made it."""
    migrate(document(1), document(2))
    [own] = shop.add({"email": "own@example.com", "firstName": "Own", "tags": ["vip"]})
    [ours] = [one["id"] for one in shop.lines("customers") if one["email"] == "c1@example.com"]
    merge = """mutation($one: ID!, $two: ID!) { customerMerge(customerOneId: $one, customerTwoId: $two) {
        resultingCustomerId userErrors { message } } }"""
    assert shop.gql(merge, one=ours, two=own)["resultingCustomerId"] == own
    migrate(document(1, note="likes black tea"), document(2))

    command("--confirm", "demo")

    [left] = shop.lines("customers")
    assert (left["id"], left["tags"], left["metafields"]) == (own, ["vip"], [])


def test_another_shops_name_is_refused(shop, migrate, command):
    migrate(document(1))
    before = shop.picture()

    said = command("--confirm", "other-shop", status=1)

    assert "nothing was done" in said
    assert shop.picture() == before


def test_without_a_migration_there_is_nothing_to_undo(shop, command):
    assert "nothing to roll back" in command("--confirm", "demo", status=1)


def test_a_second_rollback_finds_nothing(shop, migrate, command):
    migrate(document(1))
    command("--confirm", "demo")

    assert command("--confirm", "demo").strip() == "Nothing is left to roll back."


def test_a_rolled_back_shop_can_be_filled_again(shop, migrate, command):
    merchants_shop(shop)
    before = shop.picture()
    documents = [document(number) for number in range(1, 8)]
    for _ in range(2):
        migrate(*documents, orders="create")
        assert len(shop.lines("orders")) == 14
        command("--confirm", "demo")
        assert shop.picture() == before


@pytest.mark.parametrize("orders", ["history", "create"])
def test_a_customer_who_bought_since_stays_without_our_traces(orders, shop, migrate, command, query, tmp_path):
    migrate(*(document(number) for number in range(1, 4)), orders=orders)
    buyer = next(one["id"] for one in shop.lines("customers") if one["email"] == "c2@example.com")
    bought = buy(shop, buyer)

    said = command("--confirm", "demo")

    assert "own orders" in said
    [kept] = shop.lines("customers")
    assert (kept["id"], kept["tags"], kept["metafields"]) == (buyer, [], [])
    assert (kept["firstName"], kept["lastName"], kept["note"]) == ("Ada", "Marsh2", "likes green tea")
    assert [one["id"] for one in shop.lines("orders")] == [bought]
    assert buyer in (tmp_path / "reports" / "rollback.csv").read_text()
    assert table(query, "ledger") == []


def test_a_customer_who_buys_in_the_middle_of_a_rollback_stays(shop, migrate, command, monkeypatch):
    migrate(*(document(number) for number in range(1, 4)), orders="create")
    buyer = next(one["id"] for one in shop.lines("customers") if one["email"] == "c2@example.com")
    carry_out = rollback_module.Rollback.carry_out

    def late(self):
        buy(shop, buyer)
        carry_out(self)

    monkeypatch.setattr(rollback_module.Rollback, "carry_out", late)
    command("--confirm", "demo")

    assert [one["id"] for one in shop.lines("customers")] == [buyer]
    assert len(shop.lines("orders")) == 1


def test_what_the_merchant_changed_since_stays_and_is_listed(shop, migrate, command, tmp_path):
    adopted = shop.add({"email": "c1@example.com", "tags": ["vip"], "addresses": [STREET]})[0]
    migrate(document(1))
    change = """mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }"""
    shop.gql(change, input={"id": adopted, "lastName": "Married", "tags": ["vip", "loyal", "cj-migrated"]})
    text = """mutation($id: ID!, $address: MailingAddressInput!) {
        customerAddressCreate(customerId: $id, address: $address) { userErrors { message } } }"""
    shop.gql(text, id=adopted, address={**SECOND, "lastName": "Married"})

    said = command("--confirm", "demo")

    [one] = shop.lines("customers")
    assert (one["firstName"], one["lastName"], one["note"], one["phone"]) == (None, "Married", None, None)
    assert one["tags"] == ["loyal", "vip"]
    assert [address["address1"] for address in one["addresses"]] == ["9 Old Lane", "4 Hill Road"]
    assert one["metafields"] == []
    assert "addresses 1, lastName 1, tags 1" in said
    assert "lastName" in (tmp_path / "reports" / "rollback.csv").read_text()


def test_a_definition_under_which_others_wrote_stays(shop, migrate, command):
    [other] = shop.add({"email": "other@example.com"})
    migrate(document(1))
    text = """mutation($fields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $fields) {
        userErrors { message } } }"""
    shop.gql(text, fields=[{"ownerId": other, "namespace": "cratejoy", "key": "order_count",
                            "type": "number_integer", "value": "3"}])  # fmt: skip

    said = command("--confirm", "demo")

    assert [one["key"] for one in shop.definitions()[0]] == ["order_count"]
    assert "used by others" in said
    [left] = shop.lines("customers")
    assert left["metafields"][0]["value"] == "3"


def test_what_is_not_in_the_ledger_is_left_alone_and_told(shop, migrate, command, query):
    migrate(document(1), document(2))
    query("delete from migration.ledger where document_key = '7101000001'")

    said = command("--confirm", "demo")

    assert [one["email"] for one in shop.lines("customers")] == ["c1@example.com"]
    assert "not of this ledger, so left alone: 1" in said


def test_customers_and_orders_that_a_killed_run_did_not_record_go_too(shop, migrate, command, query):
    merchants_shop(shop)
    before = shop.picture()
    migrate(*(document(number) for number in range(1, 8)), orders="create")
    query("update migration.ledger set status = 'unknown', shopify_id = null, origin = null")
    query("delete from migration.shop_objects where kind = 'order'")

    command("--confirm", "demo")

    assert shop.picture() == before


def test_missing_rights_are_told_before_anything_is_done(shop, migrate, command, settings):
    migrate(document(1), orders="create")
    before = shop.picture()
    command_line = [BIN / "sandbox", "shopify", "--port", "0", "--shop", "demo", "--token", TOKEN, "--scopes",
                    "write_customers", "--exit-with-parent"]  # fmt: skip
    with subprocess.Popen(command_line, stdout=subprocess.PIPE) as process:
        settings["api_url"] = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        said = command("--confirm", "demo", status=1)
        process.terminate()

    assert "read_orders, write_orders" in said
    assert shop.picture() == before


def test_no_migration_starts_while_a_rollback_is_half_done(shop, migrate, command, query):
    migrate(document(1))
    shop.fault(status={"operation": "customerDelete", "status": 402})
    command("--confirm", "demo", status=1)

    assert "rollback of demo.myshopify.com has begun" in migrate(document(2), status=1)

    shop.no_faults()
    command("--confirm", "demo")
    assert shop.lines("customers") == []
    migrate(document(2))


def test_a_half_done_rollback_is_shown_without_a_count_of_its_rows(shop, migrate, command, query, url, monkeypatch):
    migrate(*(document(number) for number in range(1, 4)), orders="create")
    shop.fault(status={"operation": "customerDelete", "status": 402})
    command("--confirm", "demo", status=1)
    monkeypatch.setattr(undo, "COUNTS", "select no such thing")  # of millions of rows it takes seconds

    found = shown(url)
    counted = query(
        "select kind, action, state, coalesce(reason, ''), count(*) from migration.rollback group by 1, 2, 3, 4"
    )
    assert (found.began_at is not None, found.ended_at) == (True, None)
    assert sorted(found.counts) == sorted(counted)
    assert {state for kind, _, state, _, _ in counted if kind == "order"} == {"done"}


def test_one_at_a_time(shop, migrate, command, url, monkeypatch):
    monkeypatch.setattr(ledger_lock, "PATIENCE_SECONDS", 0.2)
    migrate(document(1))
    with psycopg.connect(url) as connection:
        connection.execute("select pg_advisory_lock(hashtext('target-shopify ledger'))")
        assert "wait for its end" in command("--confirm", "demo", status=1)
    assert len(shop.lines("customers")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"lost_answer": {"chance": 0.2, "seed": 3}},
        {"status": {"status": 502, "chance": 0.2, "when": "after", "seed": 4}},
        {"bulk_fails": {"lines": 3, "times": 2}},
    ],
    ids=["lost answers", "502 after the fact", "bulk fails"],
)
@pytest.mark.parametrize("lane", ["direct", "bulk"])
def test_faults_do_not_show(lane, fault, shop, migrate, command, settings, monkeypatch):
    monkeypatch.setattr("target_shopify.client.random.uniform", lambda *_: 0.02)
    merchants_shop(shop)
    before = shop.picture()
    migrate(*(document(number) for number in range(1, 10)), orders="create")
    settings["lane"] = lane
    shop.fault(**fault)

    command("--confirm", "demo")

    shop.no_faults()
    assert shop.picture() == before


DRIVER = """
import json, sys
from cratejoy_migration import cli, plugins
from cratejoy_migration.rollback import rollback
from target_shopify.settings import from_config
rollback._PAUSES = (0.1, 0.2)
config = json.loads(sys.argv[1])
plugins.target_settings = lambda *_, **changes: from_config({**config, **changes})
cli.main(["rollback", "--confirm", "demo"])
"""


@pytest.mark.parametrize("lane", ["direct", "bulk"])
def test_killed_at_any_moment_it_goes_on(lane, shop, migrate, settings, url, query, monkeypatch):
    """Every kill comes a little later than the one before, so that all parts of a rollback meet one."""
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    merchants_shop(shop)
    before = shop.picture()
    migrate(*(document(number) for number in range(1, 31)), orders="create", concurrency=8)
    defaults = {name: spec["default"] for name, spec in TargetShopify.config_jsonschema["properties"].items()
                if "default" in spec}  # fmt: skip
    config = {**defaults, **settings, "lane": lane, "concurrency": 2}
    shop.fault(latency={"seconds": 0.01})
    kills = 0
    for patience in (1.2, 1.6, 2.1, 2.8, 120):
        process = subprocess.Popen([sys.executable, "-c", DRIVER, json.dumps(config)], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)  # fmt: skip
        try:
            said, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, said
        break
    shop.no_faults()

    assert kills > 0
    assert shop.picture() == before
    assert table(query, "ledger") == table(query, "before_images") == table(query, "shop_objects") == []
