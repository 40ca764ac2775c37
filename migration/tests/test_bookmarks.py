"""Bookmarks: shown, started over, moved to a page, put back; and what the tap then really reads."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cratejoy_migration import meltano_runs, one_run
from cratejoy_migration.bookmark_rules import Mark, continued, restarted
from cratejoy_migration.bookmarks import Bookmarks
from cratejoy_migration.console import place
from cratejoy_migration.console.access import gate
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.loading.writer_lock import WriterLock
from streamlit.testing.v1 import AppTest
from tap_cratejoy.bookmarks import Bookmark, choose_run

from .auditing import config as settings_of
from .auditing import start_store
from .programs import run_here, run_tap_here

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ID = "dev:tap-cratejoy-to-target-postgres"
DONE = {
    "customers": {
        "run_id": "run-2", "scan_started_at": "2026-11-28T01:00:00Z", "page": 9, "page_size": 100, "first_page": 0,
        "pass": 2, "records": 950, "count": 950, "complete": True, "proven": True,
    },
    "orders": {
        "run_id": "run-2", "scan_started_at": "2026-11-28T02:00:00Z", "page": 5, "page_size": 100, "first_page": 1,
        "pass": 1, "records": 480, "count": 480, "complete": True, "proven": True, "filter": "placed_at",
        "since": "2026-10-01T00:00:00Z", "replication_key": "placed_at",
        "replication_key_value": "2026-11-27T23:00:00Z", "highest_seen": "2026-11-27T23:00:00Z",
    },
    "carts": {"run_id": "run-1", "scan_started_at": "2026-01-01T00:00:00Z", "page": 3, "page_size": 100,
              "records": 250, "count": 250, "complete": True, "proven": True},
}  # fmt: skip


def state(**changes):
    return {"bookmarks": {name: {**mark, **changes.get(name, {})} for name, mark in DONE.items()}, "other": 1}


def next_run(changed):
    """Return, by stream, what the tap's next run does: skip, go on, begin."""
    marks = changed["bookmarks"]
    run = choose_run(marks, marks, NOW)
    found = {name: Bookmark(mark) for name, mark in marks.items()}
    return {
        name: "skip" if one.done_in(run) else "go on" if one.under_way(run) else "begin" for name, one in found.items()
    }


def test_without_a_change_the_next_run_begins_every_stream_anew():
    assert next_run(state()) == {"customers": "begin", "orders": "begin", "carts": "begin"}


@pytest.mark.parametrize("stream", ["customers", "orders", "carts"])
def test_a_stream_that_is_started_over_is_read_whole_and_those_of_its_run_are_left_alone(stream):
    before = state()
    changed = restarted(before, stream)
    others = {"customers": "skip", "orders": "skip", "carts": "begin"}
    assert next_run(changed) == {**others, stream: "begin"}
    mark = changed["bookmarks"][stream]
    names = ("page", "pass", "filter", "since", "replication_key_value", "highest_seen")
    assert [mark.get(name) for name in names] == [None] * 6
    assert (mark["records"], mark["complete"], mark["proven"]) == (0, False, False)
    assert before == state()
    assert changed["other"] == 1


def test_a_stream_that_failed_again_and_again_is_read_again():
    changed = restarted(state(customers={"complete": False, "failures": 3, "failed_at": 4}), "customers")
    assert next_run(changed)["customers"] == "begin"
    assert changed["bookmarks"]["customers"]["failures"] is None


def test_a_stream_goes_on_from_a_page():
    changed = continued(state(customers={"failures": 2, "failed_at": 9}), "customers", 4)
    assert next_run(changed) == {"customers": "go on", "orders": "skip", "carts": "begin"}
    mark = changed["bookmarks"]["customers"]
    assert [mark[name] for name in ("page", "pass", "records", "complete", "failures")] == [4, 1, 400, False, None]
    assert changed["bookmarks"]["orders"] == DONE["orders"]


def test_records_of_pages_before_are_counted_from_the_first_page():
    assert continued(state(), "orders", 2)["bookmarks"]["orders"]["records"] == 100


@pytest.mark.parametrize(("stream", "page", "says"), [
    ("customers", 10, "customers has no page 10: pages go from 0 to 9."),
    ("orders", 0, "orders has no page 0: pages go from 1 to 5."),
    ("customers", -1, "customers has no page -1"),
    ("nothing", 1, "There is no bookmark of nothing; there are: customers, orders, carts."),
])  # fmt: skip
def test_a_page_or_stream_that_is_not_there_is_told(stream, page, says):
    with pytest.raises(OperatorError, match=re.escape(says)):
        continued(state(), stream, page)


def test_a_stream_that_was_never_read_by_page_cannot_go_on():
    with pytest.raises(OperatorError, match="was never read page by page"):
        continued({"bookmarks": {"customers": {"run_id": "run-1", "complete": False}}}, "customers", 1)


def test_a_mark_tells_its_last_page_and_how_far_it_is():
    customers, orders = (Mark(name, DONE[name]) for name in ("customers", "orders"))
    assert (customers.page, customers.last_page, customers.told, customers.upto) == (9, 9, "complete, proven", None)
    assert (orders.page, orders.last_page, orders.upto) == (5, 5, datetime(2026, 11, 27, 23, tzinfo=UTC))
    assert Mark("new", {"run_id": "run-1", "count": None}).last_page is None


# Kept


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return the folder of a project that has collected."""
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    (tmp_path / ".meltano").mkdir()
    with sqlite3.connect(tmp_path / ".meltano" / "meltano.db") as database:
        database.execute(
            "create table state (state_id text primary key, updated_at text, partial_state, completed_state)"
        )
        database.execute(
            "create table runs (id integer, job_name text, state text, started_at text, last_heartbeat_at text,"
            " ended_at text, payload text)"
        )
        partial = {"singer_state": {"bookmarks": {"customers": {"page": 9}}}}
        whole = {"singer_state": state(customers={"page": 8})}
        values = (ID, json.dumps(partial), json.dumps(whole))
        database.execute("insert into state (state_id, partial_state, completed_state) values (?, ?, ?)", values)
        database.execute("insert into state (state_id, completed_state) values ('dev:other', '{}')")
    return tmp_path


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def marks(project, connection):
    return Bookmarks(meltano_runs.open_database(project), connection, meltano_runs.collection_id(project))


def stored(project):
    with sqlite3.connect(project / ".meltano" / "meltano.db") as database:
        rows = database.execute("select state_id, partial_state, completed_state from state order by 1").fetchall()
    return {name: (partial, json.loads(whole)) for name, partial, whole in rows}


def test_the_state_is_read_as_meltano_gives_it_to_the_tap(marks):
    assert [(mark.stream, mark.page) for mark in marks.read()] == [("customers", 9), ("orders", 5), ("carts", 3)]


def test_a_change_replaces_the_state_of_the_collection_alone(marks, project):
    said = marks.restart("customers")
    assert said == "The next collection reads customers from its first page, whole."
    assert stored(project) == {
        ID: ("{}", {"singer_state": restarted(state(), "customers")}),
        "dev:other": (None, {}),
    }


def test_the_last_change_can_be_undone_then_the_one_before_it(marks):
    marks.restart("customers")
    marks.go_on_from("orders", 2)
    assert marks.undo() == "Undone: orders from page 2."
    assert marks.undoable().what == "restart of customers"
    assert marks.undo() == "Undone: restart of customers."
    assert [mark.page for mark in marks.read()] == [9, 5, 3]
    with pytest.raises(OperatorError, match="nothing to undo"):
        marks.undo()


def test_what_a_collection_has_gone_on_from_cannot_be_undone(marks, project):
    marks.restart("customers")
    database = meltano_runs.open_database(project)
    meltano_runs.keep_singer_state(database, ID, state(customers={"page": 1}))
    assert marks.undoable() is None
    with pytest.raises(OperatorError, match="A collection has gone on since the restart of customers"):
        marks.undo()


def test_nothing_is_changed_while_a_load_is_running(marks, project, url):
    before = stored(project)
    with psycopg.connect(url, autocommit=True) as session:
        WriterLock(session, "cratejoy").acquire(0, lambda _: None)
        for change in (lambda: marks.restart("customers"), lambda: marks.go_on_from("orders", 2), marks.undo):
            with pytest.raises(OperatorError, match="A collection is running and moves its bookmarks"):
                change()
    assert stored(project) == before


def test_nothing_is_changed_while_meltano_collects(marks, project):
    beat = datetime.now(UTC).replace(tzinfo=None)
    with sqlite3.connect(project / ".meltano" / "meltano.db") as database:
        database.execute("insert into runs values (1, ?, 'RUNNING', ?, ?, null, '{}')", (ID, str(beat), str(beat)))
    dead = beat - timedelta(minutes=1)

    def move(*_):
        with sqlite3.connect(project / ".meltano" / "meltano.db") as other:
            other.execute("update runs set last_heartbeat_at = ?", (str(datetime.now(UTC).replace(tzinfo=None)),))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meltano_runs.time, "sleep", move)
        with pytest.raises(OperatorError, match="A collection is running"):
            marks.restart("customers")
    with sqlite3.connect(project / ".meltano" / "meltano.db") as database:
        database.execute("update runs set last_heartbeat_at = ?", (str(dead),))
    marks.restart("customers")


def test_before_the_first_collection_there_is_nothing(connection, tmp_path):
    nothing = Bookmarks(meltano_runs.open_database(tmp_path), connection, ID)
    assert (nothing.read(), nothing.undoable()) == ([], None)
    with pytest.raises(OperatorError, match="Nothing was collected yet"):
        nothing.restart("customers")


# The command


@pytest.fixture
def command(project, url, monkeypatch):
    monkeypatch.setenv("STAGING_DATABASE_URL", url)

    def run(*words):
        done = run_here(project, "bookmarks", *words)
        return done.returncode, done.output

    return run


def test_the_command_shows_a_line_a_stream(command):
    code, said = command()
    assert code == 0
    lines = [re.sub(r"\s+", " ", line).strip() for line in said.splitlines()]
    assert lines[:3] == [
        "stream page of bookmark",
        "customers 9 9 complete, proven",
        "orders 5 5 complete, proven, up to 2026-11-27T23:00:00Z",
    ]


def test_the_command_changes_and_undoes(command, project):
    code, said = command("--from-page", "customers", "4")
    assert (code, "at page 4, 400 of 950 read" in said) == (0, True)
    assert "The next collection goes on with customers at page 4" in said
    assert command("--restart", "orders")[0] == 0
    assert command("--undo")[1].endswith("Undone: restart of orders.\n")
    assert stored(project)[ID][1] == {"singer_state": continued(state(), "customers", 4)}


def test_the_command_makes_one_change_at_a_time(command, project):
    before = stored(project)
    assert command("--restart", "orders", "--undo")[0] == 1
    assert stored(project) == before


def test_the_command_keeps_out_of_a_run_that_goes_on(command, project, connection, monkeypatch):
    monkeypatch.setattr(one_run, "PATIENCE_SECONDS", 0.1)
    one_run.lead(connection, "migration run")
    code, said = command("--restart", "orders")
    assert code == 1
    assert "Error: Another run is going on (migration run" in said


# The page


@pytest.fixture
def show(project, url, monkeypatch):
    monkeypatch.setattr(place, "project", lambda: project)
    monkeypatch.setattr(place, "url", lambda: url)
    monkeypatch.setattr(gate, "who", lambda: "Ana")

    def script():
        from cratejoy_migration.console.pages import bookmarks

        bookmarks.page()

    def run():
        page = AppTest.from_function(script, default_timeout=30).run()
        assert not page.exception, page.exception[0].stack_trace
        return page

    return run


def press(page, label):
    [button] = [one for one in page.button if one.label == label]
    return button.click().run()


def test_the_page_starts_a_stream_over_once_somebody_is_sure(show, project, connection):
    page = show()
    assert list(page.dataframe[0].value["Stream"]) == ["customers", "orders", "carts"]
    [button] = [one for one in page.button if one.label == "Start over"]
    assert button.disabled
    page.checkbox[0].check().run()
    press(page, "Start over")
    assert page.success[0].value == "The next collection reads customers from its first page, whole."
    assert stored(project)[ID][1] == {"singer_state": restarted(state(), "customers")}
    trail = "select who, what, subject from migration.trail"
    assert connection.execute(trail).fetchall() == [("Ana", "restarted the scan of a stream", "customers")]
    press(page, "Undo")
    assert page.success[0].value == "Undone: restart of customers."
    assert [one.label for one in page.button] == ["Start over"]


def test_the_page_lets_a_stream_go_on_from_a_page(show, project):
    page = show()
    page.selectbox[0].select("orders").run()
    page.radio[0].set_value("Go on from a page").run()
    page.text_input[0].set_value("3").run()
    page.checkbox[0].check().run()
    press(page, "Go on from a page")
    assert stored(project)[ID][1] == {"singer_state": continued(state(), "orders", 3)}


@pytest.mark.parametrize("typed", ["99999", "9" * 40, "-1", "0", "", "three", "2.5", "٣"])
def test_a_page_that_is_not_there_changes_nothing(show, project, typed):
    before = stored(project)
    page = show()
    page.selectbox[0].select("orders").run()
    page.radio[0].set_value("Go on from a page").run()
    page.checkbox[0].check().run()
    page.text_input[0].set_value(typed).run()
    assert "pages go from 1 to 5." in page.error[0].value
    [button] = [one for one in page.button if one.label == "Go on from a page"]
    assert button.disabled
    assert stored(project) == before
    page.text_input[0].set_value("2").run()
    press(page, "Go on from a page")
    assert stored(project)[ID][1] == {"singer_state": continued(state(), "orders", 2)}


def test_the_page_before_the_first_collection(url, tmp_path, monkeypatch, show):
    monkeypatch.setattr(place, "project", lambda: tmp_path / "new")
    page = show()
    assert any("Nothing was collected yet" in one.value for one in page.markdown)
    assert len(page.button) == 0


# What the tap then reads


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with start_store(tmp_path_factory.mktemp("store"), customers=60) as running:
        yield running


@pytest.fixture(scope="module")
def inputs(store, tmp_path_factory):
    """Return the folder of the tap's configuration and of its catalog, in which two streams are selected."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "config.json").write_text(json.dumps(settings_of(store)))
    found = json.loads(run_tap_here("--config", str(folder / "config.json"), "--discover")[1])
    for one in found["streams"]:
        root = next(entry for entry in one["metadata"] if entry["breadcrumb"] == [])
        root["metadata"]["selected"] = one["tap_stream_id"] in {"customers", "orders"}
    (folder / "catalog.json").write_text(json.dumps(found))
    return folder


@pytest.fixture
def collect(inputs, tmp_path):
    """Return a function that runs the tap from a state, and returns its last state, records by stream, and its log."""

    def run(before=None):
        arguments = ["--config", str(inputs / "config.json"), "--catalog", str(inputs / "catalog.json")]
        if before is not None:
            (tmp_path / "state.json").write_text(json.dumps(before))
            arguments += ["--state", str(tmp_path / "state.json")]
        status, written, said = run_tap_here(*arguments)
        assert status == 0, said
        messages = [json.loads(line) for line in written.splitlines()]
        records = Counter(one["stream"] for one in messages if one["type"] == "RECORD")
        return [one["value"] for one in messages if one["type"] == "STATE"][-1], records, said

    return run


def test_the_tap_reads_a_stream_that_is_started_over_whole_and_that_alone(collect):
    first, records, _ = collect()
    orders = records["orders"]
    assert records["customers"] == 60
    again, records, _ = collect(restarted(first, "orders"))
    assert records == {"orders": orders}
    assert again["bookmarks"]["orders"]["complete"] is True
    assert again["bookmarks"]["customers"] == first["bookmarks"]["customers"]


def test_the_tap_goes_on_at_the_page_before_and_proves_the_rest(collect):
    first, _, _ = collect()
    base = first["bookmarks"]["customers"]["first_page"]
    again, records, said = collect(continued(first, "customers", base + 4))
    assert f"customers/ goes on at page {base + 3}" in said
    assert records["orders"] == 0
    assert records["customers"] == 30 + 60
    assert (again["bookmarks"]["customers"]["complete"], again["bookmarks"]["customers"]["proven"]) == (True, True)
