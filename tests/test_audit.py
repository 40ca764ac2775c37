"""Completeness as its users check it: audit, backfill, decisions, and the gate before phase 2."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from pipeline import SECRET_TOKEN, STREAMS, Project, Shop, Store, start_shop


def into(shop: Shop) -> dict[str, str]:
    return {
        "TARGET_SHOPIFY_SHOP": "demo",
        "TARGET_SHOPIFY_API_URL": shop.url,
        "TARGET_SHOPIFY_ACCESS_TOKEN": SECRET_TOKEN,
    }


def do(project: Project, statement: str, *values: Any) -> list[Any]:
    with project.database() as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def bookmarks(project: Project) -> Any:
    with closing(sqlite3.connect(project.folder / ".meltano" / "meltano.db")) as database:
        [(state,)] = database.execute("select completed_state from state where state_id like 'dev:tap-cratejoy-to-%'")
    return json.loads(state)


def test_phase_2_does_not_start_before_every_hole_is_closed(project: Project, store: Store) -> None:
    assert project.run("meltano", "run", "collect")[0] == 0
    rows = {stream: sorted(store.rows(stream)) for stream in STREAMS}
    before = bookmarks(project)
    hole = [*rows["customers"][100:200], rows["customers"][7]]
    do(project, "delete from cratejoy.customers where id = any(%s)", hole)
    do(project, "drop table cratejoy.transactions")

    with start_shop("--time-scale", "100") as shop:
        status, said = project.run("meltano", "run", "migrate", **into(shop))
        assert status != 0
        assert "101 of customers" in said
        assert "migration backfill" in said
        assert shop.customers() == []

    status, said = project.run("migration", "audit", "--deep", "--stream", "customers")
    assert status == 1
    assert "101 rows are missing. Next: migration backfill" in said
    assert do(project, "select page, cardinality(missing) from migration.audit_pages where missing <> '{}'") == [
        (0, 1),
        (1, 100),
    ]

    status, said = project.run("migration", "backfill")
    assert status == 0, said
    assert {stream: sorted(row["id"] for row in project.staged(stream, "id")) for stream in STREAMS} == rows
    assert bookmarks(project) == before
    assert project.run("meltano", "run", "audit")[0] == 0
    do(project, "delete from cratejoy.products where id in (select max(id) from cratejoy.products)")
    assert project.run("meltano", "run", "audit")[0] != 0
    do(project, "delete from migration.audit where stream = 'products'")
    audited = do(project, "select stream, api_count, staged_count, missing, extra from migration.audit")
    assert sorted(audited) == sorted(
        (stream, len(ids), len(ids), 0, 0) for stream, ids in rows.items() if stream != "products"
    )


@pytest.mark.slow
def test_a_backfill_that_was_killed_is_ended_by_the_next_one(project: Project, store: Store) -> None:
    assert project.run("meltano", "run", "collect")[0] == 0
    rows = sorted(store.rows("shipments"))
    do(project, "delete from cratejoy.shipments where id %% 3 = 0")
    store.fault(latency=0.1)
    slow = {"TAP_CRATEJOY_PAGE_SIZE": "20", "TAP_CRATEJOY_CONCURRENCY": "1", "TARGET_POSTGRES_STATE_INTERVAL": "1"}
    run = project.start("migration", "backfill", **slow)
    time.sleep(7)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    store.reset()
    status, said = project.run("migration", "backfill", **slow)
    assert status == 0, said
    assert sorted(row["id"] for row in project.staged("shipments", "id")) == rows
