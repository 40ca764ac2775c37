"""Whatever goes wrong on the way, the shop ends as it does when nothing goes wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg2
import pytest
from target_shopify import client, past_orders, upsert

from .harness import LocalShop, Runner, customer, metafields, order, subscription

FIRST = [
    *[customer(number) for number in range(1, 13)],
    customer(21, email="C1@example.com"),
    customer(22, email="c2@example.com"),
    customer(23, email="not an e-mail"),
    customer(24, email=None),
    {"id": None, "email": "nobody@example.com"},
]
SECOND = [
    *[customer(number, first_name="Adele", subscriptions=[subscription(number, status="cancelled")])
      for number in range(1, 13)],
    customer(22, email="c2@example.com", orders=[order(22, month) for month in (3, 2, 1)]),
    customer(23, email="c23@example.com"),
    customer(30, email="shared@example.com"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop on this machine needs no seconds for what Shopify may need some for."""
    monkeypatch.setattr(upsert, "LOOKS_SECONDS", (0.02, 0.05, 0.1))
    monkeypatch.setattr(past_orders, "LOOKS_SECONDS", (0.02, 0.05, 0.1))
    monkeypatch.setattr(client.random, "uniform", lambda *_: 0.03)


def merchants_own(shop: LocalShop) -> None:
    shop.add_customer(email="shared@example.com", firstName="Countess", tags=["vip"], note="Likes green.")
    shop.add_customer(phone="+15032000007", firstName="Grace")


def picture(shop: LocalShop) -> list[Any]:
    """Return all that the shop holds of customers, but for numbers that depend on the order of arrival."""
    found = []
    for one in shop.customers():
        kept = metafields(one)
        kept.pop("sync_state", None)
        addresses = [{key: value for key, value in address.items() if key != "id"} for address in one["addresses"]]
        fields = {name: one[name] for name in ("email", "phone", "firstName", "lastName", "note")}
        found.append({**fields, "tags": sorted(one["tags"]), "addresses": addresses, "metafields": kept})
    return sorted(found, key=json.dumps)


@pytest.fixture(scope="module")
def wanted(shop_server: LocalShop) -> list[Any]:
    """The shop after two runs in which nothing goes wrong."""
    shop_server.reset()
    merchants_own(shop_server)
    for documents in (FIRST, SECOND):
        told = Runner(shop_server).run(documents)
        assert told.status == 0, told.stderr
    found = picture(shop_server)
    assert len(found) == 16
    return found


FAULTS: dict[str, dict[str, Any]] = {
    "every fourth create happens and its answer is lost": {"lost_answer": {"operation": "customerCreate", "every": 4}},
    "every ninth call of any kind happens and its answer is lost": {"lost_answer": {"every": 9}},
    "connections close before anything happens": {"dropped": {"every": 6}},
    "calls are executed twice, the first answer comes": {"duplicated": {"every": 3, "answer": "first"}},
    "calls are executed twice, the second answer comes": {"duplicated": {"every": 3, "answer": "second"}},
    "creates are executed twice, the second answer comes": {
        "duplicated": {"operation": "customerCreate", "answer": "second"}
    },
    "503 before anything happens": {"status": {"status": 503, "every": 7}},
    "504 after it happened": {"status": {"status": 504, "when": "after", "every": 7}},
    "a burst of 500": {"status": {"status": 500, "when": "after", "times": 5}},
    "500 with HTML": {"status": {"status": 500, "body": "html", "every": 8}},
    "430 now and then": {"status": {"status": 430, "times": 1}},
    "internal errors": {"internal_error": {"every": 8}},
    "slow answers": {"latency": 0.02},
    "no answer at all for a while": {"hang": {"times": 2, "seconds": 0.5}},
    "429 with Retry-After": {"rate_limited": {"every": 40, "seconds": 1}},
    "429 with a date": {"rate_limited": {"times": 1, "seconds": 1, "retry_after": "date"}},
    "429 without Retry-After": {"rate_limited": {"times": 1, "retry_after": "missing"}},
    "THROTTLED at random": {"throttled": {"chance": 0.15, "seed": 3}},
    "HTML with status 200": {"html": {"every": 9}},
    "answers shorter than they say": {"truncated": {"every": 9}},
    "answers of half a JSON": {"truncated": {"every": 9, "how": "whole"}},
    "the shop is away for a moment": {"away": 0.5},
    "a slow index": {"index_lag": 3600},
    "all of it": {
        "lost_answer": {"every": 23, "seed": 1}, "duplicated": {"every": 5, "answer": "second"},
        "status": {"status": 502, "when": "after", "every": 19}, "throttled": {"chance": 0.05},
        "html": {"every": 29}, "dropped": {"every": 31},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_the_shop_is_the_same_when(name: str, shop: LocalShop, wanted: list[Any]) -> None:
    merchants_own(shop)
    target = Runner(shop, {"request_timeout": 1, "max_retries": 8, "concurrency": 6})
    for documents in (FIRST, SECOND):
        shop.fault(**FAULTS[name])
        told = target.run(documents)
        shop.no_faults()
        assert told.status == 0, told.stderr

    assert picture(shop) == wanted
    assert shop.stats()["mails"]["total"] == 0


def test_a_ledger_has_one_row_a_document_whatever_is_lost(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.fault(lost_answer={"every": 5}, duplicated={"every": 4, "answer": "second"})

    told = target.run(FIRST, ledger_url=ledger_url)

    assert told.status == 0, told.stderr
    with psycopg2.connect(ledger_url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, status, origin, shopify_id is not null from migration.ledger")
        rows = {key: rest for key, *rest in cursor.fetchall()}
    assert len(rows) == 17
    for number in (*range(1, 13), 23, 24):
        assert rows[str(7_101_000_000 + number)][1:] == ["created", True]
    assert rows["7101000021"][1:] == ["merged", True]
    assert rows["7101000022"][1:] == ["merged", True]
    assert [row for key, row in rows.items() if key.startswith("sha256:")] == [["refused", None, False]]


def test_creates_that_never_answer_end_the_run_and_refuse_nobody(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    shop.fault(status={"operation": "customerCreate", "status": 503})

    told = target.run([customer(1), customer(2)], ledger_url=ledger_url, max_retries=2)

    assert told.status == 1
    assert re.search(r"Shopify could not be reached.*same command goes on", told.stderr)
    assert told.states == []
    with psycopg2.connect(ledger_url) as connection, connection.cursor() as cursor:
        cursor.execute("select distinct status from migration.ledger")
        assert cursor.fetchall() == [("unknown",)]

    shop.no_faults()
    assert target.run([customer(1), customer(2)], ledger_url=ledger_url).status == 0
    assert len(shop.customers()) == 2


def test_a_token_revoked_in_mid_run_ends_it_and_the_next_run_goes_on(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    documents = [customer(number) for number in range(1, 31)]
    shop.fault(revoked={"operation": "customerCreate", "every": 20})

    told = target.run(documents, ledger_url=ledger_url, concurrency=2)

    assert told.status == 1
    assert "TARGET_SHOPIFY_ACCESS_TOKEN" in told.stderr
    assert 18 <= len(shop.customers()) < 30
    shop.no_faults()
    assert target.run(documents, ledger_url=ledger_url).status == 0
    assert len(shop.customers()) == 30


def test_a_right_taken_away_in_mid_run_ends_it_and_names_the_scope(shop: LocalShop, target: Runner) -> None:
    shop.fault(missing_scope={"scope": "write_customers", "operation": "customerCreate", "every": 5})

    told = target.run([customer(number) for number in range(1, 31)])

    assert told.status == 1
    assert "write_customers" in told.stderr


def test_an_unreachable_shop_is_told_in_one_sentence(shop: LocalShop, target: Runner) -> None:
    shop.fault(away=600)

    told = target.run([customer(1)], max_retries=1)

    assert told.status == 1
    assert told.stderr.count("target-shopify: ") == 1
    assert "could not be reached" in told.stderr
    assert told.states == []
