"""The dry run: not one write, and the outcomes that the real run then has."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from .harness import LocalShop, Runner, Told, customer, order, singer
from .hostile import hostile

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


def foretold(folder: Path) -> dict[str, tuple[str, str]]:
    """Return outcome and reason of each document in `forecast.csv`."""
    with (folder / "forecast.csv").open(newline="") as file:
        return {row["cratejoy_id"]: (row["outcome"], row["reason"]) for row in csv.DictReader(file)}


def ended(url: str) -> dict[str, tuple[str, str]]:
    """Return outcome and reason of each document in the ledger."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, status, coalesce(reason, '') from migration.ledger")
        return {key: (status, reason) for key, status, reason in cursor.fetchall()}


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
    preparing = figures["points"] - 400
    assert (figures["calls"], preparing) == ({"CustomerCreate": 40}, 128)
    assert (figures["bulk"]["customers"], figures["bulk"]["points_left"]) == (40, preparing)


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

    assert figures["calls"] == {"OrderCreate": 2, "CustomerCreate": 1, "VariantsBySku": 1}
    assert figures["points"] == 165 + 30 + 9 - 11


@pytest.mark.parametrize(
    "changes",
    [{}, {"conflict": "skip"}, {"update_policy": "replace"}, {"orders": "none"}, {"orders": "create"}],
    ids=["merge", "skip", "replace", "no orders", "real orders"],
)
def test_hostile_documents_become_just_what_was_foretold_at_that_price(
    changes: dict[str, Any], shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    # One at a time: who leads a customer that several join within the same moment is decided by who comes first.
    changes = {"concurrency": 1, **changes}
    shop.add_customer(email="C7@example.com", firstName="Countess")
    shop.add_customer(email="other@example.com", phone="+15032000060")
    documents = hostile(11, 60)
    assert target.run(documents[:25], ledger_url=ledger_url, **changes).status == 0
    documents = [*hostile(12, 25), *documents[25:]]

    told, figures, _ = forecast(target, tmp_path, documents, ledger_url=ledger_url, **changes)
    assert told.status == 0
    assert target.run(documents, ledger_url=ledger_url, report_dir=str(tmp_path / "run"), **changes).status == 0

    now = foretold(tmp_path)
    assert now == {key: outcome for key, outcome in ended(ledger_url).items() if key in now}
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert figures["points"] == pytest.approx(run["points"], rel=0.1)
    assert figures["refusals"] == run["refusals"]


def test_what_the_ledger_has_as_it_is_costs_nothing(
    shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    assert target.run(NOW, ledger_url=ledger_url).status == 0
    before = shop.calls()

    _, figures, outcomes = forecast(target, tmp_path, NOW, ledger_url=ledger_url)

    assert set(outcomes.values()) == {"unchanged", "refused"}
    assert figures["calls"] == {}
    assert shop.calls().get("customerByIdentifier", 0) == before.get("customerByIdentifier", 0)


def test_a_phone_that_two_documents_share_is_foretold_with_the_second_try(
    shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    second = customer(2, addresses=customer(1)["addresses"])

    _, figures, _ = forecast(target, tmp_path, [customer(1), second])
    assert target.run([customer(1), second], ledger_url=ledger_url).status == 0

    assert foretold(tmp_path) == ended(ledger_url)
    assert foretold(tmp_path)["7101000002"] == ("created", "phone_taken")
    assert figures["calls"] == {"CustomerCreate": 3}


def test_a_shop_is_read_once_when_looking_for_each_customer_would_cost_more(
    shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    assert target.run([customer(number) for number in range(1, 7)]).status == 0
    shop.add_customer(email="c50@example.com", firstName="Countess")
    shop.add_customer(email="taken@example.com", phone="+15032000060")
    before = shop.calls()
    documents = [customer(2, first_name="Adele"), *[customer(number) for number in range(7, 230)]]

    _, _, outcomes = forecast(target, tmp_path, documents, ledger_url=ledger_url)
    asked = {name: count - before.get(name, 0) for name, count in shop.calls().items()}
    assert target.run(documents, ledger_url=ledger_url).status == 0

    assert foretold(tmp_path) == ended(ledger_url)
    assert (outcomes["7101000002"], outcomes["7101000050"]) == ("updated", "adopted")
    assert foretold(tmp_path)["7101000060"] == ("created", "phone_taken")
    assert asked["customers"] == 2
    assert asked["customerByIdentifier"] < 120


def test_a_full_disk_is_one_sentence(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    config, lines = tmp_path / "config.json", tmp_path / "input.jsonl"
    config.write_text(json.dumps(target.settings(dry_run=True, report_dir=str(tmp_path / "report"))))
    lines.write_text(singer([customer(number) for number in range(1, 1200)]))
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({2**17}, {2**17}))"
    code = f"{limit}; from target_shopify import cli; import sys; sys.exit(cli.run(sys.argv[1:]))"

    command = [sys.executable, "-c", code, "--config", str(config), "--input", str(lines)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "There is no disk space left" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((tmp_path / "report").glob(".work-*"))


def test_conflict_fail_tells_how_many_would_stop_the_run(loaded: LocalShop, target: Runner, tmp_path: Path) -> None:
    documents = [customer(6, email="countess@example.com"), customer(8)]

    _, _, outcomes = forecast(target, tmp_path, documents, conflict="fail")

    assert outcomes == {"7101000006": "refused", "7101000008": "created"}


def test_max_refusals_ends_no_forecast_but_is_told(shop: LocalShop, target: Runner, tmp_path: Path) -> None:
    documents = [{"id": number} for number in range(1, 6)]

    told, figures, outcomes = forecast(target, tmp_path, documents, max_refusals="3")

    assert len(outcomes) == 5
    assert figures["max_refusals_stops_at"] == 3
    assert "max_refusals would end the run at document 3 of 5" in told.stderr


def test_hours_are_told_for_each_plan_and_for_files_once_a_pilot_measured_them(
    shop: LocalShop, target: Runner, tmp_path: Path
) -> None:
    _, figures, _ = forecast(target, tmp_path, [customer(number) for number in range(1, 41)])
    assert {name: plan["restore_rate"] for name, plan in figures["plans"].items()} == {
        "standard": 100, "advanced": 200, "plus": 1000, "enterprise": 2000}  # fmt: skip
    assert figures["live"]["restore_rate"] == 100
    assert figures["bulk"]["hours"] == "unknown until measured: migration pilot"

    (tmp_path / "pilot.json").write_text('{"bulk_lines_per_second": 0.01, "direct_customers_per_second": 0.02}')
    _, figures, _ = forecast(target, tmp_path, [customer(number) for number in range(1, 41)])
    assert (figures["bulk"]["lines_per_second"], figures["direct"]["customers_per_second"]) == (0.01, 0.02)
    assert figures["bulk"]["hours"] == pytest.approx(1.111, abs=0.01)
    assert figures["direct"]["hours"] == pytest.approx(0.556, abs=0.001)
