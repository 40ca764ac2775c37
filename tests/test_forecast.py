"""Forecast, status, history, verification and repair along the whole path, as an operator goes it."""

from __future__ import annotations

import csv
import json
from typing import Any

import requests
from pipeline import SECRET_TOKEN, Project, Shop, start_shop

REMOVE = "mutation($id: ID!, $tags: [String!]!) { tagsRemove(id: $id, tags: $tags) { userErrors { message } } }"


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


def admin(shop: Shop, text: str, **variables: Any) -> None:
    answer = requests.post(
        f"{shop.url}/admin/api/2026-07/graphql.json",
        json={"query": text, "variables": variables},
        headers={"X-Shopify-Access-Token": SECRET_TOKEN},
        timeout=20,
    ).json()
    assert "errors" not in answer, answer


def certificate(project: Project) -> dict[str, Any]:
    return dict(json.loads((project.folder / "reports" / "certificate.json").read_text()))


def test_what_was_foretold_happens_and_the_status_knows_where_it_stands(project: Project) -> None:
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
        _what_changes_in_the_shop_is_found_and_repaired(project, shop)


def _what_changes_in_the_shop_is_found_and_repaired(project: Project, shop: Shop) -> None:
    ended, said = project.run("migration", "verify", **into(shop))
    assert ended == 0, said
    assert "Clean: every staged row" in said
    staged = {stream: len(project.staged(stream, "id")) for stream in ("customers", "subscriptions", "orders")}
    told = certificate(project)
    assert {stream: told["counts"][stream]["staged"] for stream in staged} == staged
    assert (project.folder / "reports" / "certificate.html").stat().st_mode & 0o077 == 0
    text = (project.folder / "reports" / "certificate.html").read_text() + json.dumps(told)
    people = project.staged("customers", "email, last_name")
    assert [one["email"] for one in people if one["email"] and one["email"] in text] == []

    victim = next(one for one in shop.customers() if "cj-status-active" in one["tags"])
    admin(shop, REMOVE, id=victim["id"], tags=["cj-status-active"])

    ended, said = project.run("migration", "verify", **into(shop))
    assert ended == 1, said
    assert "Next: migration repair" in said
    assert "Error:" not in said
    [sample] = certificate(project)["samples"]["different"]
    assert sample["differences"] == [{"field": "tag", "kind": "removed_in_shop", "key": "cj-status-active"}]

    ended, said = project.run("migration", "repair", **into(shop))
    assert ended == 0, said
    assert "1 customer sent again." in said
    assert certificate(project)["clean"] is True
    assert "cj-status-active" in next(one for one in shop.customers() if one["id"] == victim["id"])["tags"]
