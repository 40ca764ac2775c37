"""A quick test from an empty folder: nothing written, no bookmark; then the same into the shop; then the real thing."""

from __future__ import annotations

from pipeline import Project, Store, start_shop
from test_forecast import into, status


def test_a_handful_goes_the_whole_way_and_is_in_nobodys_way(project: Project, store: Store) -> None:
    with start_shop("--time-scale", "100") as shop:
        ended, said = project.run("migration", "quick-test", "--customers", "5", **into(shop))
        assert ended == 0, said
        assert "5 of 5 customers would go; nothing was written to Shopify." in said
        assert shop.customers() == []
        assert status(project, shop)["situation"] == "only tested"
        assert not (project.folder / "reports" / "forecast.json").exists()

        ended, said = project.run("migration", "quick-test", "--customers", "5", "--send", **into(shop))
        assert ended == 0, said
        assert len(shop.customers()) == 5
        ids = {tag for customer in shop.customers() for tag in customer["tags"] if tag.startswith("cj-id-")}
        assert len(ids) == 5

        ended, said = project.run("meltano", "run", "collect", "audit", "migrate", "verify", **into(shop))
        assert ended == 0, said
        assert "Clean:" in said
        assert len(project.staged("customers", "id")) == len(store.rows("customers"))
