"""A quick test takes customers that have something to show, and says what became of each."""

import json
import stat

import psycopg
import pytest
from cratejoy_migration import plugins
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.history import SENDS_FEW
from cratejoy_migration.quick_test import result
from cratejoy_migration.quick_test.quick_test import QuickTest
from cratejoy_migration.quick_test.result import Line, Result
from cratejoy_migration.quick_test.sample import choose


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def chosen(connection, most):
    return choose(connection, staging.read(connection), most)


def test_customers_with_subscriptions_and_orders_come_first(stage, connection):
    stage("customers", *({"id": number} for number in range(1, 8)))
    stage("subscriptions", {"id": 11, "customer_id": 3}, {"id": 12, "customer_id": 6}, {"id": 13, "customer_id": 99})
    stage("orders", {"id": 21, "customer_id": 6}, {"id": 22, "customer_id": 6}, {"id": 23, "customer_id": 2})
    assert chosen(connection, 1) == (6,)
    assert chosen(connection, 3) == (2, 3, 6)
    assert chosen(connection, 5) == (1, 2, 3, 4, 6)
    assert chosen(connection, 50) == (1, 2, 3, 4, 5, 6, 7)


def test_customers_alone_are_enough(stage, connection):
    stage("customers", {"id": 5}, {"id": 4})
    assert chosen(connection, 1) == (4,)


def test_what_came_of_it(tmp_path):
    lines = (Line(1, "created"), Line(2, "refused", "no_identity"), Line(3, "merged"))
    found = Result(sent=False, customers=lines, rows={"orders": 7}, seconds=12.5)
    assert found.counts == {"created": 1, "merged": 1, "refused": 1}
    assert not found.holds
    assert found.sentence.startswith("2 of 3 customers would go; nothing was written to Shopify.")
    path = found.write(tmp_path / "reports" / "quick-test")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert result.read(path.parent) == found


def test_all_well_says_what_comes_next():
    found = Result(sent=True, customers=(Line(1, "created"),), rows={}, seconds=1)
    assert found.holds
    assert "1 of 1 customers are in the shop." in found.sentence
    assert found.sentence.endswith("Next: meltano run collect")


def test_nobody_is_no_success():
    assert not Result(sent=False, customers=(), rows={}, seconds=1).holds


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"sent": True}), json.dumps({"customers": [{"x": 1}]})])
def test_a_file_that_cannot_be_read_is_no_result(tmp_path, text):
    (tmp_path / "quick-test.json").write_text(text)
    assert result.read(tmp_path) is None
    assert result.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize("send", [True, False])
def test_no_more_than_the_chosen_go_however_the_documents_are_built_meanwhile(
    stage, connection, url, tmp_path, monkeypatch, send
):
    stage("customers", *({"id": number, "email": f"c{number}@example.com"} for number in range(1, 8)))
    seen = []

    def run_meltano(_project, *words, variables):
        seen.append((words, variables))
        connection.execute(
            "create table if not exists migration.ledger (document_key text, status text, reason text, shopify_id text)"
        )
        (tmp_path / "reports" / "quick-test").mkdir(parents=True, exist_ok=True)
        (tmp_path / "reports" / "quick-test" / "forecast.csv").write_text("cratejoy_id,outcome,reason\n")
        return 0

    monkeypatch.setattr(plugins, "run_meltano", run_meltano)
    QuickTest(tmp_path, url, tmp_path / "reports", lambda _: None).run(3, send=send)
    [(words, variables)] = seen
    assert words[-2:] == ("tap-postgres", "target-shopify")
    assert variables["TAP_POSTGRES_MAX_RECORD_COUNT"] == "3"
    assert variables["TARGET_SHOPIFY_DRY_RUN"] == ("false" if send else "true")
    assert variables[SENDS_FEW]


def test_whom_the_ledger_does_not_know_is_unknown(ledger, connection):
    ledger((1, "created", "h"), (2, "refused", "h", "no_identity"))
    assert result.recorded(connection, [1, 2, 3]) == [
        Line(1, "created"), Line(2, "refused", "no_identity"), Line(3, "unknown")]  # fmt: skip


def test_lines_of_a_dry_run(tmp_path):
    (tmp_path / "forecast.csv").write_text("cratejoy_id,outcome,reason\n7,created,\n8,refused,no_identity\n")
    assert result.foretold(tmp_path) == [Line(7, "created"), Line(8, "refused", "no_identity")]
