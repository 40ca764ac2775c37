"""`migration probe` as its first user runs it."""

from __future__ import annotations

import json
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cratejoy_migration.probe import report
from cratejoy_migration.probe.advice import Advice
from cratejoy_migration.probe.findings import CRATEJOY, Finding, Verdict

from .probing import SECRET, TOKEN, Project, Server, local_cratejoy, local_shopify, make_project

PERSON = {"email": "planted.person@example.com", "firstName": "Plantedname", "phone": "+15032000001"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with local_cratejoy(tmp_path_factory.mktemp("probe-command"), 1200) as server:
        yield server


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with local_shopify("--plan", "dev") as server:
        server.add(PERSON)
        yield server


@pytest.fixture
def here(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def test_both_platforms_are_asked_and_the_settings_are_written(here: Project, store: Server, shop: Server) -> None:
    here.configure("# mine", "OTHER='keep me'", cratejoy=store, shop=shop)

    status, said = here.run("migration", "probe", "--write-env", "--yes")

    assert status == 0, said
    assert "number of the first page" in said
    assert "0; for shipments 0 or 1" in said
    assert "+ TAP_CRATEJOY_PAGE_SIZE=500" in said
    written = (here.folder / ".env").read_text()
    assert written.startswith("# mine\nOTHER='keep me'\n")
    assert "\n\n# Recommended by `migration probe`.\nTAP_CRATEJOY_PAGE_SIZE=500\n" in written
    assert stat.S_IMODE((here.folder / ".env").stat().st_mode) == 0o600

    files = {name: (here.folder / "reports" / name).read_text() for name in ("probe.json", "probe.md")}
    assert all(stat.S_IMODE((here.folder / "reports" / name).stat().st_mode) == 0o600 for name in files)
    for text in (said, *files.values()):
        for planted in ("planted", "@", "5032000001", "gid:", SECRET, TOKEN, "127.0.0.1"):
            assert planted not in text.lower(), planted
    saved = json.loads(files["probe.json"])
    assert saved["cratejoy"]["requests"] == 38
    assert saved["recommended"]["TAP_CRATEJOY_PAGE_SIZE"]["value"] == "500"
    assert {one["platform"] for one in saved["findings"]} == {"Cratejoy", "Shopify"}

    names = [row["email"] for row in _people(store)]
    assert not [name for name in names if name and name in files["probe.json"] + files["probe.md"] + said]


def _people(store: Server) -> list[dict[str, str]]:
    import requests

    answer = requests.get(f"{store.url}/v1/customers/", {"limit": "1000"}, auth=("sandbox", SECRET), timeout=30)
    return list(answer.json()["results"])


def test_one_platform_is_enough_and_nothing_is_written_without_being_asked(here: Project, store: Server) -> None:
    here.configure(cratejoy=store)
    before = (here.folder / ".env").read_text()

    status, said = here.run_here("probe", "--write-env")

    assert status == 0, said
    assert "Shopify" not in said
    assert "Nobody is here to be asked: add --yes." in said
    assert (here.folder / ".env").read_text() == before


def test_a_platform_that_cannot_be_asked_does_not_keep_the_other_from_being_asked(here: Project, shop: Server) -> None:
    here.configure("TAP_CRATEJOY_CLIENT_ID=x", "TAP_CRATEJOY_CLIENT_SECRET=y",
                   "TAP_CRATEJOY_API_URL=http://127.0.0.1:1/v1", shop=shop)  # fmt: skip

    status, said = here.run_here("probe")

    assert status == 1
    assert "customers in the shop" in said
    assert [line for line in said.splitlines() if line.startswith("Error: GET /customers/")]


def test_what_makes_a_migration_impossible_is_listed_and_exits_with_1(here: Project) -> None:
    with local_shopify("--scopes", "read_customers") as shop:
        here.configure(shop=shop)
        status, said = here.run_here("probe", "shopify")

    assert status == 1
    assert "This makes a migration impossible" in said
    assert "- Shopify, scopes to migrate: missing: write_customers. Grant them in the app's settings" in said


def test_nothing_configured_is_one_sentence(here: Project) -> None:
    status, said = here.run_here("probe")

    assert status == 1
    assert said == (
        "Error: Nothing to ask: set TAP_CRATEJOY_CLIENT_ID and TAP_CRATEJOY_CLIENT_SECRET or TARGET_SHOPIFY_SHOP and "
        "TARGET_SHOPIFY_ACCESS_TOKEN (or _CLIENT_ID and _CLIENT_SECRET) in .env.\n"
    )


def test_a_probe_that_is_killed_leaves_no_file_and_can_be_run_again(here: Project, store: Server) -> None:
    here.configure("TAP_CRATEJOY_REQUESTS_PER_SECOND=2", cratejoy=store)
    process = here.start("migration", "probe", TAP_CRATEJOY_REQUESTS_PER_SECOND="2")
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)

    assert not (here.folder / "reports").exists()


# The report


def finding(**changes: object) -> Finding:
    kept = {"topic": "order", "asked": "a", "found": "none | any", "assumed": "by id", "verdict": Verdict.DIFFERS}
    return Finding(CRATEJOY, **{**kept, **changes})  # type: ignore[arg-type]


def test_a_report_is_read_by_people_and_by_programs(tmp_path: Path) -> None:
    saved = report.as_json("probe", [finding()], [Advice("SIZE", "500", "it came whole")], shop="abc")

    files = report.write(tmp_path / "reports", saved)

    assert [file.name for file in files] == ["probe.json", "probe.md"]
    assert json.loads(files[0].read_text())["findings"][0]["verdict"] == "differs"
    assert "| ≠ | order | a | none \\| any | by id |  |" in files[1].read_text()
    assert "- `SIZE=500`: it came whole" in files[1].read_text()


def test_what_needs_nobody_is_not_said_to_follow() -> None:
    found = [finding(follows="nothing: the tap copes"), finding(follows="do this"),
             finding(follows="fine", verdict=Verdict.AGREES)]  # fmt: skip

    assert report.consequences(found) == ["order: do this"]


def test_what_prevents_a_migration_is_told_with_what_to_do() -> None:
    assert report.blockers([finding(follows="ask for it", prevents=True), finding()]) == [
        "Cratejoy, order: none | any. Ask for it."
    ]


def test_a_shop_is_told_from_others_without_its_name() -> None:
    assert report.pseudonym("planted-shop") != report.pseudonym("other-shop")
    assert "planted" not in report.pseudonym("planted-shop")
