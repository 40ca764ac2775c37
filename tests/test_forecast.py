"""Forecast, status and history along the whole path, as an operator goes it."""

from __future__ import annotations

import csv
import json
from typing import Any

from pipeline import SECRET_TOKEN, Project, Shop, Store, start_shop


def into(shop: Shop) -> dict[str, str]:
    return {
        "TARGET_SHOPIFY_SHOP": "demo",
        "TARGET_SHOPIFY_API_URL": shop.url,
        "TARGET_SHOPIFY_ACCESS_TOKEN": SECRET_TOKEN,
    }


def status(project: Project, shop: Shop) -> dict[str, Any]:
    ended, said = project.run("migration", "status", "--json", **into(shop))
    assert ended == 0, said
    return dict(json.loads(said))


def test_what_was_foretold_happens_and_the_status_knows_where_it_stands(project: Project, store: Store) -> None:
    with start_shop("--time-scale", "100") as shop:
        assert status(project, shop)["situation"] == "nothing staged"
        assert project.run("meltano", "run", "collect", "audit")[0] == 0
        assert status(project, shop)["situation"] == "not foretold"

        ended, said = project.run("migration", "forecast", **into(shop))
        assert ended == 0, said
        assert "Nobody would be refused" in said
        assert shop.customers() == []
        assert status(project, shop)["situation"] == "to go"
        with (project.folder / "reports" / "forecast.csv").open(newline="") as file:
            foretold = {row["cratejoy_id"]: (row["outcome"], row["reason"]) for row in csv.DictReader(file)}
        points = json.loads((project.folder / "reports" / "forecast.json").read_text())["points"]

        ended, said = project.run("meltano", "run", "migrate", **into(shop))
        assert ended == 0, said
        with project.database() as connection:
            rows = connection.execute("select document_key, status, coalesce(reason, '') from migration.ledger")
            assert {key: (outcome, reason) for key, outcome, reason in rows} == foretold
            runs = dict(
                connection.execute("select command, (figures ->> 'points')::int from migration.runs").fetchall()
            )
        assert abs(runs["migrate"] - points) <= points / 10
        told = status(project, shop)
        assert (told["situation"], told["to_go"]) == ("not verified", 0)
