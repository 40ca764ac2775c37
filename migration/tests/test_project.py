"""Which staging database is meant."""

from __future__ import annotations

import pytest
from cratejoy_migration.staging import StagingError, staging_database
from cratejoy_migration.staging.project import configured_url, normalised_url, project_folder


def test_the_environment_wins_over_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("STAGING_DATABASE_URL=postgresql://a@example.com/file\n")
    assert configured_url(tmp_path) == "postgresql://a@example.com/file"
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgresql://a@example.com/environment")
    assert configured_url(tmp_path) == "postgresql://a@example.com/environment"


def test_an_empty_url_means_the_embedded_database(tmp_path, monkeypatch):
    monkeypatch.setenv("STAGING_DATABASE_URL", "")
    assert configured_url(tmp_path) is None


def test_a_configured_database_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://a@example.com/b")
    with staging_database(tmp_path) as url:
        assert url == "postgresql://a@example.com/b"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d", " postgresql://u:p@h/d\n"])
def test_driver_names_and_old_schemes_are_understood(url):
    assert normalised_url(url) == "postgresql://u:p@h/d"


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "u:hunter2@h", "host=h password=hunter2"])
def test_another_url_is_refused_without_repeating_it(url):
    with pytest.raises(StagingError) as refusal:
        normalised_url(url)
    assert "hunter2" not in str(refusal.value)


def test_the_project_is_the_nearest_folder_with_a_meltano_yml(tmp_path, monkeypatch):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "meltano.yml").touch()
    monkeypatch.chdir(inner)
    assert project_folder() == tmp_path
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(inner))
    assert project_folder() == inner
