"""The dry run: not one write, and the outcomes that the real run then has."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from .harness import LocalShop, Runner, Told, customer, order

BEFORE = [customer(1), customer(2), customer(3), customer(9)]
NOW = [
    customer(1),
    customer(2, num_orders=9),
    customer(3, orders=[order(3, month) for month in (3, 2, 1)]),
    customer(4),
    customer(5, email=" C4@Example.com "),
    customer(6, email="countess@example.com"),
    customer(7, email="c1@example.com"),
    customer(8, email="not an e-mail"),
    customer(9),
    {"id": None, "email": "nobody@example.com"},
    {"id": 7_101_000_010},
]
OUTCOMES = {
    "7101000001": "updated", "7101000002": "updated", "7101000003": "updated", "7101000004": "created",
    "7101000005": "merged", "7101000006": "adopted", "7101000007": "merged", "7101000008": "created",
    "7101000009": "unchanged",
    "7101000010": "refused",
}  # fmt: skip


def forecast(
    target: Runner, folder: Path, documents: list[Any], **changes: Any
) -> tuple[Told, dict[str, Any], dict[str, str]]:
    """Run dry; return what was told, the figures, and the outcome of each document."""
    told = target.run(documents, dry_run=True, report_dir=str(folder), **changes)
    assert told.status == 0, told.stderr
    figures = json.loads((folder / "forecast.json").read_text())
    with (folder / "forecast.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(list(row) == ["cratejoy_id", "outcome", "reason"] for row in rows)
    return told, figures, {row["cratejoy_id"]: row["outcome"] for row in rows}


def settled(url: str) -> dict[str, str]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, status from migration.ledger")
        return dict(cursor.fetchall())


@pytest.fixture
def loaded(shop: LocalShop, target: Runner) -> LocalShop:
    """A shop with four customers of ours and one of the merchant's own."""
    assert target.run(BEFORE).status == 0
    shop.add_customer(email="Countess@example.com", firstName="Countess")
    return shop


def test_nothing_at_all_is_written(shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path) -> None:
    shop.add_customer(email="countess@example.com", firstName="Countess")
    before = shop.customers()

    told, _, _ = forecast(target, tmp_path, NOW, ledger_url=ledger_url)

    assert shop.customers() == before
    assert set(shop.calls()) <= {
        "shop", "currentAppInstallation", "metafieldDefinitions", "customersCount", "customerByIdentifier", "customer",
        "bulkOperations",
    }  # fmt: skip
    assert told.states == []
    with psycopg2.connect(ledger_url) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('migration.ledger')")
        assert cursor.fetchone() == (None,)


def test_the_real_run_does_what_was_foretold(
    loaded: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    _, figures, outcomes = forecast(target, tmp_path, NOW)
    told = target.run(NOW, ledger_url=ledger_url)
    assert told.status == 0, told.stderr

    nameless = {key: value for key, value in outcomes.items() if key.startswith("sha256:")}
    assert list(nameless.values()) == ["refused"]
    assert {key: value for key, value in outcomes.items() if key not in nameless} == OUTCOMES
    assert settled(ledger_url) == {**OUTCOMES, **nameless}
    assert figures["documents"] == 11
    assert figures["counts"] == {"created": 2, "merged": 2, "adopted": 1, "updated": 3, "unchanged": 1, "refused": 2}


@pytest.mark.parametrize("policy", ["skip", "adopt"])
def test_a_taken_email_is_foretold_by_the_policy(
    policy: str, loaded: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    documents = [customer(6, email="countess@example.com")]

    _, figures, outcomes = forecast(target, tmp_path, documents, conflict=policy)
    assert target.run(documents, conflict=policy, ledger_url=ledger_url).status == 0

    expected = "refused" if policy == "skip" else "adopted"
    assert outcomes == settled(ledger_url) == {"7101000006": expected}
    assert figures["refusals"] == ({"email_taken": 1} if policy == "skip" else {})


def test_a_new_shop_is_not_asked_for_each_customer(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    _, figures, outcomes = forecast(target, tmp_path, [customer(number) for number in range(1, 41)])

    assert shop.calls().get("customerByIdentifier", 0) == 0
    assert set(outcomes.values()) == {"created"}
    assert (figures["points"], figures["restore_rate"], figures["hours"]) == (400, 100, 0.001)
    assert figures["bulk"] == {"customers": 40, "points_left": 0}


def test_documents_of_one_email_far_apart_are_foretold_as_one(
    shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    documents = [*[customer(number) for number in range(1, 231)], customer(301, email="c1@example.com")]

    _, figures, outcomes = forecast(target, tmp_path, documents)
    assert target.run(documents, ledger_url=ledger_url).status == 0

    assert outcomes == settled(ledger_url)
    assert outcomes["7101000301"] == "merged"
    assert figures["counts"] == {"created": 230, "merged": 1}


def test_repairs_are_foretold(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    target.run([customer(8, email="not an e-mail")], dry_run=True, report_dir=str(tmp_path))

    with (tmp_path / "forecast.csv").open(newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == ["email_unusable"]


def test_the_files_are_their_owners_alone(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    forecast(target, folder, NOW)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert not (folder / "refused.jsonl").exists()


def test_without_a_folder_the_summary_alone_is_told(shop: LocalShop, target: Runner) -> None:
    told = target.run(NOW, dry_run=True)

    assert told.status == 0
    assert "Forecast, nothing was written" in told.stderr
    assert shop.customers() == []


def test_orders_to_be_made_cost_points(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    _, figures, _ = forecast(target, tmp_path, [customer(1)], orders="create")

    assert figures["points"] == 30
