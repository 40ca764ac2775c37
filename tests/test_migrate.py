"""Both phases as their users run them: from a local Cratejoy through Meltano and Postgres into a local Shopify."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from typing import Any

import psutil
import pytest
import requests
from pipeline import SECRET_TOKEN, Project, Shop, Store, start_shop

HISTORIES = {"subscriptions": "subscription_history", "orders": "order_history"}


def into(shop: Shop, **more: str) -> dict[str, str]:
    return {
        "TARGET_SHOPIFY_SHOP": "demo",
        "TARGET_SHOPIFY_API_URL": shop.url,
        "TARGET_SHOPIFY_ACCESS_TOKEN": SECRET_TOKEN,
        **more,
    }


def metafields(customer: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in customer["metafields"] if one["namespace"] == "cratejoy"}


def carried(shop: Shop, kind: str) -> list[int]:
    """Return the ids of all rows in the histories of all customers."""
    found = []
    for customer in shop.customers():
        for key, value in metafields(customer).items():
            if key.startswith(HISTORIES[kind]):
                found += [row["id"] for row in json.loads(value)[kind]]
    return sorted(found)


def ledger(project: Project) -> dict[str, dict[str, Any]]:
    with project.database() as connection:
        rows = connection.execute("select to_jsonb(l) from migration.ledger l").fetchall()
    return {row["document_key"]: row for (row,) in rows}


def every_staged_row_is_in_the_shop_once(project: Project, shop: Shop) -> None:
    customers = shop.customers()
    tags = Counter(tag for one in customers for tag in one["tags"] if tag.startswith("cj-id-"))
    staged = {str(row["id"]) for row in project.staged("customers", "id")}
    rows = ledger(project)
    assert rows.keys() == staged
    refused = {key for key, row in rows.items() if row["status"] == "refused"}
    assert tags == Counter(f"cj-id-{key}" for key in staged - refused)
    assert len({metafields(one)["customer_id"] for one in customers}) == len(customers)
    homes = {tag: one["id"] for one in customers for tag in one["tags"] if tag.startswith("cj-id-")}
    assert all(row["shopify_id"] == homes[f"cj-id-{key}"] for key, row in rows.items() if key not in refused)
    gone = {str(row["id"]) for row in project.staged("customers", "id")} & refused
    for kind in HISTORIES:
        wanted = [row for row in project.staged(kind, "id, customer_id") if str(row["customer_id"]) in staged - gone]
        assert carried(shop, kind) == sorted(row["id"] for row in wanted)
    assert shop.stats()["mails"]["total"] == 0


def test_every_staged_row_arrives_a_second_run_writes_nothing_and_what_changed_is_changed(
    project: Project, store: Store
) -> None:
    with start_shop("--time-scale", "100") as shop:
        assert project.run("meltano", "run", "collect")[0] == 0
        status, said = project.run("meltano", "run", "migrate", **into(shop))
        assert status == 0, said
        every_staged_row_is_in_the_shop_once(project, shop)
        status, said = project.run("migration", "report")
        assert status == 0, said
        assert "Every staged row is in exactly one line." in said

        before = shop.stats()["calls"]
        status, said = project.run("meltano", "run", "migrate", **into(shop))
        assert status == 0, said
        after = shop.stats()["calls"]
        assert {name for name in after if after[name] != before.get(name)} <= {
            "shop", "currentAppInstallation", "metafieldDefinitions", "bulkOperations",
        }  # fmt: skip

        number = next(row["id"] for row in project.staged("customers", "id, email") if row["email"])
        old = store.rows("customers")[number]["first_name"]
        changed = {"update": {str(number): {"first_name": "Adele", "name": "Adele Marsh"}}}
        assert requests.post(f"{store.url}/_sandbox/rows/customers", json=changed, timeout=10).status_code == 200
        try:
            status, said = project.run("meltano", "run", "collect", "migrate", **into(shop))
        finally:
            back = {"update": {str(number): {"first_name": old}}}
            requests.post(f"{store.url}/_sandbox/rows/customers", json=back, timeout=10)

        assert status == 0, said
        assert "0 new, 1 changed, 299 unchanged, 0 gone" in said
        [made] = [one for one in shop.customers() if f"cj-id-{number}" in one["tags"]]
        assert made["firstName"] == "Adele"
        assert Counter(row["status"] for row in ledger(project).values())["updated"] == 1
        every_staged_row_is_in_the_shop_once(project, shop)
        status, said = project.run("migration", "status", "--json", **into(shop))
        assert status == 0, said
        told = json.loads(said)
        assert told["phases"]["documents"]["figures"] == "0 new, 1 changed, 299 unchanged, 0 gone"
        assert told["to_go"] == 0


@pytest.mark.slow
def test_kill_9_of_anything_at_any_moment_and_the_same_command_end_with_every_row_once(project: Project) -> None:
    """Tap, target, Meltano or all of them, on either lane; then `meltano run migrate` again, until it succeeds."""
    dice = random.Random(2)
    with start_shop("--time-scale", "4", "--bulk-rate", "4") as shop:
        assert project.run("meltano", "run", "collect")[0] == 0
        victims = dice.sample(["staging-tap-postgres", "staging-target-shopify", "meltano", "all"], 3)
        for victim, lane in zip(victims, ("bulk", "direct", "bulk"), strict=True):
            run = project.start("meltano", "run", "migrate", **into(shop, TARGET_SHOPIFY_LANE=lane))
            time.sleep(dice.uniform(4.0, 9.0))
            _kill(run.pid, victim)
            said, _ = run.communicate(timeout=120)
            assert run.returncode != 0 or "Run completed" in said
            assert SECRET_TOKEN not in said
        status, said = project.run("meltano", "run", "migrate", **into(shop, TARGET_SHOPIFY_LANE="direct"))
        assert status == 0, said
        every_staged_row_is_in_the_shop_once(project, shop)


def _kill(leader: int, victim: str) -> None:
    for process in [psutil.Process(leader), *psutil.Process(leader).children(recursive=True)]:
        try:
            if victim == "all" or victim in " ".join(process.cmdline()):
                process.kill()
                if victim != "all":
                    return
        except psutil.NoSuchProcess:
            continue
