"""What the loader stores: right types, exact values, one row a key, nothing written twice."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import sys
import warnings

import pytest
from cratejoy_migration.loading.rows import as_json, as_text, latest_by_key

EVERYTHING = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "small": {"type": ["integer", "null"], "minimum": 0, "maximum": 10},
        "price": {"type": ["number", "null"]},
        "name": {"type": ["string", "null"]},
        "is_test": {"type": ["boolean", "null"]},
        "placed_at": {"type": ["string", "null"], "format": "date-time"},
        "addresses": {"type": ["array", "null"], "items": {"type": "object"}},
        "tags": {"type": ["array", "null"], "items": {"type": "string"}},
        "_extra": {"type": ["object", "null"]},
    },
}


def test_column_types(load, query, singer):
    assert load(singer.schema(schema=EVERYTHING))[0] == 0
    columns = query("select column_name, data_type from information_schema.columns where table_schema = 'cratejoy'")
    assert dict(columns) == {
        "id": "bigint",
        "small": "bigint",
        "price": "numeric",
        "name": "text",
        "is_test": "boolean",
        "placed_at": "timestamp with time zone",
        "addresses": "jsonb",
        "tags": "jsonb",
        "_extra": "jsonb",
    }


def test_values_arrive_exactly(load, query, singer):
    row = (
        '{"type": "RECORD", "stream": "customers", "record": {"id": 9223372036854775807, "small": 3, '
        '"price": 12345678901234567890.12345, "name": "a\\tb\\nc \\\\ \\\\N \\"é\\" 🎁", "is_test": false, '
        '"placed_at": "2026-03-14T16:16:06.123456Z", "addresses": [{"n": 10.10, "big": 12345678901234567890123}], '
        '"tags": [], "_extra": {}}}\n'
    )
    assert load(singer.schema(schema=EVERYTHING), row)[0] == 0
    assert query(
        "select id, price::text, name, is_test, placed_at at time zone 'UTC' = '2026-03-14 16:16:06.123456',"
        " addresses::text, tags::text, _extra::text from cratejoy.customers"
    ) == [
        (
            9223372036854775807,
            "12345678901234567890.12345",
            'a\tb\nc \\ \\N "é" 🎁',
            False,
            True,
            '[{"n": 10.10, "big": 12345678901234567890123}]',
            "[]",
            "{}",
        )
    ]


def test_null_stays_null_and_an_empty_string_stays_empty(load, query, singer):
    values = dict.fromkeys(EVERYTHING["properties"]) | {"id": 1, "name": ""}
    assert load(singer.schema(schema=EVERYTHING), singer.record(**values))[0] == 0
    found = query("select to_jsonb(c) from cratejoy.customers c")[0][0]
    assert found == values


@pytest.mark.parametrize("moment", ["2026-01-01T10:00:00-05:00", "2026-01-01T15:00:00Z", "2026-01-01T15:00:00"])
def test_a_date_time_is_the_same_moment_whatever_its_zone(load, query, singer, moment):
    assert load(singer.schema(), singer.record(id=1, created_at=moment))[0] == 0
    assert query("select created_at at time zone 'UTC' = '2026-01-01 15:00' from cratejoy.customers") == [(True,)]


def test_the_last_record_of_a_key_wins_within_a_load_and_over_loads(load, query, singer):
    load(singer.schema(), singer.record(id=1, email="a"), singer.record(id=1, email="b"))
    assert query("select email from cratejoy.customers") == [("b",)]
    load(singer.schema(), singer.record(id=1, email="c"), singer.record(id=2, email="d"))
    assert query("select email from cratejoy.customers order by id") == [("c",), ("d",)]


def test_a_row_that_has_not_changed_is_not_written_again(load, query, singer):
    messages = [singer.schema(), singer.record(id=1, email="a"), singer.record(id=2, email=None)]
    load(*messages)
    before = query("select xmin::text, ctid::text from cratejoy.customers order by id")
    load(*messages)
    assert query("select xmin::text, ctid::text from cratejoy.customers order by id") == before


def test_many_batches_give_every_row_once(load, query, singer):
    records = [singer.record(id=number % 500, num_orders=number) for number in range(1200)]
    assert load(singer.schema(), *records, batch_size_rows=100)[0] == 0
    assert query("select count(*), sum(num_orders) from cratejoy.customers") == [(500, sum(range(700, 1200)))]


def test_children_are_keyed_by_parent_and_id(load, query, singer):
    schema = {"type": "object", "properties": {"customer_id": {"type": "integer"}, "id": {"type": "integer"}}}
    rows = [singer.record("customer_addresses", customer_id=parent, id=1) for parent in (1, 2, 2)]
    assert load(singer.schema("customer_addresses", schema, ("customer_id", "id")), *rows)[0] == 0
    assert query("select count(*) from cratejoy.customer_addresses") == [(2,)]


def test_a_stream_without_a_key_is_appended(load, query, singer):
    assert load(singer.schema(keys=()), singer.record(id=1), singer.record(id=1))[0] == 0
    assert query("select count(*) from cratejoy.customers") == [(2,)]


def test_a_new_property_becomes_a_column(load, query, singer):
    load(singer.schema(), singer.record(id=1, email="a"))
    wider = {"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": ["string", "null"]}}}
    assert load(singer.schema(schema=wider), singer.record(id=1, note="n"))[0] == 0
    assert query("select email, note from cratejoy.customers") == [("a", "n")]


def test_a_schema_that_changes_within_a_load_loses_nothing(load, query, singer):
    wider = {"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": ["string", "null"]}}}
    load(singer.schema(), singer.record(id=1, email="a"), singer.schema(schema=wider), singer.record(id=2, note="n"))
    assert query("select id, email, note from cratejoy.customers order by id") == [(1, "a", None), (2, None, "n")]


def test_the_stock_way_of_writing_still_works(load, query, singer):
    assert load(singer.schema(), singer.record(id=1, created_at="2026-01-01T00:00:00Z"), use_copy=False)[0] == 0
    assert query("select count(*) from cratejoy.customers where created_at = '2026-01-01T00:00:00Z'") == [(1,)]


def test_the_log_is_quiet(load, singer):
    records = [singer.record(id=number) for number in range(1000)]
    _, _, said = load(singer.schema(), *records, batch_size_rows=10)
    assert len(said) == 1
    assert "1,000 rows stored" in said[0]


def test_a_process_of_its_own_stores_and_says_the_same(load, load_apart, query, singer):
    messages = [singer.schema(), singer.record(id=1, email="é 🎁", nested={"a": [1.50]}), singer.state(3)]
    found = []
    for run in (load, load_apart):
        status, states, said = run(*messages)
        words = [text.split(" | ")[1:] for text in said]  # all but the time
        found.append((status, states, words, query("select to_jsonb(c)::text from cratejoy.customers c")))
        query("drop schema cratejoy, migration cascade")
    assert found[0] == found[1]
    assert found[0][:2] == (0, [{"bookmarks": {"customers": {"page": 3}}}])


@pytest.mark.parametrize("last", [{"id": 2}, {"id": 2, "num_orders": "x"}], ids=["success", "failure"])
def test_a_load_in_the_process_of_a_test_leaves_nothing_in_it(load, query, singer, caplog, last):
    def state():
        logs = {name: logging.getLogger(name) for name in ("root", *logging.root.manager.loggerDict)}
        return {
            "logging": {name: (log.level, log.handlers[:], log.disabled) for name, log in logs.items()},
            "warnings": (warnings.filters[:], warnings.showwarning),
            "signals": [signal.getsignal(number) for number in signal.valid_signals()],
            "hooks": (sys.excepthook, sys.stdin, sys.stdout, sys.stderr, sys.argv[:], atexit._ncallbacks()),
            "environment": dict(os.environ),
            "sessions": query("select count(*) from pg_stat_activity where application_name like 'staging-target%'"),
        }

    with warnings.catch_warnings():
        load(singer.schema())  # what the first one imports stays
    logging.captureWarnings(False)
    for name in ("root", "target-postgres", "singer_sdk.metrics"):
        caplog.set_level(logging.CRITICAL, name)  # no load has left that
    before = state()
    assert load(singer.schema(), singer.record(id=1), singer.record(**last))[0] == ("num_orders" in last)
    assert state() == before


def test_text_columns_take_any_json_as_its_text():
    assert [as_text(value) for value in (None, "a", True, {"a": [1]})] == [None, "a", "true", '{"a":[1]}']
    assert as_json(None) is None
    assert json.loads(as_json({"a": "é"})) == {"a": "é"}


def test_latest_by_key():
    records = [{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 1, "n": 3}]
    assert latest_by_key(records, ["id"]) == [{"id": 1, "n": 3}, {"id": 2, "n": 2}]
    assert latest_by_key(records, []) == records


def test_after_many_rows_the_planner_knows_how_many(load, query, singer):
    lines = (singer.line(singer.record(id=n)) for n in range(10_000))
    assert load(singer.schema(), *lines)[0] == 0
    assert query("select reltuples::int from pg_class where oid = 'cratejoy.customers'::regclass") == [(10_000,)]
