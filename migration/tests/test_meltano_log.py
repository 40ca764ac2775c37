"""What Meltano's console shows: people's lines, no metrics, no traceback of its own pipes."""

from __future__ import annotations

import logging
import os

import pytest
from cratejoy_migration.meltano_log import Readable, formatter


def record(message, name="meltano.cli", exc_info=None):
    return logging.LogRecord(name, logging.ERROR, "file.py", 1, message, None, exc_info)


def test_metrics_are_left_out():
    assert not Readable().filter(record({"event": "METRIC", "metric_value": 5}))
    assert Readable().filter(record({"event": "customers: 60 rows stored"}))
    assert Readable().filter(record("plain text"))


@pytest.mark.parametrize(
    "event",
    [
        "Using systemdb state backend",
        "Reading state from Database",
        "Running catalog discovery",
        "Using logging configuration from logging.yaml",
        "Block run completed",
        "No state was found, complete import.",
    ],
)
def test_meltanos_talk_to_itself_is_left_out_unless_it_went_wrong(event):
    plumbing = record({"event": event})
    assert Readable().filter(plumbing)  # an error
    plumbing.levelno = logging.INFO
    assert not Readable().filter(plumbing)
    plumbing.levelno = logging.WARNING
    assert not Readable().filter(plumbing)
    assert Readable().filter(record({"event": "Run completed"}))


@pytest.mark.parametrize("given", [BrokenPipeError(), (ConnectionResetError, ConnectionResetError(), None)])
def test_the_first_broken_pipe_of_a_run_becomes_a_sentence(given):
    shown = Readable()
    first = record({"event": "", "exc_info": given})
    assert shown.filter(first)
    assert first.msg == {"event": "The loader ended before all was read; its own message above says why."}
    assert not shown.filter(record({"event": "", "exc_info": given}))


def test_a_broken_pipe_in_plain_words_becomes_the_sentence_too():
    shown = Readable()
    plain = record("", "asyncio", (BrokenPipeError, BrokenPipeError(), None))
    assert shown.filter(plain)
    assert plain.getMessage() == "The loader ended before all was read; its own message above says why."
    assert plain.exc_info is None
    assert not shown.filter(record("Task exception", "asyncio", (BrokenPipeError, BrokenPipeError(), None)))


def test_other_errors_keep_their_traceback():
    error = ValueError("x")
    other = record({"event": "wrong", "exc_info": error})
    assert Readable().filter(other)
    assert other.msg["exc_info"] is error


def test_what_meltano_writes_after_its_logging_is_set_up_is_for_the_owner_only(tmp_path, monkeypatch):
    """Meltano puts a plugin's keys into a file of its run folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".meltano").mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        assert isinstance(formatter(), logging.Formatter)
        (tmp_path / ".meltano" / "tap.config.json").write_text("{}")
    finally:
        os.umask(before)
    assert (tmp_path / ".meltano").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".meltano" / "tap.config.json").stat().st_mode & 0o777 == 0o600
