"""`migration run` from a local Cratejoy into a local Shopify: by itself, killed, asked, told."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import time

import pytest
from pipeline import Project, Store, start_shop
from test_migrate import every_staged_row_is_in_the_shop_once, into

WALK = ("migration", "run", "--until", "verified", "--pause", "1s")
THREE = '["customers.*", "subscriptions.*", "orders.*"]'


def steps(project: Project) -> list[tuple[str, str]]:
    with project.database() as connection:
        rows = connection.execute("select step, state from migration.path where step <> 'round' order by ended_at")
        return [(step, state) for step, state in rows]


def going_on(project: Project, runs: int) -> None:
    """Wait until so many runs have come to their first step."""
    log = project.folder / "reports" / "run.log"
    deadline = time.monotonic() + 120
    while not log.exists() or len(re.findall(r"^\S+ \S+  Until ", log.read_text(), re.MULTILINE)) < runs:
        assert time.monotonic() < deadline, "the run does not begin"
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(900)  # a dozen programs one after the other
def test_kill_9_at_any_moment_and_the_same_command_end_in_a_verified_shop(project: Project, store: Store) -> None:
    dice = random.Random(4)
    more = {"TAP_CRATEJOY__SELECT": THREE, "TARGET_POSTGRES_STATE_INTERVAL": "1"}
    with start_shop("--time-scale", "100") as shop:
        variables = into(shop, **more)
        run = project.start(*WALK, **variables)
        going_on(project, 1)
        status, said = project.run(*WALK, **variables)
        assert status == 1
        assert f"Another run is going on (migration run, process {run.pid} " in said
        time.sleep(dice.uniform(0.0, 8.0))
        run.kill()
        run.communicate(timeout=60)
        status, said = project.run(*WALK, timeout=600, **variables)
        assert status == 0, said
        every_staged_row_is_in_the_shop_once(project, shop)
        assert {state for _, state in steps(project)} == {"done"}
        assert [step for step, _ in steps(project)][-4:] == ["ready", "forecast", "migrate", "verify"]


@pytest.mark.slow
def test_a_decision_is_asked_for_told_about_and_gone_on_from(project: Project, store: Store) -> None:
    """A row that Cratejoy counts and never shows can only be accepted, and only by a person."""
    heard = project.folder / "heard.jsonl"
    script = project.folder / "hear.py"
    script.write_text(f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read() + chr(10))")
    variables = {
        "TAP_CRATEJOY__SELECT": '["products.*", "customers.*"]',
        "MIGRATION_NOTIFY_COMMAND": f"{sys.executable} {script}",
    }
    walk = ("migration", "run", "--until", "audited", "--pause", "1s")
    store.fault(count_off={"resource": "products", "by": 2})
    status, said = project.run(*walk, **variables)
    assert status == 3, said
    assert 'migration accept missing --stream products --count 2 --reason "..."' in said.splitlines()[-1]
    assert [step for step, state in steps(project) if state == "waiting"] == ["ready"]

    accept = ("migration", "accept", "missing", "--stream", "products", "--count", "2", "--reason", "a test")
    assert project.run(*accept)[0] == 0
    status, said = project.run(*walk, **variables)
    assert status == 0, said
    notices = [json.loads(line) for line in heard.read_text().splitlines()]
    assert [(one["event"], one["step"]) for one in notices] == [("waiting", "ready"), ("finished", "audited")]
    assert notices[0]["counts"] == {"customers": 300, "products": 6, "missing": 2}
    assert "@" not in heard.read_text()


def test_refused_credentials_end_it_at_once_with_the_plugin_s_own_sentence(project: Project) -> None:
    status, said = project.run(*WALK[:3], "collected", TAP_CRATEJOY_CLIENT_ID="somebody")
    assert status == 1
    assert said.splitlines()[-1].startswith("Error: customers failed: GET /customers/ is forbidden (403)")


def test_a_setting_that_cannot_be_used_ends_it_before_anything_is_asked(project: Project) -> None:
    status, said = project.run(*WALK, TAP_CRATEJOY_PAGE_SIZE="5000")
    assert (status, said.splitlines()[-1]) == (1, "Error: page_size and page_sizes take 1 to 1000, not 5000.")
    status, said = project.run(*WALK, MIGRATION_NOTIFY_URL="http://example.com/hook")
    assert status == 1
    assert "MIGRATION_NOTIFY_URL takes an https:// address" in said
    assert not (project.folder / ".staging").exists()


@pytest.mark.slow
def test_a_stop_is_clean_and_the_same_command_goes_on(project: Project, store: Store) -> None:
    store.fault(latency=0.3)
    walk = ("migration", "run", "--until", "collected", "--pause", "1s")
    variables = {"TAP_CRATEJOY__SELECT": '["customers.*"]', "TARGET_POSTGRES_STATE_INTERVAL": "1"}
    run = project.start(*walk, TAP_CRATEJOY_PAGE_SIZE="5", TAP_CRATEJOY_CONCURRENCY="1", **variables)
    going_on(project, 1)
    time.sleep(6)
    os.kill(run.pid, signal.SIGTERM)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 143, said
    assert "the same command goes on there" in said
    store.reset()
    status, said = project.run(*walk, TAP_CRATEJOY_PAGE_SIZE="5", **variables)
    assert status == 0, said
    assert len(project.staged("customers", "id")) == 300
