"""Past orders as real ones: each exactly once, silent, and the customer stays as it was."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from target_shopify import client, past_orders, upsert

from .harness import LocalShop, Runner, customer, eventually, kill, local_shop, order

SHIP_TO = {
    "to": "Grace Hill", "street": "77 Sample Road", "unit": "", "city": "Salem", "state": "OR", "zip_code": "97301",
    "country": "US", "phone_number": "", "company": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "LOOKS_SECONDS", (0.02, 0.05, 0.1))
    monkeypatch.setattr(past_orders, "LOOKS_SECONDS", (0.02, 0.05, 0.1))
    monkeypatch.setattr(client.random, "uniform", lambda *_: 0.03)


@pytest.fixture
def target(shop: LocalShop) -> Runner:
    return Runner(shop, {"orders": "create"})


def shipped(number: int, months: int = 3, **changes: Any) -> dict[str, Any]:
    """Return a customer whose orders went to somebody else."""
    orders = [order(number, month, ship_address=SHIP_TO) for month in range(1, months + 1)]
    return customer(number, orders=orders, **changes)


def numbers(shop: LocalShop) -> list[str]:
    """Return the Cratejoy id of each order, metafield and name agreeing."""
    found = []
    for one in shop.orders():
        [number] = [field["value"] for field in one["metafields"] if field["key"] == "order_id"]
        assert one["name"] == f"CJ-{number}"
        found.append(number)
    return sorted(found)


def expected(*documents: dict[str, Any]) -> list[str]:
    return sorted(str(one["id"]) for document in documents for one in document["orders"])


def default_street(one: dict[str, Any]) -> str:
    [street] = [address["address1"] for address in one["addresses"] if address["id"] == one["default_address"]]
    return street


def test_each_order_is_made_once_in_the_past_and_nobody_hears_of_it(shop: LocalShop, target: Runner) -> None:
    documents = [shipped(number) for number in range(1, 4)]

    told = target.run(documents)

    assert told.status == 0, told.stderr
    assert numbers(shop) == expected(*documents)
    assert shop.stats()["mails"]["total"] == 0
    gids = {one["id"] for one in shop.customers()}
    assert {one["customer"] for one in shop.orders()} == gids
    assert shop.calls()["orderCreate"] == 9


def test_the_oldest_order_is_made_first_however_its_date_is_written(shop: LocalShop, target: Runner) -> None:
    placed = {1: 1_700_000_000_000, 2: "2024-01-01T01:00:00+05:00", 3: "2023-12-31T21:00:00Z", 4: "2022-05-01"}
    orders = [order(1, month, placed_at=moment) for month, moment in placed.items()]

    assert target.run([customer(1, orders=orders)]).status == 0

    made = [int(one["name"][-2:]) for one in sorted(shop.orders(), key=lambda one: int(one["id"].rpartition("/")[2]))]
    assert made == [4, 1, 2, 3]


def test_the_same_again_makes_none(shop: LocalShop, target: Runner) -> None:
    documents = [shipped(number) for number in range(1, 4)]
    target.run(documents)

    told = target.run(documents)

    assert told.status == 0
    assert "3 unchanged" in told.stderr
    assert shop.calls()["orderCreate"] == 9


def test_an_order_that_came_later_is_added(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([shipped(1)], ledger_url=ledger_url)
    target.run([shipped(1, months=4)], ledger_url=ledger_url)

    assert numbers(shop) == expected(shipped(1, months=4))
    assert shop.calls()["orderCreate"] == 4


def test_the_customer_keeps_its_name_and_default_address(shop: LocalShop, target: Runner) -> None:
    assert target.run([shipped(1)]).status == 0

    [made] = shop.customers()
    assert (made["firstName"], made["lastName"]) == ("Ada", "Marsh1")
    assert default_street(made) == "1 Example Street"


def test_a_merchants_customer_keeps_its_own_name_and_default_address(shop: LocalShop, target: Runner) -> None:
    shop.add_customer(
        email="c1@example.com", firstName="Countess", lastName="Lovelace",
        addresses=[{"address1": "5 Own Lane", "city": "Bend", "countryCode": "US", "provinceCode": "OR"}],
    )  # fmt: skip

    told = target.run([shipped(1)])

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert (made["firstName"], made["lastName"]) == ("Countess", "Lovelace")
    assert default_street(made) == "5 Own Lane"


@pytest.mark.parametrize(
    "faults",
    [
        {"lost_answer": {"operation": "orderCreate", "every": 3}},
        {"duplicated": {"operation": "orderCreate", "every": 2, "answer": "second"}},
        {"status": {"operation": "orderCreate", "status": 504, "when": "after", "every": 4}},
        {"status": {"operation": "orderCreate", "status": 503, "every": 4}},
        {"dropped": {"every": 9}},
        {"throttled": {"operation": "orderCreate", "every": 3}},
    ],
    ids=["lost answers", "executed twice", "504 afterwards", "503 before", "dropped", "throttled"],
)
def test_no_order_is_lost_or_doubled_by(faults: dict[str, Any], shop: LocalShop, target: Runner) -> None:
    documents = [shipped(number) for number in range(1, 7)]
    shop.fault(**faults)

    told = target.run(documents)

    assert told.status == 0, told.stderr
    assert numbers(shop) == expected(*documents)
    assert shop.stats()["mails"]["total"] == 0


def test_orders_that_never_answer_end_the_run_and_are_made_by_the_next(shop: LocalShop, target: Runner) -> None:
    shop.fault(status={"operation": "orderCreate", "status": 503})
    told = target.run([shipped(1)])
    assert told.status == 1
    assert "orderCreate was not answered" in told.stderr

    shop.no_faults()
    assert target.run([shipped(1)]).status == 0
    assert numbers(shop) == expected(shipped(1))


@pytest.mark.parametrize("with_ledger", [True, False], ids=["ledger", "no ledger"])
def test_killed_runs_lose_no_order_and_double_none(
    with_ledger: bool, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    documents = [shipped(number) for number in range(1, 21)]
    changes: dict[str, Any] = {"concurrency": 4, **({"ledger_url": ledger_url} if with_ledger else {})}
    shop.fault(latency=0.03)
    for _ in range(2):
        process = target.start(documents, **changes)
        before, enough = shop.calls().get("orderCreate", 0), draw.randint(2, 20)
        eventually(lambda: shop.calls().get("orderCreate", 0) - before >= enough or process.poll() is not None)  # noqa: B023
        time.sleep(draw.random() * 0.05)
        if process.poll() is None:
            kill(process)
        process.communicate(timeout=30)
    shop.no_faults()

    told = target.run(documents, **changes)

    assert told.status == 0, told.stderr
    assert numbers(shop) == expected(*documents)
    assert {default_street(one) for one in shop.customers()} == {f"{n} Example Street" for n in range(1, 21)}


def test_an_order_that_shopify_refuses_is_told_and_the_customer_goes(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    told = target.run([customer(1, orders=[order(1, 1), order(1, 2, id=None)])], ledger_url=ledger_url)

    assert told.status == 0, told.stderr
    with psycopg2.connect(ledger_url) as connection, connection.cursor() as cursor:
        cursor.execute("select status, reason from migration.ledger")
        assert cursor.fetchall() == [("created", "order_without_id")]


@pytest.fixture
def trial_shop() -> Iterator[LocalShop]:
    with local_shop("--plan", "dev", time_scale=200) as shop:
        yield shop


def test_a_trial_shop_takes_five_orders_a_minute_and_gets_them_all(
    trial_shop: LocalShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_orders, "_PATIENCE_SECONDS", 0.1)
    documents = [shipped(number) for number in range(1, 5)]

    told = Runner(trial_shop, {"orders": "create"}).run(documents)

    assert told.status == 0, told.stderr
    assert numbers(trial_shop) == expected(*documents)
    assert trial_shop.calls()["orderCreate"] > 12
