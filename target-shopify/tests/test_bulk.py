"""The bulk lane: by the file, and whatever happens to a file, the same customers as one by one."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from target_shopify.lanes import results

from .harness import LocalShop, Runner, customer, kill, local_shop, metafields, told

DOCUMENTS = [customer(number) for number in range(1, 61)]
IDS = {document["id"] for document in DOCUMENTS}


@pytest.fixture
def target(shop: LocalShop) -> Runner:
    return Runner(shop, {"lane": "bulk", "max_retries": 4})


def outcomes(url: str) -> dict[str, int]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select status, count(*) from migration.ledger group by 1")
        return dict(cursor.fetchall())


def loaded(shop: LocalShop) -> list[int]:
    """Return the Cratejoy id of each customer, tag and metafield agreeing."""
    found = []
    for one in shop.customers():
        [tag] = [tag for tag in one["tags"] if tag.startswith("cj-id-")]
        assert metafields(one)["customer_id"] == tag.removeprefix("cj-id-")
        assert {"subscription_history", "order_history", "sync_state"} <= metafields(one).keys()
        found.append(int(metafields(one)["customer_id"]))
    return sorted(found)


def test_new_customers_travel_by_the_file(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    ended = target.run(DOCUMENTS, ledger_url=ledger_url)

    assert ended.status == 0, ended.stderr
    assert loaded(shop) == sorted(IDS)
    assert outcomes(ledger_url) == {"created": 60}
    assert ended.states[-1] == {"read": 60}
    calls = shop.calls()
    assert calls["bulkOperationRunMutation"] <= 5
    assert shop.stats()["mails"]["total"] == 0


@pytest.mark.parametrize(
    "faults",
    [
        {"upload_refused": {"times": 2, "status": 503}},
        {"bulk_refused": {"times": 3, "code": "OPERATION_IN_PROGRESS"}},
        {"bulk_refused": {"times": 3, "code": "LIMIT_REACHED"}},
        {"bulk_fails": {"times": 1, "lines": 7}},
        {"bulk_fails": {"lines": 7}},
        {"bulk_expires": {"times": 1}},
        {"bulk_expires": True},
        {"line_without_result": {"every": 3}},
        {"line_executed_twice": {"every": 3, "result": "second"}},
        {"line_result_doubled": {"every": 3}},
        {"result_refused": {"times": 2, "status": 404}},
        {"result_truncated": {"times": 1, "how": "short"}},
        {"result_truncated": {"how": "whole"}},
    ],
    ids=lambda faults: "-".join(f"{name}" for name in faults) if isinstance(faults, dict) else "",
)
def test_whatever_happens_to_a_file_all_customers_are_there_once(
    shop: LocalShop, target: Runner, ledger_url: str, faults: dict[str, Any]
) -> None:
    shop.fault(**faults)

    ended = target.run(DOCUMENTS, ledger_url=ledger_url)

    assert ended.status == 0, ended.stderr
    assert loaded(shop) == sorted(IDS)
    assert outcomes(ledger_url) == {"created": 60}
    before = shop.writes()
    target.run(DOCUMENTS, ledger_url=ledger_url)
    assert shop.writes() == before


def test_an_operation_of_an_earlier_run_is_never_taken_for_the_one_whose_start_was_not_heard(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    earlier, later = DOCUMENTS[:30], DOCUMENTS[30:]
    target.run(earlier, ledger_url=ledger_url)
    shop.fault(dropped={"operation": "bulkOperationRunMutation", "times": 1})

    ended = target.run(later, ledger_url=ledger_url)

    assert ended.status == 0, ended.stderr
    assert loaded(shop) == sorted(IDS)
    homes = {metafields(one)["customer_id"]: one["id"] for one in shop.customers()}
    with psycopg2.connect(ledger_url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, shopify_id from migration.ledger")
        assert dict(cursor.fetchall()) == homes
    assert shop.calls().get("customerByIdentifier", 0) == 0


def test_a_result_counts_only_for_the_customer_that_it_names(tmp_path: Path) -> None:
    lines = [
        {"data": {"customerCreate": {"customer": {"id": "gid://shopify/Customer/9", "customerId": {"value": "7"}}}},
         "__lineNumber": 1},
        {"data": {"customerCreate": {"customer": {"id": "gid://shopify/Customer/8", "customerId": {"value": "5"}}}},
         "__lineNumber": 0},
        {"data": {"customerCreate": {"customer": {"id": "gid://shopify/Customer/6", "customerId": None}}},
         "__lineNumber": 2},
        {"data": {"customerCreate": {"customer": None, "userErrors": [{"message": "Email is taken"}]}},
         "__lineNumber": 3},
    ]  # fmt: skip
    path = tmp_path / "result"
    path.write_text("\n".join(map(json.dumps, lines)))

    assert list(results.created(path, [5, 6, 7, 8])) == [8, 0, 0, results.REFUSED]


def test_customers_of_one_email_never_race(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    twins = [customer(number, email=f"c{number % 300}@example.com") for number in range(1, 601)]

    ended = target.run(twins, ledger_url=ledger_url)

    assert ended.status == 0, ended.stderr
    assert outcomes(ledger_url) == {"created": 300, "merged": 300}
    made = shop.customers()
    assert len(made) == 300
    assert all(sum(tag.startswith("cj-id-") for tag in one["tags"]) == 2 for one in made)


def test_what_a_file_cannot_settle_goes_one_by_one(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.add_customer(email="c1@example.com", firstName="Countess", tags=["vip"])
    shop.add_customer(phone="+15032000002", firstName="Augusta")

    ended = target.run(DOCUMENTS, ledger_url=ledger_url)

    assert ended.status == 0, ended.stderr
    assert outcomes(ledger_url) == {"adopted": 1, "created": 59}
    adopted = next(one for one in shop.customers() if "vip" in one["tags"])
    assert adopted["firstName"] == "Countess"
    assert metafields(adopted)["customer_id"] == "7101000001"


def test_the_same_documents_again_change_nothing_without_a_ledger(shop: LocalShop, target: Runner) -> None:
    target.run(DOCUMENTS)
    before = shop.customers()

    ended = target.run(DOCUMENTS)

    assert "60 unchanged" in ended.stderr
    assert shop.customers() == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_run_is_finished_by_the_next(shop_with: Callable[..., LocalShop], ledger_url: str, seed: int) -> None:
    moments = random.Random(seed)
    shop = shop_with("--bulk-rate", "3", time_scale=20)
    target = Runner(shop, {"lane": "bulk", "ledger_url": ledger_url})
    for _ in range(2):
        process = target.start(DOCUMENTS)
        time.sleep(moments.uniform(0.6, 2.5))
        kill(process)
        process.communicate()
    ended = target.run(DOCUMENTS)

    assert ended.status == 0, ended.stderr
    assert loaded(shop) == sorted(IDS)
    found = outcomes(ledger_url)
    assert sum(found.values()) == 60
    assert set(found) <= {"created", "unchanged"}


def test_results_of_an_operation_nobody_saw_end_are_taken_in(ledger_url: str) -> None:
    with local_shop("--bulk-rate", "1", time_scale=8) as shop:
        target = Runner(shop, {"lane": "bulk", "ledger_url": ledger_url})
        process = target.start(DOCUMENTS)
        while shop.calls().get("bulkOperation", 0) < 5:
            time.sleep(0.05)
        kill(process)
        process.communicate()

        ended = target.run(DOCUMENTS)

        assert ended.status == 0, ended.stderr
        assert "is still running; waiting for its end" in ended.stderr
        assert "of an earlier run" in ended.stderr
        assert loaded(shop) == sorted(IDS)
        assert shop.calls().get("customerByIdentifier", 0) == 0


def test_a_terminated_run_says_what_goes_on_without_it(shop_with: Callable[..., LocalShop]) -> None:
    shop = shop_with("--bulk-rate", "3", time_scale=20)
    process = Runner(shop, {"lane": "bulk"}).start(DOCUMENTS)
    while not shop.calls().get("bulkOperation"):
        time.sleep(0.05)
    process.terminate()
    out, err = process.communicate(timeout=30)
    ended = told(process.returncode, out, err)

    assert ended.status == 143
    assert "at Shopify, and the next run takes in the results" in ended.stderr
    assert ended.states == []


def test_a_missing_scope_ends_the_run_before_any_file(shop_with: Callable[..., LocalShop]) -> None:
    shop = shop_with("--scopes", "read_customers")
    ended = Runner(shop, {"lane": "bulk"}).run(DOCUMENTS)

    assert ended.status == 1
    assert "write_customers" in ended.stderr
    assert "bulkOperationRunMutation" not in shop.calls()


def test_auto_takes_files_when_single_calls_would_take_long(shop: LocalShop) -> None:
    few = Runner(shop, {"lane": "auto"}).run(DOCUMENTS)
    assert "direct lane: 60 customers" in few.stderr
    assert "bulkOperationRunMutation" not in shop.calls()
