"""One customer sent again, on a local Shopify: what is put back, who goes along, and how it ends."""

from __future__ import annotations

import re

import psycopg
import pytest
from click.testing import CliRunner
from cratejoy_migration import cli, ledger_lock, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging import StagingError
from cratejoy_migration.verify import retry as retrying
from cratejoy_migration.verify.retry import Retry
from target_shopify.ledger import LOCK

from .verifying import Migration, customer, local_shop, order, subscription


@pytest.fixture(scope="module")
def server():
    with local_shop() as shop:
        yield shop


@pytest.fixture
def shop(server):
    server.control("POST", "reset")
    return server


@pytest.fixture
def migration(url, shop, tmp_path, monkeypatch):
    found = Migration(url, shop, tmp_path / "reports")
    monkeypatch.setattr(plugins, "run_meltano", found.run_meltano)
    return found


@pytest.fixture
def loaded(stage, migration):
    """Three customers in the shop, of whom 2 and 3 share an e-mail."""
    stage("customers", customer(1), customer(2), customer(3, email="C2@example.com"))
    stage("subscriptions", *map(subscription, (1, 2, 3)))
    stage("orders", *map(order, (1, 2, 3)))
    migration.load()
    return migration


@pytest.fixture
def retry(migration, tmp_path):
    return Retry(tmp_path, migration.url).run


@pytest.fixture
def command(migration, monkeypatch, tmp_path):
    """Return a function that runs the command."""
    monkeypatch.setenv("STAGING_DATABASE_URL", migration.url)
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))

    def run(*words):
        done = CliRunner().invoke(cli.main, ["retry", *words])
        return done.exit_code, done.output

    return run


def test_what_was_removed_in_the_shop_is_put_back_for_this_customer_alone(loaded, shop, retry, query):
    for number in (1, 2):
        shop.does("tagsRemove", id=shop.customer(number)["id"], tags=["cj-migrated"])
    outcome = retry(1)
    assert (outcome.status, outcome.documents, outcome.holds) == ("updated", 1, True)
    assert "cj-migrated" in shop.customer(1)["tags"]
    assert "cj-migrated" not in shop.customer(2)["tags"]
    assert query("select id from migration.customer_documents") == [(1,)]


def test_a_customer_that_was_deleted_in_the_shop_is_made_again(loaded, shop, retry):
    before = shop.customer(1)["id"]
    shop.does("customerDelete", input={"id": before})
    outcome = retry(1)
    assert outcome.holds
    assert shop.customer(1)["id"] == outcome.shopify_id != before


def test_whoever_shares_its_email_goes_along(loaded, shop, retry):
    shop.does("customerDelete", input={"id": shop.customer(2)["id"]})
    outcome = retry(3)
    assert (outcome.documents, outcome.holds) == (2, True)
    assert {"cj-id-2", "cj-id-3"} <= set(shop.customer(2)["tags"])


def test_one_that_is_as_it_should_be_stays_so(loaded, shop, retry):
    before = shop.customers()
    assert retry(1).holds
    assert shop.customers() == before


def test_one_that_was_never_sent_is_sent(loaded, stage, shop, retry):
    stage("customers", customer(4))
    assert (retry(4).status, len(shop.customers())) == ("created", 3)


def test_one_that_was_refused_is_tried_again(migration, stage, shop, retry, query):
    stage("customers", customer(1), {"id": 2, "addresses": []})
    migration.load()
    refused = retry(2)
    assert (refused.status, refused.reason, refused.holds) == ("refused", "no_identity", False)
    query("update cratejoy.customers set first_name = 'Ada' where id = 2")
    assert retry(2).status == "created"


def test_one_that_is_not_staged_is_told(loaded, retry):
    with pytest.raises(OperatorError, match="No customer 77 is staged"):
        retry(77)


def test_nothing_staged_at_all_is_told(migration, retry):
    with pytest.raises(StagingError, match="no customers are staged yet"):
        retry(1)


def test_another_run_that_writes_keeps_it_waiting_and_then_out(loaded, retry, monkeypatch, query):
    monkeypatch.setattr(ledger_lock, "PATIENCE_SECONDS", 0.1)
    with psycopg.connect(loaded.url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext(%s))", (LOCK,))
        with pytest.raises(OperatorError, match="Another run writes into the shop"):
            retry(1)
    assert query("select count(*) from migration.ledger where document_hash is null") == [(0,)]


def test_one_whose_sending_was_killed_still_has_to_go(loaded, retry, monkeypatch, shop):
    shop.does("tagsRemove", id=shop.customer(1)["id"], tags=["cj-migrated"])
    with monkeypatch.context() as patch:
        patch.setattr(plugins, "run_meltano", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            retry(1)
    loaded.load()
    assert loaded.verify().facts.total("customers", "pending") == 0
    assert retry(1).holds
    assert "cj-migrated" in shop.customer(1)["tags"]


def test_a_pipeline_that_fails_is_told(loaded, retry, monkeypatch):
    monkeypatch.setattr(plugins, "run_meltano", lambda *_, **__: 1)
    with pytest.raises(OperatorError, match="did not end well"):
        retry(1)


def test_a_run_that_sent_nothing_does_not_hold(loaded, retry, monkeypatch):
    monkeypatch.setattr(plugins, "run_meltano", lambda *_, **__: 0)
    outcome = retry(1)
    assert not outcome.holds
    assert "was not sent: is the setting dry_run on" in outcome.sentence(1)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (("updated", None, "gid://shopify/Customer/9", True, 1), "Customer 7 is in the shop: updated. gid"),
        (("merged", None, "gid://shopify/Customer/9", True, 3), "in the shop, with 2 more of the same e-mail: merged"),
        (("created", "phone_invalid", None, True, 1), "in the shop: created (phone_invalid)."),
        (("refused", "no_identity", None, True, 1), "Customer 7 is refused: no_identity."),
        (("unknown", None, None, True, 1), "Customer 7 is unknown: no reason was recorded."),
    ],
)
def test_the_outcome_is_told_in_a_sentence(outcome, says):
    assert says in retrying.Outcome(*outcome).sentence(7)


def test_the_command_ends_with_0_when_the_customer_is_in_the_shop(loaded, command, query):
    code, said = command("1")
    assert code == 0, said
    assert re.search(r"Customer 1 is in the shop: (updated|unchanged)\. gid://shopify/Customer/\d+", said)
    assert query("select state, figures ->> 'documents' from migration.runs where command = 'retry'") == [("done", "1")]


def test_the_command_ends_with_1_when_it_is_not(migration, stage, command, query):
    stage("customers", customer(1), {"id": 2, "addresses": []})
    migration.load()
    assert command("2") == (1, "Customer 2 is refused: no_identity.\n")
    assert query("select state from migration.runs where command = 'retry'") == [("failed",)]
    code, said = command("77")
    assert code == 1
    assert "Error: No customer 77 is staged: check the id, or collect first." in said


@pytest.mark.parametrize("word", ["ada", "-1", "0"])
def test_the_command_takes_an_id(command, word):
    assert command("--", word)[0] == 2
