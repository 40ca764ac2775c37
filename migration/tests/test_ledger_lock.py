"""The ledger's lock: a session that is just ending is waited for, one that works is not waited for long."""

from __future__ import annotations

import threading

import psycopg
from cratejoy_migration import ledger_lock
from target_shopify.ledger import LOCK


def holder(url):
    connection = psycopg.connect(url, autocommit=True)
    assert connection.execute("select pg_try_advisory_lock(hashtext(%s))", (LOCK,)).fetchone()[0]
    return connection


def test_the_session_of_a_program_that_has_just_ended_is_waited_for(url):
    other = holder(url)
    threading.Timer(0.6, other.close).start()
    with psycopg.connect(url, autocommit=True) as connection:
        assert ledger_lock.take(connection, shared=True)


def test_a_program_that_goes_on_keeps_the_lock(url, monkeypatch):
    monkeypatch.setattr(ledger_lock, "PATIENCE_SECONDS", 0.3)
    with holder(url), psycopg.connect(url, autocommit=True) as connection:
        assert not ledger_lock.take(connection)


def test_readers_share_it_and_keep_a_writer_out(url, monkeypatch):
    monkeypatch.setattr(ledger_lock, "PATIENCE_SECONDS", 0.3)
    with (
        psycopg.connect(url, autocommit=True) as one,
        psycopg.connect(url, autocommit=True) as two,
        psycopg.connect(url, autocommit=True) as three,
    ):
        assert ledger_lock.take(one, shared=True)
        assert ledger_lock.take(two, shared=True)
        assert not ledger_lock.take(three)
