"""A quick test from an empty folder into the shop, then the real thing, looked at by somebody on the same machine."""

from __future__ import annotations

from pipeline import Project, Store, start_shop
from test_forecast import into
from test_security import no_key_was_among_arguments_and_no_file_with_one_open_to_others, watched


def test_a_handful_goes_the_whole_way_is_in_nobodys_way_and_nobody_sees_a_key(project: Project, store: Store) -> None:
    with start_shop("--time-scale", "100") as shop:
        ended, said = project.run("migration", "quick-test", "--customers", "5", "--send", **into(shop))
        assert ended == 0, said
        assert len(shop.customers()) == 5
        ids = {tag for customer in shop.customers() for tag in customer["tags"] if tag.startswith("cj-id-")}
        assert len(ids) == 5

        ended, said, seen = watched(project, "meltano", "run", "collect", "audit", "migrate", "verify", **into(shop))
        assert ended == 0, said
        assert "Clean:" in said
        assert len(project.staged("customers", "id")) == len(store.rows("customers"))
        no_key_was_among_arguments_and_no_file_with_one_open_to_others(project, seen)
