"""What the pilot tries and measures, and that nothing of it stays in the shop."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cratejoy_migration.commands import pilot as command
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.pilot import loading, order_trials, record, speed, trials, workbench
from cratejoy_migration.pilot.loading import Operation, Place
from cratejoy_migration.pilot.workbench import Workbench
from cratejoy_migration.probe.findings import Finding, Verdict
from target_shopify.client import ShopifyClient
from target_shopify.errors import ShopRefused
from target_shopify.shop import make_ready

from .probing import LOGGER, Project, Server, local_shopify, make_project, target_settings

RIGHTS = frozenset({"read_orders", "write_orders"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr("target_shopify.client.random.uniform", lambda *_: 0.01)


@pytest.fixture(scope="module")
def _shop() -> Iterator[Server]:
    with local_shopify("--plan", "dev", "--time-scale", "50") as server:
        yield server


@pytest.fixture
def shop(_shop: Server) -> Server:
    import requests

    requests.post(f"{_shop.url}/_sandbox/reset", timeout=10)
    return _shop


def bench(shop: Server, **changes: Any) -> Workbench:
    settings = target_settings(shop.url, **changes)
    client = ShopifyClient(settings, LOGGER)
    make_ready(client, settings, LOGGER)
    return Workbench(client, settings)


def tried(shop: Server, **changes: Any) -> dict[str, Finding]:
    """Try everything; return the findings by topic, the pilot's customers removed."""
    settings = target_settings(shop.url, **changes)
    one = bench(shop, **changes)
    found = trials.on_customers(one, "USD") + order_trials.on_orders(one, settings, "USD", RIGHTS)
    one.clear()
    return {finding.topic: finding for finding in found}


def test_a_shop_as_the_reference_describes_it_agrees_with_it_and_keeps_nothing(shop: Server) -> None:
    found = tried(shop, orders="create")

    assert {topic for topic, one in found.items() if one.verdict in (Verdict.DIFFERS, Verdict.UNKNOWN)} == set()
    assert found["a second customer with the same id metafield"].found.startswith("refused: metafields.0.value: Value")
    assert found["a second customer with the same e-mail"].found == "refused: email: Email has already been taken"
    assert found["largest json value"].figures == {"accepted": [120000, 128000, 131072], "size_in_bytes": 131072}
    assert found["compareDigest"].found == "written; STALE_OBJECT; STALE_OBJECT"
    assert found["a second order with the same id metafield"].found.startswith("refused")
    assert found["customerDelete after the orders went"].figures["deleted"]
    assert shop.customers() == []
    assert shop.stats()["mails"]["total"] == 0


def test_no_finding_holds_an_e_mail_or_an_id(shop: Server) -> None:
    text = json.dumps([one.as_json() for one in tried(shop).values()])

    assert "@example" not in text.lower()
    assert "gid:" not in text


def test_an_app_without_a_right_to_orders_leaves_them_untried(shop: Server) -> None:
    settings = target_settings(shop.url)
    found = order_trials.on_orders(bench(shop), settings, "USD", frozenset({"write_customers"}))

    assert [(one.topic, one.found, one.verdict) for one in found] == [
        ("orders in the past", "the app has no right to orders", Verdict.UNKNOWN)
    ]
    assert shop.customers() == []


def test_a_search_that_lags_is_measured_and_one_that_never_finds_is_told(shop: Server) -> None:
    shop.fault(index_lag=50)
    assert tried(shop)["search by tag"].figures["seconds"] > 0.1

    shop.fault(index_lag=100000)
    one = bench(shop)
    one.lag_seconds = 0.2
    found = {finding.topic: finding for finding in trials.on_customers(one, "USD")}
    one.clear()
    assert found["search by tag"].verdict is Verdict.UNKNOWN


def test_answers_that_are_lost_make_no_false_findings(shop: Server) -> None:
    shop.fault(lost_answer={"operation": ["customerCreate", "tagsAdd", "metafieldsSet"], "every": 2})

    found = tried(shop)

    assert {topic for topic, one in found.items() if one.prevents} == set()
    assert found["customerCreate with tags and the id metafield"].verdict is Verdict.AGREES
    assert shop.customers() == []


def test_a_shop_that_makes_a_customer_twice_prevents_a_migration(shop: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    create = Workbench.create
    monkeypatch.setattr(Workbench, "create", lambda self, number, key: create(self, number, f"{key}-{number}"))
    monkeypatch.setattr(trials, "KEY", "cj-pilot-0")
    one = bench(shop)
    one.create(0, "cj-pilot")

    assert trials._twice(one).prevents
    assert one.clear() == 2


# Removing what was made


def test_what_a_killed_pilot_left_is_removed_with_its_orders(shop: Server) -> None:
    one = bench(shop)
    gid, _ = one.create(2, "cj-pilot-3")
    line = {"title": "Pilot", "quantity": 1, "priceSet": {"shopMoney": {"amount": "1.00", "currencyCode": "USD"}}}
    one.send("OrderCreate", {"order": {"customer": {"toAssociate": {"id": gid}}, "lineItems": [line]}})
    one.create(0, "cj-pilot")

    assert bench(shop).clear() == 2
    assert shop.customers() == []
    assert bench(shop).clear() == 0


def test_somebody_elses_customer_with_a_pilots_e_mail_is_left_alone(shop: Server) -> None:
    shop.add({"email": "cj-pilot-2@example.com", "tags": ["vip"]})

    with pytest.raises(OperatorError, match="it is not the pilot's"):
        bench(shop).clear()
    assert len(shop.customers()) == 1


def test_a_customer_that_cannot_be_deleted_is_told_and_not_waited_for_for_ever(shop: Server) -> None:
    one = bench(shop)
    one.create(0, "cj-pilot")
    one.removal_seconds = 0.1
    shop.fault(missing_scope={"scope": "write_customers", "operation": "customerDelete"})

    with pytest.raises(ShopRefused, match="lacks a right"):
        one.clear()
    shop.no_faults()
    assert one.clear() == 1


# Speed


def measures(**changes: Any) -> dict[str, Any]:
    return {
        "customers": 100, "seconds": 5.0, "customers_per_second": 20.0, "points_per_customer": 10.5, "throttled": 0,
        "outcomes": {"created": 100}, "lines": 100, "lines_per_second": 25.0, **changes,
    }  # fmt: skip


def test_a_full_bucket_at_the_start_is_no_lasting_speed() -> None:
    assert speed.lasting(measures(), 100) == 9.52
    assert speed.lasting(measures(customers_per_second=3.0), 100) == 3.0
    assert speed.lasting(measures(customers_per_second=None), 100) is None


@pytest.mark.parametrize(
    ("lines", "set_to", "advised"),
    [
        (25.0, "auto", []),
        (25.0, "direct", ["auto"]),
        (4.0, "auto", ["direct"]),
        (4.0, "direct", []),
        (None, "auto", []),
    ],
)
def test_a_lane_is_recommended_when_files_are_slower_than_single_calls(
    lines: float | None, set_to: str, advised: list[str]
) -> None:
    lanes = {"direct": measures(), "bulk": measures(lines_per_second=lines)}

    assert [one.value for one in speed.advice(lanes, 100, set_to)] == advised
    assert speed.advice({"direct": measures(customers=10), "bulk": measures(lines_per_second=lines)}, 100, "auto") == []


def test_speed_is_compared_with_what_was_assumed() -> None:
    slow = measures(customers_per_second=2.0, points_per_customer=40.0, throttled=3, outcomes={"refused": 4})
    found = {one.topic: one for one in speed.judge({"direct": slow, "bulk": measures()}, 100, [0.2, 3.0, 4.0])}

    assert found["direct lane"].verdict is Verdict.DIFFERS
    assert found["points a customer, direct lane"].verdict is Verdict.DIFFERS
    assert found["bulk lane"].found == "25.0 lines/s"
    assert found["THROTTLED"].found == "3 times"
    assert found["outcomes, direct lane"].verdict is Verdict.DIFFERS
    assert found["a write"].verdict is Verdict.DIFFERS


def test_five_orders_a_minute_are_no_measure_of_speed() -> None:
    limited = measures(customers_per_second=None, points_per_customer=260.0, with_orders=True)
    found = {one.topic: one for one in speed.judge({"direct": limited}, 100, [])}

    assert found["direct lane"].found == "not measured: a development store takes five orders a minute"
    assert found["direct lane"].verdict is Verdict.UNKNOWN
    assert found["points a customer, direct lane"].found == "260.0, orders included"


def test_operations_beside_each_other_share_their_time() -> None:
    began = datetime(2026, 11, 1, tzinfo=UTC)

    def ran(lines: int, start: float, end: float) -> Operation:
        return Operation(lines, began + timedelta(seconds=start), began + timedelta(seconds=end))

    assert loading.lines_a_second([ran(50, 0, 4), ran(50, 1, 5)]) == 20.0
    assert loading.lines_a_second([ran(50, 0, 0)]) == 50.0
    assert loading.lines_a_second([]) is None


# Who may be piloted


def place(url: str, connection: Any, shop: Server) -> Place:
    settings = target_settings(shop.url)
    return Place(Path(), url, connection, ShopifyClient(settings, LOGGER), settings)


def test_a_live_shop_is_refused_unless_it_is_named() -> None:
    with local_shopify() as live:
        settings = target_settings(live.url)
        client = ShopifyClient(settings, LOGGER)
        for named in (None, "other-shop"):
            with pytest.raises(OperatorError, match="no development store"):
                command._shop(client, settings, named)
        assert command._shop(client, settings, "planted-shop.myshopify.com")["currencyCode"] == "USD"
        assert set(live.stats()["calls"]) == {"shop"}


def test_a_ledger_with_other_customers_is_refused_unless_told(url: str, ledger: Any, shop: Server) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        work = command._Work(place(url, connection, shop), "USD", ("direct",))
        ledger((1, "created"))
        connection.execute("alter table migration.ledger add column created_at timestamptz not null default now()")

        with pytest.raises(OperatorError, match="add --beside-others"):
            work._check(None, then_rollback=False, beside_others=False)
        with pytest.raises(OperatorError, match="a rollback would undo them too"):
            work._check(None, then_rollback=True, beside_others=True)
        work._check(None, then_rollback=False, beside_others=True)


def test_what_a_killed_pilot_loaded_is_its_own(url: str, ledger: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        assert record.find(connection, "demo") is None
        ledger((1, "created"))
        connection.execute("alter table migration.ledger add column created_at timestamptz not null default now()")
        begun = record.begin(connection, "demo", 7)
        connection.execute(
            "insert into migration.ledger (document_key, status) values ('2', 'created'), ('3', 'unknown')"
        )

        again = record.find(connection, "demo")
        assert again == begun
        assert again.count_before == 7
        assert (record.others(connection, again), record.loaded(connection, again)) == (1, 1)
        record.end(connection, again)
        assert record.find(connection, "demo") is None
        assert record.others(connection, None) == 3


def test_two_pilots_do_not_work_at_once(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as first, psycopg.connect(url, autocommit=True) as second:
        record.lock(first)
        with pytest.raises(OperatorError, match="Another pilot"):
            record.lock(second)


# The command


@pytest.fixture
def here(tmp_path: Path, url: str, stage: Any) -> Project:
    people = [{"id": 7101000000 + one, "email": f"c{one}@example.com", "first_name": "Ada"} for one in range(40)]
    stage("customers", *people)
    return make_project(tmp_path / "project")


def test_a_pilot_that_is_killed_goes_on_measures_both_lanes_and_leaves_the_shop_as_it_was(
    here: Project, url: str, shop: Server
) -> None:
    shop.add({"email": "planted.person@example.com", "tags": ["vip"]})
    before = shop.customers()
    here.configure(f"STAGING_DATABASE_URL={url}", shop=shop)
    killed = here.start("migration", "pilot", "--customers", "12", "--then-rollback")
    deadline = time.monotonic() + 60
    while len(shop.customers()) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=20)

    status, said = here.run("migration", "pilot", "--customers", "12", "--then-rollback")

    assert status == 0, said
    assert "Rolled back: the shop has 1 customers, as before." in said
    assert [{**one, "updatedAt": None} for one in shop.customers()] == [{**one, "updatedAt": None} for one in before]
    assert shop.stats()["mails"]["total"] == 0
    saved = json.loads((here.folder / "reports" / "pilot.json").read_text())
    assert saved["bulk_lines_per_second"] > 0
    assert saved["direct_customers_per_second"] > 0 or saved["direct_customers_per_second"] is None
    text = json.dumps(saved) + (here.folder / "reports" / "pilot.md").read_text() + said
    assert "@example" not in text.lower()
    assert "planted" not in json.dumps(saved)
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from migration.ledger").fetchone() == (0,)


def test_what_keeps_a_pilot_from_beginning_is_one_sentence(here: Project, url: str, shop: Server) -> None:
    here.configure(f"STAGING_DATABASE_URL={url}", shop=shop)

    status, said = here.run_here("pilot", TARGET_SHOPIFY_DRY_RUN="true")

    assert (status, said) == (1, "Error: A pilot writes, and dry_run is set: take TARGET_SHOPIFY_DRY_RUN away first.\n")
    assert shop.customers() == []
