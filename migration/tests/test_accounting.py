"""Every staged row is in exactly one line of the report."""

from __future__ import annotations

import pytest
from cratejoy_migration.accounting import account, notes
from cratejoy_migration.documents.build import Told, build


def lines(url, stream):
    found = account(url)
    assert found.adds_up
    return [(line.outcome, line.reason, line.count) for line in found.lines if line.stream == stream]


@pytest.fixture
def store(stage, ledger):
    """Seven customers: one a status, one pending; an order and a subscription each, and some orphans."""
    statuses = {1: "created", 2: "merged", 3: "refused", 4: "refused", 5: "refused", 6: "unknown"}
    reasons = {3: "email_taken", 4: "email_taken", 5: "no_identity"}
    stage("customers", *({"id": n} for n in range(1, 8)))
    for stream in ("orders", "subscriptions"):
        stage(
            stream, *({"id": n * 10, "customer_id": n} for n in range(1, 8)), {"id": 80, "customer_id": 8}, {"id": 90}
        )
    ledger(*((number, status, "h", reasons.get(number)) for number, status in statuses.items()))


def test_customers_by_outcome_and_refusals_by_reason(store, url):
    assert lines(url, "customers") == [
        ("created", None, 1),
        ("merged", None, 1),
        ("refused", "email_taken", 2),
        ("refused", "no_identity", 1),
        ("unknown", None, 1),
        ("pending", None, 1),
    ]


@pytest.mark.parametrize("stream", ["orders", "subscriptions"])
def test_related_rows_by_what_became_of_their_customer(store, url, stream):
    assert lines(url, stream) == [
        ("carried", None, 2),
        ("with a refused customer", None, 3),
        ("with an unknown customer", None, 1),
        ("pending", None, 1),
        ("orphan", None, 2),
    ]


def test_before_phase_2_everything_is_pending(stage, url):
    stage("customers", {"id": 1}, {"id": 2})
    assert lines(url, "customers") == [("pending", None, 2)]


def test_what_changed_and_what_is_gone_is_noted(store, stage, ledger, url):
    build(url, Told(step=lambda *_: None, warning=lambda _: None))
    ledger((99, "created", "h"))
    assert list(notes(account(url))) == [
        "Customers of these lines that have changed since and are to go again: 5.",
        "Rows of the ledger whose customers are not staged (any more): 1.",
        "Every staged row is in exactly one line.",
    ]
