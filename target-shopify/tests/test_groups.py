"""Customers who share an e-mail, when one of them has changed: what the others brought stays."""

from __future__ import annotations

import pytest
from target_shopify import intake

from .harness import LocalShop, Runner, customer

TWINS = [
    customer(1, email="ada@example.com", note="likes green tea"),
    customer(2, email="ada@example.com", note="no nuts"),
]


@pytest.mark.parametrize("policy", ["merge", "replace"])
def test_a_change_of_one_of_a_group_takes_nothing_of_the_others_away(
    policy: str, shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    assert target.run(TWINS, ledger_url=ledger_url, update_policy=policy).status == 0
    changed = [{**TWINS[0], "note": "likes black tea"}, TWINS[1]]

    assert target.run(changed, ledger_url=ledger_url, update_policy=policy).status == 0

    [made] = shop.customers()
    assert made["note"] == "likes black tea\n\nno nuts"
    assert sorted(one["address1"] for one in made["addresses"]) == ["1 Example Street", "2 Example Street"]


def test_a_group_that_the_ledger_has_whole_is_not_looked_at(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    assert target.run(TWINS, ledger_url=ledger_url).status == 0
    before = shop.writes()

    assert target.run(TWINS, ledger_url=ledger_url).status == 0

    assert shop.writes() == before


def test_a_batch_that_is_full_is_sent_after_the_group_it_ends_with(
    shop: LocalShop, target: Runner, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_DOCUMENTS", 1)
    assert target.run(TWINS, ledger_url=ledger_url).status == 0
    changed = [{**TWINS[0], "note": None}, TWINS[1]]

    assert target.run(changed, ledger_url=ledger_url, update_policy="replace").status == 0

    [made] = shop.customers()
    assert made["note"] == "no nuts"
    assert len(made["addresses"]) == 2
