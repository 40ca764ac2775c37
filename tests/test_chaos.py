"""The chaos suite itself: a whole round, and that it would notice what it looks for."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cratejoy_sandbox.cratejoy.faults.grammar import parse
from cratejoy_sandbox.cratejoy.faults.switches import CLAUSES, SWITCHES
from cratejoy_sandbox.shopify.faults.switches import CLAUSES as SHOPIFY_CLAUSES
from cratejoy_sandbox.shopify.faults.switches import SWITCHES as SHOPIFY_SWITCHES
from pipeline import ROOT, STREAMS

sys.path.insert(0, str(ROOT))

from tests.chaos import invariants
from tests.chaos.plan import described, plan
from tests.chaos.snapshot import Snapshot


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_round_holds_whatever_is_killed(tmp_path: Path) -> None:
    """A short one, with orders: everything is killed in the collection, the target, and what rolls back."""
    command = [sys.executable, "-m", "tests.chaos", "--only", "210", "--customers", "25"]
    done = subprocess.run([*command, "--folder", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| rounds with a violated invariant | 0 |" in done.stdout


def test_a_seed_is_always_the_same_round() -> None:
    assert plan(17) == plan(17)
    assert described(plan(17)) == described(plan(17))
    assert len({described(plan(seed)) for seed in range(100)}) == 100


def test_every_fault_of_every_round_is_one_that_the_sandboxes_have() -> None:
    for seed in range(300):
        chosen = plan(seed)
        sides = {name: value for leg in chosen.legs for one in leg.migrate for name, value in one.faults.items()}
        for name, value in sides.items():
            assert parse(name, value, SHOPIFY_SWITCHES, SHOPIFY_CLAUSES)
        collect = {name: value for leg in chosen.legs for one in leg.collect for name, value in one.faults.items()}
        for name, value in {**chosen.nature, **collect}.items():
            assert parse(name, value, SWITCHES, CLAUSES)


def test_nobody_waits_for_an_order_that_never_settles() -> None:
    unattended = [chosen for seed in range(300) if (chosen := plan(seed)).unattended]
    faults = [one.faults["shuffled"] for chosen in unattended for leg in chosen.legs for one in leg.collect
              if "shuffled" in one.faults]  # fmt: skip
    assert faults
    assert all(fault["times"] <= 100 for fault in faults)


def test_every_kind_of_process_is_killed_in_some_round() -> None:
    events = [event for seed in range(200) for leg in plan(seed).legs for one in (*leg.collect, *leg.migrate)
              for event in one.events]  # fmt: skip
    assert {event.who for event in events if event.what == "kill"} >= {
        "tap-cratejoy", "staging-target-postgres", "staging-tap-postgres", "staging-target-shopify", "migration",
        "runner", "everything", "cratejoy", "shopify", "postgres", "backend", "supervisor",
    }  # fmt: skip


def customer(number: int, *ids: int, **changes: Any) -> dict[str, Any]:
    """Return a customer of the shop that came from these Cratejoy customers."""
    fields = {"customer_id": str(min(ids)), "subscription_history": '{"subscriptions": []}'} if ids else {}
    history = ", ".join(f'{{"id": {one * 10}}}' for one in ids)
    fields |= {"order_history": f'{{"orders": [{history}]}}'} if ids else {}
    return {
        "id": f"gid://shopify/Customer/{number}", "email": f"c{number}@example.com", "phone": None, "note": None,
        "firstName": "Ada", "lastName": "Marsh", "addresses": [], "default_address": None, "updatedAt": "now",
        "tags": [*(f"cj-id-{one}" for one in ids), *(["cj-migrated", "cj-status-active"] if ids else ["vip"])],
        "metafields": [{"namespace": "cratejoy", "key": key, "value": value} for key, value in fields.items()],
        **changes,
    }  # fmt: skip


def sound() -> Snapshot:
    """Return what two customers, of whom one is two at Cratejoy, leave behind when all is well."""
    people = [customer(7, 1), customer(8, 2, 3)]
    homes = {"1": people[0]["id"], "2": people[1]["id"], "3": people[1]["id"]}
    ledger = {
        key: {"status": "created", "origin": "merged" if key == "3" else "created", "reason": None, "shopify_id": home}
        for key, home in homes.items()
    }
    staged = {stream: [] for stream in STREAMS} | {"customers": [1, 2, 3], "orders": [10, 20, 30]}
    return Snapshot(
        store={stream: set(ids) for stream, ids in staged.items()},
        staged=staged,
        owners={"orders": {10: 1, 20: 2, 30: 3}, "subscriptions": {}},
        ledger=ledger,
        customers=people,
        orders=[],
        bookmarks={stream: {"complete": True, "proven": True} for stream in STREAMS},
    )


def found(snapshot: Snapshot, **changes: str) -> list[str]:
    options = {"orders": "history", "conflict": "adopt", **changes}
    before = snapshot.store
    return [
        *invariants.phase_1(snapshot),
        *invariants.proofs(snapshot, before),
        *invariants.phase_2(snapshot, **options),
    ]


def test_a_sound_migration_violates_nothing() -> None:
    assert found(sound()) == []


def _lost_row(one: Snapshot) -> None:
    one.staged["orders"].remove(20)


def _doubled_customer(one: Snapshot) -> None:
    one.customers.append(customer(9, 1))


def _lost_customer(one: Snapshot) -> None:
    one.customers.pop()


def _wrong_home(one: Snapshot) -> None:
    one.ledger["3"]["shopify_id"] = "gid://shopify/Customer/7"


def _doubled_order(one: Snapshot) -> None:
    one.customers[0]["metafields"][2]["value"] = '{"orders": [{"id": 10}, {"id": 10}]}'


def _unexplained_refusal(one: Snapshot) -> None:
    one.ledger["1"] |= {"status": "refused", "reason": "refused by Shopify (...)"}


def _unsettled(one: Snapshot) -> None:
    one.ledger["2"]["status"] = "unknown"


def _mailed(one: Snapshot) -> None:
    one.mails = 1


def _not_complete(one: Snapshot) -> None:
    one.bookmarks["orders"]["complete"] = False


def _row_of_nobody(one: Snapshot) -> None:
    one.ledger["4"] = dict(one.ledger["1"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_lost_row, "orders are not staged: 20"),
        (_lost_row, "orders are proven complete but these are not staged: 20"),
        (_doubled_customer, "cj-id tags are on several customers: 1"),
        (_doubled_customer, "customer_id metafields: more than once: 1"),
        (_lost_customer, "customers have no cj-id tag in the shop: 2, 3"),
        (_wrong_home, "ledger rows name another customer than the one with the tag: 3"),
        (_doubled_order, "orders in histories: more than once: 10"),
        (_unexplained_refusal, "customers were refused for other than allowed reasons: 1 (refused by Shopify (...))"),
        (_unsettled, "ledger rows are unknown: 2"),
        (_mailed, "1 mails would have gone to customers"),
        (_not_complete, "orders: the bookmark is not complete though the run ended well"),
        (_row_of_nobody, "rows of the ledger are of nobody staged: 4"),
    ],
)
def test_what_is_violated_is_named(change: Any, said: str) -> None:
    snapshot = sound()
    change(snapshot)
    assert said in found(snapshot)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tags": ["cj-id-1", "cj-migrated", "cj-status-active"]}, "foreign tags lost ['vip'], added []"),
        ({"firstName": "Adele"}, "['firstName'] changed under merge"),
        ({"metafields": [{"namespace": "loyalty", "key": "points", "value": "5"}]}, "foreign metafields changed"),
    ],
)
def test_what_adopting_took_away_is_named(changes: dict[str, Any], said: str) -> None:
    was = customer(7)
    one = copy.deepcopy(customer(7, 1, tags=["vip", "cj-id-1", "cj-migrated", "cj-status-active"])) | changes
    assert any(said in told for told in invariants.merchants_own([was], [one], replaces=False))


def test_a_shop_that_is_not_what_it_was_is_named() -> None:
    told = list(invariants.restored([customer(7), customer(8)], [customer(7, note="x"), customer(9)], [{}]))
    assert told == [
        "customers are gone: gid://shopify/Customer/8",
        "customers are left: gid://shopify/Customer/9",
        "the merchant's customer gid://shopify/Customer/7 is not what it was: note",
        "1 orders are left",
    ]
