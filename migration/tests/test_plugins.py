"""The plugins' settings as commands read them."""

import shutil
import signal
from pathlib import Path

import pytest
from cratejoy_migration import plugins

ROOT = Path(__file__).parents[2]


@pytest.fixture
def configured(project, monkeypatch):
    """Return a project with settings for both plugins."""
    for name in ("meltano.yml", "logging.yaml"):
        shutil.copy(ROOT / name, project)
    monkeypatch.setenv("TAP_CRATEJOY_CLIENT_ID", "somebody")
    monkeypatch.setenv("TAP_CRATEJOY_CLIENT_SECRET", "secret")
    monkeypatch.setenv("TARGET_SHOPIFY_SHOP", "demo")
    monkeypatch.setenv("TARGET_SHOPIFY_ACCESS_TOKEN", "shpat_secret")
    return project


def test_a_command_that_reads_settings_still_ends_at_a_signal(configured):
    """The SDK's plugins take over SIGINT and SIGTERM when they are made; a command that only asks would go on."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert plugins.tap_settings(configured).client_id == "somebody"
    assert plugins.target_settings(configured).shop == "demo"
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_path_is_shown_as_short_as_it_can_be_followed_from_the_project():
    project = Path("/opt/migration")
    assert plugins.shown(project / "reports" / "forecast.csv", project) == "reports/forecast.csv"
    assert plugins.shown(Path("/var/reports/forecast.csv"), project) == "/var/reports/forecast.csv"


def test_extras_tell_what_is_selected(configured):
    assert "customers.*" in plugins.extras(configured, plugins.TAP)["_select"]
