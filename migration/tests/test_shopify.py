"""The loader for Shopify keeps its ledger in the staging database, unless it is told another one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from cratejoy_migration.history import SENDS_FEW
from cratejoy_migration.shopify import StagingTargetShopify, changes_told
from cratejoy_migration.staging import control, postmaster, staging_database
from cratejoy_migration.staging.layout import Layout

BIN = Path(sys.executable).parent
SETTINGS = {"shop": "my-shop", "access_token": "planted-token", "api_url": "http://127.0.0.1:9"}
SECRET = "hunter2-planted"


@pytest.fixture
def run(tmp_path, project, monkeypatch):
    """Return a function that runs the real loader on an empty input in a private project."""
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))

    def start(*arguments, **settings):
        config = tmp_path / "config.json"
        config.write_text(json.dumps(SETTINGS | settings))
        return subprocess.run(
            [BIN / "staging-target-shopify", "--config", config, *arguments],
            input="",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start


def test_the_staging_database_keeps_the_ledger(url, monkeypatch):
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    assert StagingTargetShopify(config=dict(SETTINGS)).config["ledger_url"] == url


def test_the_embedded_database_runs_as_long_as_the_loader(project, monkeypatch):
    code = (
        "import json, sys; from cratejoy_migration.shopify import StagingTargetShopify as T;"
        f"print(T(config={SETTINGS!r}).config['ledger_url'], flush=True); sys.stdin.read()"
    )
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as loader:
        url = loader.stdout.readline().strip()
        subprocess.run(["sleep", "2"], check=True)
        with psycopg.connect(url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_configured_ledger_is_left_alone():
    other = "postgresql://u@127.0.0.1:9/ledger"
    assert StagingTargetShopify(config={**SETTINGS, "ledger_url": other}).config["ledger_url"] == other


def test_help_and_about_need_no_database(run, project):
    assert run("--about").returncode == run("--help").returncode == 0
    assert postmaster.read(Layout(project).data) is None


def test_a_staging_url_that_cannot_be_used_is_one_sentence(run, monkeypatch):
    monkeypatch.setenv("STAGING_DATABASE_URL", f"mysql://u:{SECRET}@127.0.0.1/d")
    ended = run()
    assert ended.returncode == 1
    assert "not a PostgreSQL URL" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert SECRET not in ended.stderr


def test_a_shop_that_is_away_is_one_sentence_without_secrets(run, project):
    with staging_database(project):
        ended = run(max_retries=0)
    control.stop(Layout(project))
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert SETTINGS["access_token"] not in ended.stderr


@pytest.mark.parametrize(("few", "command"), [("", "migrate"), ("1", "send")])
def test_single_customers_are_no_migration_in_the_history(run, url, monkeypatch, few, command):
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    monkeypatch.setenv(SENDS_FEW, few)
    assert run(max_retries=0).returncode == 1  # the shop is away
    with psycopg.connect(url) as connection:
        assert connection.execute("select command, state from migration.runs").fetchall() == [(command, "failed")]


def test_what_changed_is_told_in_words():
    figures = {"new": 12, "changed": 3, "unchanged": 1985, "gone": 1, "unfinished": 0}
    assert changes_told(figures) == "12 new, 3 changed, 1,985 unchanged, 1 gone (still in the shop)"
    assert changes_told({"new": 0}) == "0 new, 0 changed, 0 unchanged, 0 gone"
