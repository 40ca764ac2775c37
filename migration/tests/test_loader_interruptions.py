"""A load may be interrupted in any way: STATE says only what is stored, and the next load completes it."""

from __future__ import annotations

import json
import os
import select
import signal
import time

import psycopg
import pytest
from cratejoy_migration.loading.errors import LoaderError
from cratejoy_migration.loading.writer_lock import WriterLock
from cratejoy_migration.staging import control, postmaster, staging_database
from cratejoy_migration.staging.layout import Layout


def feed(process, *lines):
    process.stdin.write("".join(lines))
    process.stdin.flush()


def page(singer, number, size=50):
    first = number * size
    records = [singer.line(singer.record(id=first + n, email=f"e{first + n}@example.com")) for n in range(size)]
    return [*records, singer.line(singer.state(number))]


def next_state(process, seconds=15):
    assert select.select([process.stdout], [], [], seconds)[0], "no STATE came"
    return json.loads(process.stdout.readline())["bookmarks"]["customers"]["page"]


def ids(query):
    return query("select count(*), count(distinct id), max(id) from cratejoy.customers")[0]


def reading(query, eventually):
    """Wait until the loader has begun to read, and then for as long as it needs for a few lines."""
    eventually(lambda: query("select to_regclass('cratejoy.customers') is not null")[0][0], 60)
    time.sleep(1)


def test_state_comes_while_the_tap_is_silent_and_only_for_stored_rows(start_loader, query, singer):
    process = start_loader(state_interval=0.5)
    feed(process, singer.line(singer.schema()), *page(singer, 0), *page(singer, 1))
    assert next_state(process) == 1
    assert ids(query) == (100, 100, 99)


def test_state_is_not_written_before_its_interval_nor_twice(start_loader, singer):
    process = start_loader(state_interval=30)
    feed(process, singer.line(singer.schema()), *page(singer, 0), *page(singer, 1))
    assert select.select([process.stdout], [], [], 2)[0] == []
    assert process.communicate(timeout=30)[0].count("\n") == 1


def test_state_is_not_written_for_rows_that_could_not_be_stored(load, query, singer):
    bad = singer.record(id=1, created_at="never")
    status, states, _ = load(singer.schema(), *page(singer, 0), bad, singer.state(7))
    assert (status, states) == (1, [])
    assert ids(query)[0] == 0


def test_sigterm_stores_what_was_read_and_is_not_a_success(start_loader, query, singer, eventually):
    process = start_loader()
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    reading(query, eventually)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 143
    assert json.loads(out)["bookmarks"]["customers"]["page"] == 0
    assert ids(query) == (50, 50, 49)


def test_ctrl_c_stores_all_that_the_tap_had_sent_and_is_not_a_success(start_loader, query, singer, eventually):
    process = start_loader()
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    reading(query, eventually)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    feed(process, *page(singer, 1))
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["bookmarks"]["customers"]["page"] == 1
    assert ids(query) == (100, 100, 99)


def test_ctrl_c_does_not_wait_for_a_tap_that_goes_on(start_loader, query, singer, eventually):
    process = start_loader()
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    reading(query, eventually)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130


@pytest.mark.parametrize("delay", [0.0, 0.4, 1.2])
def test_after_a_kill_in_the_middle_the_next_load_completes_it(start_loader, load, query, singer, delay):
    messages = [singer.line(singer.schema()), *(text for n in range(40) for text in page(singer, n, size=100))]
    process = start_loader(batch_size_rows=100, state_interval=0.01)
    feed(process, *messages[:2000])
    time.sleep(delay)
    process.kill()
    out, _ = process.communicate()
    for state in map(json.loads, out.splitlines()):
        covered = (state["bookmarks"]["customers"]["page"] + 1) * 100
        assert query(f"select count(*) from cratejoy.customers where id < {covered}") == [(covered,)]
    assert load(*messages, batch_size_rows=100)[0] == 0
    assert ids(query) == (4000, 4000, 3999)


def test_a_reader_of_state_that_has_gone_ends_the_load_after_storing(start_loader, query, singer):
    process = start_loader()
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=30) == 1
    said = process.stderr.read()
    process.stdout, process.stdin = None, None
    assert "has gone" in said
    assert "Traceback" not in said
    assert ids(query) == (50, 50, 49)


def test_input_that_breaks_off_is_stored_up_to_there_and_is_no_success(load, query, singer):
    status, states, said = load(singer.schema(), *page(singer, 0), '{"type": "RECORD", "stream": "customers", "rec')
    assert status == 1
    assert len(states) == 1
    assert "line 53 of the input" in said[-1]
    assert ids(query) == (50, 50, 49)


def test_a_database_that_dies_in_mid_run_is_one_sentence_and_heals(start_loader, project, singer):
    layout = Layout(project)
    with staging_database(project) as url:
        process = start_loader(url, state_interval=0.5)
        feed(process, singer.line(singer.schema()), *page(singer, 0))
        assert next_state(process) == 0
        os.kill(postmaster.read(layout.data).pid, signal.SIGKILL)
        time.sleep(1)
        _, said = process.communicate("".join(page(singer, 1)), timeout=60)
    assert process.returncode == 1
    assert "run the same command again" in said
    assert "Traceback" not in said
    with staging_database(project) as url, psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from cratejoy.customers").fetchone() == (50,)


def test_a_load_without_a_url_starts_the_embedded_database(start_loader, project, singer, monkeypatch):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    process = start_loader(None)
    out, _ = process.communicate(singer.line(singer.schema()) + "".join(page(singer, 0)), timeout=60)
    assert (process.returncode, out.count("\n")) == (0, 1)
    with staging_database(project) as url, psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from cratejoy.customers").fetchone() == (50,)
    assert control.stop(Layout(project))


def test_the_database_stays_for_as_long_as_the_loader_lives(start_loader, project, singer, monkeypatch):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    process = start_loader(None, state_interval=0.2)
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    assert next_state(process) == 0
    time.sleep(2)
    feed(process, *page(singer, 1))
    assert next_state(process) == 1


def test_one_writer_at_a_time(url):
    with psycopg.connect(url, autocommit=True) as first, psycopg.connect(url, autocommit=True) as second:
        WriterLock(first, "cratejoy").acquire(0, print)
        WriterLock(second, "other").acquire(0, print)
        told = []
        with pytest.raises(LoaderError, match=rf"another collection is running \(since .*process {os.getpid()} on"):
            WriterLock(second, "cratejoy").acquire(0.5, told.append)
        assert len(told) == 1
    with psycopg.connect(url, autocommit=True) as third:
        WriterLock(third, "cratejoy").acquire(5, print)


def test_a_second_load_waits_for_the_first_to_end(start_loader, query, singer):
    first = start_loader(state_interval=0.3)
    feed(first, singer.line(singer.schema()), *page(singer, 0))
    assert next_state(first) == 0
    second = start_loader()
    feed(second, singer.line(singer.schema()), *page(singer, 1))
    assert "waiting for another collection" in second.stderr.readline()
    first.kill()
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert ids(query) == (100, 100, 99)


def test_a_lost_lock_ends_the_load_before_it_writes_anything_more(start_loader, query, singer):
    process = start_loader(state_interval=0.3)
    feed(process, singer.line(singer.schema()), *page(singer, 0))
    assert next_state(process) == 0
    query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
    _, said = process.communicate("".join(page(singer, 1)), timeout=30)
    assert process.returncode == 1
    assert "was lost" in said
    assert ids(query) == (50, 50, 49)
