"""The page "Runs" as Streamlit would run it: how a run ended, its log, and the table of all."""

from __future__ import annotations

import psycopg
import pytest
from cratejoy_migration.console import place
from cratejoy_migration.console.access import gate
from cratejoy_migration.console.work import jobs, log, store
from cratejoy_migration.console.work.plan import single
from cratejoy_migration.console.work.worker import Worker
from cratejoy_migration.unattended.child import Children, Ended
from streamlit.testing.v1 import AppTest


@pytest.fixture
def connection(url, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "project", lambda: tmp_path)
    monkeypatch.setattr(place, "url", lambda: url)
    monkeypatch.setattr(gate, "who", lambda: "Ana")
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    with psycopg.connect(url, autocommit=True) as opened:
        store.prepare(opened)
        yield opened


@pytest.fixture
def ended(connection):
    """Return a function that puts a run there that ended so, and returns its number."""

    def put(state, sentence):
        number = store.add(connection, single("audit", "Audit", "migration", "audit"), "Ana")
        store.begin(connection, number)
        store.begin_step(connection, number, 0)
        store.end_step(connection, number, 0, state, sentence)
        store.end(connection, number, state, sentence)
        return number

    return put


def show():
    def script():
        from cratejoy_migration.console.pages import run

        run.page()

    page = AppTest.from_function(script, default_timeout=30).run()
    assert not page.exception, page.exception[0].stack_trace
    return page


@pytest.mark.parametrize(
    ("state", "sentence", "expected"),
    [
        ("unheld", "9 rows are missing. Next: migration backfill",
         "Done, and what it checks does not hold. 9 rows are missing."),
        ("unheld", "Next: meltano run collect", "Done, and what it checks does not hold."),
        ("failed", "no customers are staged yet; run first: meltano run collect",
         "Failed. No customers are staged yet."),
        ("stopped", None, "Stopped."),
    ],
)  # fmt: skip
def test_a_run_ends_with_a_sentence_without_command_lines(ended, state, sentence, expected):
    ended(state, sentence)
    page = show()
    assert [one.value for one in (*page.warning, *page.error)] == [expected]


def test_the_table_of_all_runs_tells_each_state_in_few_words(ended):
    for state in ("unheld", "waiting"):
        ended(state, None)
    assert list(show().dataframe[-1].value["State"]) == ["Waits for a decision", "Done, does not hold"]


def test_the_log_is_narrowed_by_short_words(ended):
    written = log.Log(jobs.log_file(ended("done", None)))
    for level in ("note", "warning", "error"):
        written.note("audit", level, f"a {level}")
    page = show()
    [choice] = page.button_group
    assert choice.options == ["All", "Warnings", "Errors"]
    for chosen, lines in (("All", 3), ("Warnings", 2), ("Errors", 1)):
        page.button_group[0].set_value(chosen).run()
        assert len(page.code[0].value.splitlines()) == lines


def test_a_worker_notes_how_a_step_ended_in_words(connection, tmp_path, monkeypatch):
    number = store.add(connection, single("audit", "Audit", "migration", "audit"), "Ana")
    monkeypatch.setattr(Children, "listen", lambda _: None)
    said = ("9 rows are missing. Next: migration backfill",)
    monkeypatch.setattr(Children, "run", lambda *_: Ended(1, said))
    assert Worker(tmp_path, number).go() == 1
    assert [entry.text for entry in log.read(jobs.log_file(number))] == [
        "Audit begins.", "Audit: done, and what it checks does not hold. 9 rows are missing."]  # fmt: skip
