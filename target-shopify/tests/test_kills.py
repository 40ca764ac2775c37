"""A run that is killed, or asked to end, goes on with the same command as if nothing had happened."""

from __future__ import annotations

import json
import random
import re
import signal
import time
from typing import Any

import psycopg2
import pytest

from .harness import LocalShop, Runner, customer, eventually, kill, metafields, told

DOCUMENTS = [
    *[customer(number) for number in range(1, 141)],
    *[customer(number, email=f"c{number - 200}@example.com") for number in range(201, 221)],
]
CUSTOMERS = 140
SLOW = {"latency": 0.02}


def ids_of(shop: LocalShop) -> tuple[list[str], list[str]]:
    """Return all values of the id metafield and all id tags, sorted."""
    customers = shop.customers()
    ids = sorted(metafields(one)["customer_id"] for one in customers)
    tags = sorted(tag.removeprefix("cj-id-") for one in customers for tag in one["tags"] if tag.startswith("cj-id-"))
    return ids, tags


def picture(shop: LocalShop) -> list[Any]:
    found = []
    for one in shop.customers():
        kept = {key: value for key, value in metafields(one).items() if key != "sync_state"}
        found.append([one["email"], one["phone"], one["lastName"], sorted(one["tags"]), len(one["addresses"]), kept])
    return sorted(found, key=json.dumps)


def rows(url: str) -> dict[str, tuple[str, str | None, str | None]]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, status, origin, shopify_id from migration.ledger")
        return {key: tuple(rest) for key, *rest in cursor.fetchall()}


def run_with_kills(target: Runner, draw: random.Random, kills: int, **changes: Any) -> int:
    """Run until a run ends by itself; return how many were killed."""
    killed = 0
    for _ in range(kills):
        process = target.start(DOCUMENTS, **changes)
        before = sum(target.shop.calls().values())
        enough = draw.randint(5, 120)
        eventually(lambda: sum(target.shop.calls().values()) - before >= enough or process.poll() is not None)  # noqa: B023
        time.sleep(draw.random() * 0.05)
        if process.poll() is None:
            kill(process)
            killed += 1
        process.communicate(timeout=30)
    last = target.run(DOCUMENTS, **changes)
    assert last.status == 0, last.stderr
    assert last.states[-1] == {"read": 160}
    return killed


@pytest.fixture(scope="module")
def wanted(shop_server: LocalShop) -> list[Any]:
    """The shop after a run that nobody killed."""
    shop_server.reset()
    assert Runner(shop_server).run(DOCUMENTS).status == 0
    found = picture(shop_server)
    assert len(found) == CUSTOMERS
    return found


@pytest.mark.parametrize("with_ledger", [True, False], ids=["ledger", "no ledger"])
def test_killed_runs_lose_nobody_and_double_nobody(
    with_ledger: bool, shop: LocalShop, target: Runner, ledger_url: str, wanted: list[Any]
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    shop.fault(**SLOW)

    killed = run_with_kills(
        target, random.Random(seed), 4, concurrency=8, **({"ledger_url": ledger_url} if with_ledger else {})
    )

    assert killed >= 2
    ids, tags = ids_of(shop)
    assert len(set(ids)) == len(ids) == CUSTOMERS
    assert len(set(tags)) == len(tags) == 160
    assert picture(shop) == wanted
    assert shop.stats()["mails"]["total"] == 0
    if with_ledger:
        kept = rows(ledger_url)
        assert len(kept) == 160
        assert {row[0] for row in kept.values()} <= {"created", "merged", "unchanged"}
        assert sorted(row[1] or "" for row in kept.values()) == ["created"] * 140 + ["merged"] * 20
        assert len({row[2] for row in kept.values()}) == CUSTOMERS


def test_a_kill_while_customers_are_updated_is_made_good(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    changed = [customer(number, first_name="Adele", num_orders=9) for number in range(1, 61)]
    assert target.run([customer(number) for number in range(1, 61)], ledger_url=ledger_url).status == 0
    shop.fault(**SLOW)
    process = target.start(changed, ledger_url=ledger_url, concurrency=6)
    eventually(lambda: shop.calls().get("metafieldsSet", 0) >= 15)
    kill(process)
    process.communicate(timeout=30)

    assert target.run(changed, ledger_url=ledger_url).status == 0

    found = shop.customers()
    assert len(found) == 60
    assert {one["firstName"] for one in found} == {"Adele"}
    assert {metafields(one)["order_count"] for one in found} == {"9"}
    assert {len(one["addresses"]) for one in found} == {1}
    assert {row[1] for row in rows(ledger_url).values()} == {"created"}


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_end_tells_only_what_is_durable(
    signum: int, status: int, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    shop.fault(**SLOW)
    process = target.start(DOCUMENTS, ledger_url=ledger_url, concurrency=4)
    eventually(lambda: shop.calls().get("customerCreate", 0) >= 40)
    kill(process, signum)
    began = time.monotonic()
    ended = told(0, *process.communicate(timeout=30))

    assert process.returncode == status
    assert time.monotonic() - began < 10
    assert re.search(rf"Interrupted by signal {int(signum)};.*same command goes on", ended.stderr)
    kept = rows(ledger_url)
    done = {key for key, row in kept.items() if row[0] != "unknown"}
    covered = ended.states[-1]["read"] if ended.states else 0
    assert {str(document["id"]) for document in DOCUMENTS[:covered]} <= done
    assert {metafields(one)["customer_id"] for one in shop.customers()} <= kept.keys()
    assert len(done) >= 30

    shop.no_faults()
    assert target.run(DOCUMENTS, ledger_url=ledger_url).status == 0
    ids, tags = ids_of(shop)
    assert (len(set(ids)), len(ids), len(tags)) == (CUSTOMERS, CUSTOMERS, 160)


def test_what_was_in_flight_at_a_signal_is_settled(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.fault(latency={"operation": "customerCreate", "seconds": 1.0})
    process = target.start([customer(number) for number in range(1, 9)], ledger_url=ledger_url, concurrency=8)
    eventually(lambda: shop.stats()["in_flight"] >= 8)
    kill(process, signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert {row[0] for row in rows(ledger_url).values()} == {"created"}
    assert len(shop.customers()) == 8


def test_a_signal_while_the_shop_is_away_ends_the_run_soon(shop: LocalShop, target: Runner) -> None:
    shop.fault(away=600)
    process = target.start([customer(1)])
    eventually(lambda: shop.stats()["requests"] >= 2)
    kill(process, signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert time.monotonic() - began < 5
