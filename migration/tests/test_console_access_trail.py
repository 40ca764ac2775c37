"""Who did what: the table, what is written later, and the page that shows it."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from cratejoy_migration.console import place
from cratejoy_migration.console.access import trail
from cratejoy_migration.console.failures import Discreet, in_words
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging import StagingError
from streamlit.testing.v1 import AppTest


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


def _told(entries):
    return [(entry.who, entry.what, entry.subject) for entry in entries]


def test_what_was_done_last_comes_first(connection):
    assert trail.latest(connection, 10) == []
    trail.record(connection, "ann", "signed in")
    trail.record(connection, "ann", "started: Quick test", "run 1")
    assert _told(trail.latest(connection, 10)) == [("ann", "started: Quick test", "run 1"), ("ann", "signed in", "")]
    assert _told(trail.latest(connection, 1)) == [("ann", "started: Quick test", "run 1")]


def test_two_consoles_may_write_the_first_entry_at_once(url, connection):
    with psycopg.connect(url) as slow:
        slow.execute(trail._TABLE)
        # The other one waits for the table that is being made, and then finds it there.
        thread = threading.Thread(target=trail.record, args=(connection, "ben", "signed in"))
        thread.start()
        time.sleep(0.3)
        slow.commit()
        thread.join(30)
        assert not thread.is_alive()
    assert _told(trail.latest(connection, 10)) == [("ben", "signed in", "")]


def test_notes_are_written_when_the_database_comes_back(url, connection, monkeypatch):
    monkeypatch.setattr(trail, "_PATIENCE_SECONDS", 0.1)
    away = [True]

    @contextmanager
    def connect():
        if away[0]:
            raise StagingError("the staging database cannot be reached.")
        with psycopg.connect(url, autocommit=True) as opened:
            yield opened

    notes = trail.Notes(connect)
    began = time.monotonic()
    notes.note("ann", "signed in", "from 127.0.0.1")
    assert time.monotonic() - began < 2  # a connection that is waited for takes ten
    time.sleep(0.3)
    away[0] = False
    deadline = time.monotonic() + 30
    while not trail.latest(connection, 10) and time.monotonic() < deadline:
        time.sleep(0.05)
    notes.close()
    assert _told(trail.latest(connection, 10)) == [("ann", "signed in", "from 127.0.0.1")]


def test_what_could_not_be_written_is_counted_in_the_log(caplog):
    @contextmanager
    def connect():
        raise psycopg.OperationalError("no server at postgresql://ann:secret@host")
        yield

    notes = trail.Notes(connect)
    notes.note("ann", "signed in")
    notes.note("ann", "signed out")
    notes.close()
    assert caplog.messages == ["2 entries of the trail could not be written."]


def test_the_page_shows_the_trail(url, connection, monkeypatch):
    monkeypatch.setattr(place, "url", lambda: url)
    shown = AppTest.from_function(_activity).run()
    assert "Nothing has been done" in shown.markdown[-1].value
    trail.record(connection, "ann", "started: Backfill", "run 7")
    shown.run()
    assert not shown.exception
    row = shown.dataframe[0].value.iloc[0]
    assert (row["Who"], row["What"], row["Where"]) == ("ann", "started: Backfill", "run 7")


def _activity():
    from cratejoy_migration.console.pages import activity

    activity.page()


def test_a_failing_page_tells_no_data(caplog):
    logger = logging.getLogger("streamlit.a_page")
    logger.addFilter(Discreet())
    with pytest.raises(KeyError) as raised:
        {"email": "ann@example.com"}["ben@example.com"]
    logger.error("Uncaught app execution", exc_info=raised.value)
    assert "ben@" not in in_words(raised.value)
    assert "ben@" not in caplog.text
    assert caplog.messages == ["Uncaught app execution (KeyError at an unknown place)"]


def test_a_failure_that_people_can_mend_is_their_sentence():
    assert in_words(OperatorError("Collect first.")) == "Collect first."
    assert in_words(StagingError("the  server\nis gone.")) == "the server is gone."
    assert "postgresql://" not in in_words(psycopg.OperationalError("postgresql://ann:secret@host refused"))
