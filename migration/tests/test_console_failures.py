"""What people see when something outside the console is away or refuses, and how long they wait for it."""

from __future__ import annotations

import errno
import os

import psycopg
import pytest
import requests
from cratejoy_migration import meltano_runs
from cratejoy_migration.console import place
from cratejoy_migration.console.failures import in_words
from cratejoy_migration.console.parts import going_on
from cratejoy_migration.staging import StagingError
from sqlalchemy.exc import SQLAlchemyError
from streamlit.testing.v1 import AppTest

AWAY = "postgresql://ann:secret@away.example/crates"


class Network:
    """Servers in place of psycopg's: those that are away take all the time that they are given."""

    def __init__(self, *away: str) -> None:
        self.now = 1000.0
        self.away = set(away)
        self.tried: list[str] = []

    def clock(self) -> float:
        return self.now

    def connect(self, url, *, connect_timeout, autocommit):
        self.tried.append(url)
        if url in self.away:
            self.now += connect_timeout
            raise psycopg.errors.ConnectionTimeout("connection timeout expired: ann at away.example")
        return Opened()


class Opened:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Return the network between the console, of a project of its own, and a database that is away."""
    found = Network(AWAY)
    monkeypatch.setenv("STAGING_DATABASE_URL", AWAY)
    monkeypatch.setattr(place, "project", lambda: tmp_path)
    monkeypatch.setattr(place, "_LEASE", place._Lease())
    monkeypatch.setattr(place, "_ABSENCE", place._Absence(found.clock))
    monkeypatch.setattr(place.psycopg, "connect", found.connect)
    return found


def connected() -> bool:
    try:
        with place.connection():
            return True
    except psycopg.OperationalError:
        return False


# Sentences


@pytest.mark.parametrize("uri", ["postgresql+psycopg://ann:secret@127.0.0.1:1/meltano", "no address at all, secret"])
def test_meltanos_database_that_is_away_is_named_without_its_address(tmp_path, monkeypatch, uri):
    monkeypatch.setenv("MELTANO_DATABASE_URI", uri)
    with pytest.raises(SQLAlchemyError) as failed:
        meltano_runs.bookmarks(meltano_runs.open_database(tmp_path))
    assert in_words(failed.value) == "Meltano's database cannot be reached; check MELTANO_DATABASE_URI."


def test_what_the_system_refuses_is_said_in_its_words_and_no_others():
    full = OSError(errno.ENOSPC, "while writing ann@example.com", "/home/ann/reports")
    assert in_words(full).startswith("The system says: No space left on device. ")
    assert "ann" not in in_words(full)


@pytest.mark.parametrize("error", [requests.ConnectionError("ann@example.com"), OSError("ann@example.com"), KeyError()])
def test_what_has_no_words_of_the_system_is_a_mistake_of_the_program(error):
    assert "a mistake in the program" in in_words(error)


@pytest.mark.parametrize(
    "error",
    [StagingError("Run as its owner."), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), psycopg.OperationalError()],
)
def test_the_sidebar_leaves_to_the_page_what_is_the_matter(monkeypatch, error):
    def url():
        raise error

    def script():
        from cratejoy_migration.console.parts import going_on

        going_on.sidebar()

    monkeypatch.setattr(place, "url", url)
    monkeypatch.setattr(going_on, "_EVERY_SECONDS", None)
    shown = AppTest.from_function(script).run()
    assert not shown.exception
    assert not shown.error


# A database that is away


def test_a_database_that_is_away_is_named_without_its_address_whoever_asks(network):
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError) as failed, place.connection():
            pass
        assert in_words(failed.value) == (
            "The staging database cannot be reached; check its server and STAGING_DATABASE_URL."
        )


def test_sidebar_and_page_wait_once_for_a_database_that_is_away(network):
    began = network.now
    assert [connected(), connected()] == [False, False]
    assert network.tried == [AWAY]
    assert network.now - began == 3


def test_a_database_that_comes_back_is_seen_within_seconds(network):
    assert not connected()
    network.away.clear()
    network.now += 3
    assert connected()


def test_another_database_is_asked_at_once(network, monkeypatch):
    assert not connected()
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgresql://there.example/crates")
    assert connected()


def test_an_embedded_server_that_died_is_asked_again_at_once_where_it_was(network, monkeypatch):
    monkeypatch.delenv("STAGING_DATABASE_URL")
    monkeypatch.setattr(place, "url", lambda: AWAY)
    monkeypatch.setattr(place._LEASE, "renew", network.away.clear)
    assert connected()
    assert network.tried == [AWAY, AWAY]
