"""Settings as Meltano tells them: the same from its command line, from wherever they come."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cratejoy_migration import meltano_settings, plugins
from cratejoy_migration.errors import OperatorError

ROOT = Path(__file__).parents[2]
MELTANO = Path(sys.executable).parent / "meltano"


@pytest.fixture
def folder(project, monkeypatch):
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, project)
    monkeypatch.setenv("MELTANO_CLI_DISABLE_VERSION_CHECK", "1")
    monkeypatch.setenv("MELTANO_SEND_ANONYMOUS_USAGE_STATS", "false")
    return project


def meltano(folder, *arguments):
    command = [MELTANO, "--log-level=error", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(folder, *options):
    """Return what the command line tells of the tap in the environment of a run."""
    command = ("--environment=dev", "config", "--unsafe", "print", "tap-cratejoy", "--format=json", *options)
    return json.loads(meltano(folder, *command))


def test_every_source_of_settings_counts_as_it_does_on_the_command_line(folder, monkeypatch, capsys):
    (folder / ".env").write_text("TAP_CRATEJOY_CLIENT_ID=from-dotenv\nTAP_CRATEJOY_PAGE_SIZE=500\nSIX=6\n")
    monkeypatch.setenv("TAP_CRATEJOY_PAGE_SIZE", "250")
    monkeypatch.setenv("TAP_CRATEJOY__SELECT", '["customers.*"]')
    meltano(folder, "config", "set", "--store=db", "tap-cratejoy", "lookback_days", "4")
    meltano(folder, "config", "set", "tap-cratejoy", "max_retries", "9")
    project = yaml.safe_load((folder / "meltano.yml").read_text())
    project["environments"][0]["config"] = {
        "plugins": {"extractors": [{"name": "tap-cratejoy", "config": {"concurrency": "$SIX", "record_limit": 7}}]}
    }
    (folder / "meltano.yml").write_text(yaml.safe_dump(project))
    capsys.readouterr()

    found = meltano_settings.read(folder, "tap-cratejoy")
    assert found == told(folder)
    names = ("client_id", "page_size", "lookback_days", "max_retries", "concurrency", "record_limit")
    assert [str(found[name]) for name in names] == ["from-dotenv", "250", "4", "9", "6", "7"]
    extras = meltano_settings.read(folder, "tap-cratejoy", extras=True)
    assert extras == told(folder, "--extras")
    assert extras["_select"] == ["customers.*"]
    assert capsys.readouterr() == ("", "")


def test_reading_makes_no_database_of_meltano(folder):
    assert meltano_settings.read(folder, "target-shopify").get("shop") is None
    assert not (folder / ".meltano" / "meltano.db").exists()


def test_another_environment_is_the_one_that_is_named(folder, monkeypatch):
    project = yaml.safe_load((folder / "meltano.yml").read_text())
    tap = {"name": "tap-cratejoy", "config": {"client_id": "of-prod"}}
    project["environments"].append({"name": "prod", "config": {"plugins": {"extractors": [tap]}}})
    (folder / "meltano.yml").write_text(yaml.safe_dump(project))
    assert meltano_settings.read(folder, "tap-cratejoy").get("client_id") is None
    (folder / ".env").write_text("MELTANO_ENVIRONMENT=prod\n")
    assert meltano_settings.read(folder, "tap-cratejoy")["client_id"] == "of-prod"
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "dev")
    assert meltano_settings.read(folder, "tap-cratejoy").get("client_id") is None


@pytest.mark.parametrize("text", [None, "", "plugins: [", "plugins: 5", "default_environment: nowhere", "version: 1"])
def test_a_project_that_meltano_cannot_read_is_one_sentence(folder, text):
    file = folder / "meltano.yml"
    file.unlink()
    if text is not None:
        file.write_text(text)
    with pytest.raises(OperatorError, match=r"^Meltano cannot tell the settings of tap-cratejoy \(\w+\): run it in"):
        plugins.tap_settings(folder)


def test_a_database_that_is_none_is_one_sentence(folder):
    (folder / ".meltano").mkdir()
    (folder / ".meltano" / "meltano.db").write_text("no database" * 100)
    with pytest.raises(OperatorError, match=r"^Meltano cannot tell the settings of tap-cratejoy"):
        plugins.tap_settings(folder)
