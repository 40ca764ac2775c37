"""Projects in private folders, an embedded server for the session, and loads, here or by the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from cratejoy_migration.staging import control, staging_database
from cratejoy_migration.staging.layout import Layout

from .programs import run_loader_here

BIN = Path(sys.executable).parent
CUSTOMERS = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "email": {"type": ["string", "null"]},
        "num_orders": {"type": ["integer", "null"]},
        "created_at": {"type": ["string", "null"], "format": "date-time"},
        "nested": {"type": ["object", "null"]},
    },
}

COLUMNS = {
    "customers": (
        "id bigint primary key, email text, first_name text, num_orders bigint, type text, url text,"
        " store_settings jsonb, addresses jsonb, _extra jsonb"
    ),
    "customer_addresses": "customer_id bigint, id bigint, street text, icon text, primary key (customer_id, id)",
    "subscriptions": (
        "id bigint primary key, customer_id bigint, status text, start_date timestamptz, customer jsonb,"
        " product jsonb, address jsonb, url text, _extra jsonb"
    ),
    "orders": (
        "id bigint primary key, customer_id bigint, placed_at timestamptz, total bigint, note text, customer jsonb,"
        " products jsonb, url text, _extra jsonb"
    ),
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("STAGING_", "MELTANO_", "TARGET_", "TAP_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STAGING_IDLE_SECONDS", "0.5")


@pytest.fixture
def project(tmp_path):
    """Return a private project folder with a path that is too long for a socket; nothing survives it."""
    folder = tmp_path / ("a-long-name-" * 8) / "my project"
    folder.mkdir(parents=True)
    tmp_path.chmod(0o700)
    yield folder
    control.stop(Layout(folder))


@pytest.fixture(scope="session")
def shared_url(tmp_path_factory):
    """Return the URL of one embedded server for all tests that only need a database."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STAGING_DATABASE_URL", raising=False)
        with staging_database(folder) as url:
            yield url
    control.stop(Layout(folder))


@pytest.fixture
def url(shared_url):
    """Return the shared server's URL, without the schemas cratejoy and migration."""
    with psycopg.connect(shared_url) as connection:
        connection.execute("drop schema if exists cratejoy, migration cascade")
    return shared_url


@pytest.fixture
def query(url):
    """Return a function that runs a query on the shared server and returns its rows, where it has some."""

    def run(text):
        with psycopg.connect(url) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def stage(url):
    """Return a function that puts records into the staging table of a stream, made of these columns."""

    def put(stream, *records, columns=None):
        with psycopg.connect(url) as connection:
            connection.execute("create schema if not exists cratejoy")
            connection.execute(f"create table if not exists cratejoy.{stream} ({columns or COLUMNS[stream]})")
            connection.execute(
                f"insert into cratejoy.{stream} select * from jsonb_populate_recordset(null::cratejoy.{stream}, %s)",
                (json.dumps(records),),
            )

    return put


@pytest.fixture
def ledger(url):
    """Return a function that writes rows into the ledger: (customer, status, hash, reason)."""

    def put(*rows):
        with psycopg.connect(url) as connection:
            connection.execute("create schema if not exists migration")
            connection.execute(
                "create table if not exists migration.ledger"
                " (document_key text primary key, status text, document_hash text, reason text, shopify_id text)"
            )
            for row in rows:
                connection.execute(
                    "insert into migration.ledger values (%s::bigint::text, %s, %s, %s, null)",
                    (*row, *[None] * (4 - len(row))),
                )

    return put


@pytest.fixture
def start_loader(url, tmp_path):
    """Return a function that starts the real loader with pipes; what it started is ended."""
    started = []

    def start(database=url, **settings):
        config = tmp_path / f"config-{len(started)}.json"
        values = {"default_target_schema": "cratejoy", **({"sqlalchemy_url": database} if database else {})}
        config.write_text(json.dumps(values | settings))
        process = subprocess.Popen(
            [BIN / "staging-target-postgres", "--config", config],
            stdin=subprocess.PIPE,
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
def load_apart(start_loader):
    """Return a function that does what `load` does, in a process of its own."""

    def run(*messages, **settings):
        process = start_loader(**settings)
        out, err = process.communicate("".join(map(line, messages)), timeout=60)
        return process.returncode, [json.loads(text) for text in out.splitlines()], err.splitlines()

    return run


@pytest.fixture
def load(url, tmp_path):
    """Return a function that loads messages and returns (exit status, STATE values, stderr lines).

    The loader runs in the process of the test, which spares a second of imports a load: for loads that read their
    input to its end, from a database that somebody else keeps up.
    """

    def run(*messages, **settings):
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"default_target_schema": "cratejoy", "sqlalchemy_url": url} | settings))
        status, out, err = run_loader_here(url, tmp_path, ["--config", str(config)], "".join(map(line, messages)))
        return status, [json.loads(text) for text in out.splitlines()], err.splitlines()

    return run


def line(message):
    return message if isinstance(message, str) else json.dumps(message) + "\n"


@pytest.fixture
def singer():
    """Return the makers of Singer messages."""
    return Singer


class Singer:
    @staticmethod
    def schema(stream="customers", schema=None, keys=("id",)):
        return {
            "type": "SCHEMA",
            "stream": stream,
            "schema": schema or CUSTOMERS,
            "key_properties": list(keys),
        }

    @staticmethod
    def record(stream="customers", **values):
        return {"type": "RECORD", "stream": stream, "record": values}

    @staticmethod
    def state(page):
        return {"type": "STATE", "value": {"bookmarks": {"customers": {"page": page}}}}

    line = staticmethod(line)


@pytest.fixture
def eventually():
    """Return a function that waits until a condition holds, and fails when it does not come to hold."""

    def wait(condition, seconds=15.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.05)

    return wait


@pytest.fixture
def alive():
    """Return a function that tells whether a process lives; a zombie does not."""

    def is_alive(pid):
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return is_alive
