"""The extractor: every document, exactly, in order; safe to interrupt; one-line errors."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.staging import control, staging_database
from cratejoy_migration.staging.layout import Layout

BIN = Path(sys.executable).parent
STREAM = "migration-customer_documents"
SECRET = "hunter2-planted"
MAPPED = {"stream_maps": {STREAM: {"mapped": "1"}}}


def make(url):
    build(url, Told(step=lambda *_: None, warning=lambda _: None))


@pytest.fixture
def start_reader(url, tmp_path):
    """Return a function that starts the real extractor; what it started is ended."""
    started = []

    def start(*arguments, database=url, **settings):
        config = tmp_path / f"config-{len(started)}.json"
        config.write_text(json.dumps({**({"sqlalchemy_url": database} if database else {}), **settings}))
        process = subprocess.Popen(
            [BIN / "staging-tap-postgres", "--config", config, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def read(start_reader, catalog):
    """Return a function that reads with everything selected and returns (exit status, messages, stderr lines)."""

    def run(**settings):
        process = start_reader("--catalog", catalog(**settings), **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, [json.loads(text) for text in out.split("\n") if text], err.splitlines()

    return run


@pytest.fixture
def catalog(start_reader, tmp_path):
    """Return a function that discovers, selects the documents and returns the catalog's file."""

    def find(**settings):
        out, _ = start_reader("--discover", **settings).communicate(timeout=60)
        found = json.loads(out)
        for stream in found["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["tap_stream_id"] == STREAM
        file = tmp_path / "catalog.json"
        file.write_text(json.dumps(found))
        return file

    return find


@pytest.fixture
def store(stage, url):
    """Two hundred customers with nested records of all kinds of text, and their documents."""
    text = 'a\tb\nc \\ \\N "é" 🎁 \u2028 </script>'
    customers = [{"id": n, "email": f"e{n % 150}@example.com", "first_name": text} for n in range(1, 201)]
    orders = [
        {"id": 1000 + n, "customer_id": n % 190 + 1, "total": n, "note": text, "products": [{"id": 2**62, "price": n}]}
        for n in range(700)
    ]
    stage("customers", *customers)
    stage("orders", *orders)
    stage("subscriptions", *({"id": 5000 + n, "customer_id": n, "product": {"name": text}} for n in range(1, 100)))
    make(url)


def records(messages):
    return [message["record"] for message in messages if message["type"] == "RECORD"]


def test_every_document_arrives_exactly_and_in_order(store, read, query):
    status, messages, _ = read()
    assert status == 0
    assert records(messages) == [row[0] for row in query("select to_jsonb(d) from migration.customer_documents d")]
    assert [message["type"] for message in messages] == ["SCHEMA", *["RECORD"] * 200, "STATE"]
    assert {message.get("stream", STREAM) for message in messages} == {STREAM}


def test_nothing_that_was_staged_is_missing(store, read, query):
    found = records(read()[1])
    assert {document["id"] for document in found} == {row[0] for row in query("select id from cratejoy.customers")}
    for stream in ("orders", "subscriptions"):
        nested = {(row["id"], document["id"]) for document in found for row in document[stream]}
        assert nested == set(query(f"select id, customer_id from cratejoy.{stream}"))


def test_the_way_of_the_sdk_gives_the_same_records(store, read):
    plain, mapped = records(read()[1]), records(read(**MAPPED)[1])
    assert [{**record, "mapped": 1} for record in plain] == [{**record, "mapped": 1} for record in mapped]
    assert "mapped" in mapped[0]


def test_the_schema_says_what_the_records_are(store, read):
    schema = read()[1][0]
    assert schema["key_properties"] == ["id"]
    kinds = {name: spec["type"] for name, spec in schema["schema"]["properties"].items()}
    assert kinds["id"] == ["integer"]
    assert kinds["email"] == ["string", "null"]
    assert kinds["orders"] == kinds["_extra"] == ["array", "object", "null"]


def test_an_empty_table_is_a_schema_without_records(stage, url, ledger, read, query):
    stage("customers", {"id": 1})
    make(url)
    ledger((1, "created", query("select document_hash from migration.customer_documents")[0][0]))
    make(url)
    status, messages, _ = read()
    assert (status, [message["type"] for message in messages]) == (0, ["SCHEMA", "STATE"])


def test_max_record_count_reads_the_first_ones(store, read):
    everything = records(read()[1])
    assert records(read(max_record_count=7)[1]) == everything[:7]


def test_documents_that_were_never_built_are_one_sentence(start_reader, store, catalog, query):
    file = catalog()
    query("drop table migration.customer_documents")
    for arguments in (("--discover",), ("--catalog", file)):
        process = start_reader(*arguments)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err.count("\n")) == (1, "", 1)
        assert "run first: meltano invoke migration documents" in err


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (f"postgresql://u:{SECRET}@127.0.0.1:9/d", "cannot be reached"),
        (f"mysql://u:{SECRET}@127.0.0.1/d", "not a PostgreSQL URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(start_reader, database, said):
    process = start_reader("--discover", database=database)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert said in err
    assert SECRET not in err


def test_a_wrong_password_is_one_sentence(start_reader, url):
    port = psycopg.conninfo.conninfo_to_dict(url)["port"]
    process = start_reader("--discover", database=f"postgresql://staging:{SECRET}@127.0.0.1:{port}/staging")
    _, err = process.communicate(timeout=60)
    assert "refuses the user or password" in err
    assert SECRET not in err


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("settings", [{}, MAPPED], ids=["plain", "mapped"])
def test_an_interrupted_reading_is_no_success(stage, url, start_reader, catalog, signum, status, settings):
    stage("customers", *({"id": n, "first_name": "x" * 5000} for n in range(1, 2000)))
    make(url)
    process = start_reader("--catalog", catalog(**settings), **settings)
    assert process.stdout.readline()
    process.send_signal(signum)
    out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in err
    assert '"type":"STATE"' not in out.replace(" ", "")


def test_a_reader_that_nobody_listens_to_ends_soon_after_sigterm(stage, url, start_reader, catalog):
    stage("customers", *({"id": n, "first_name": "x" * 5000} for n in range(1, 2000)))
    make(url)
    process = start_reader("--catalog", catalog())
    assert process.stdout.read(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 143


def test_a_target_that_has_gone_is_one_sentence(stage, url, start_reader, catalog):
    stage("customers", *({"id": n, "first_name": "x" * 5000} for n in range(1, 2000)))
    make(url)
    process = start_reader("--catalog", catalog())
    process.stdout.close()
    process.wait(timeout=30)
    said = process.stderr.read()
    process.stdout = None
    assert process.returncode == 1
    assert "the target has ended" in said
    assert "Traceback" not in said


def test_without_a_url_the_embedded_database_is_started(stage, start_reader, project, monkeypatch):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    with staging_database(project) as embedded, psycopg.connect(embedded) as connection:
        connection.execute("create schema cratejoy; create table cratejoy.customers as select 1::bigint as id")
        connection.commit()
        make(embedded)
    control.stop(Layout(project))
    out, err = start_reader("--discover", database=None).communicate(timeout=60)
    assert json.loads(out)["streams"][0]["tap_stream_id"] == STREAM, err


def test_memory_stays_flat(url, start_reader, catalog, stage, query):
    stage("customers", {"id": 0})
    query(
        "insert into cratejoy.customers (id, first_name) select n, repeat('x', 3000) from generate_series(1, 20000) n"
    )
    make(url)
    process = start_reader("--catalog", catalog())
    size = most = 0
    while chunk := process.stdout.read(1 << 20):
        size += len(chunk)
        # Not ru_maxrss: a child is born with its parent's.
        most = max(most, psutil.Process(process.pid).memory_info().rss)
    process.communicate(timeout=30)
    assert size > 60_000_000
    assert 0 < most < 160_000_000
