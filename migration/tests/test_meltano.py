"""The project under Meltano: plugins in full, runs that go on, killed runs that are unlocked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
import yaml
from cratejoy_migration import meltano_runs
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.scope import COUNTABLE
from cratejoy_migration.audit.store import AuditStore
from cratejoy_migration.loader import StagingTargetPostgres
from cratejoy_migration.reader import StagingTapPostgres
from cratejoy_migration.shopify import StagingTargetShopify
from cratejoy_migration.staging import staging_database

BIN = Path(sys.executable).parent
MELTANO_YML = Path(__file__).parents[2] / "meltano.yml"
PLUGINS = yaml.safe_load(MELTANO_YML.read_text())["plugins"]
TAP = """#!{python}
import json, sys, time
def option(name):
    return json.load(open(sys.argv[sys.argv.index(name) + 1])) if name in sys.argv else {{}}
schema = {{"type": "object", "properties": {{"id": {{"type": "integer"}}}}}}
if "--discover" in sys.argv:
    metadata = [{{"breadcrumb": [], "metadata": {{"inclusion": "available"}}}}]
    stream = {{"tap_stream_id": "customers", "stream": "customers", "schema": schema, "metadata": metadata}}
    sys.exit(print(json.dumps({{"streams": [stream]}})))
print("config", json.dumps(option("--config"), sort_keys=True), file=sys.stderr)
page = option("--state").get("bookmarks", {{}}).get("customers", {{}}).get("page", 0)
def write(**message):
    print(json.dumps(message), flush=True)
write(type="SCHEMA", stream="customers", schema=schema, key_properties=["id"])
for page in range(page + 1, 41):
    for n in range(10):
        write(type="RECORD", stream="customers", record={{"id": page * 10 + n}})
    write(type="STATE", value={{"bookmarks": {{"customers": {{"page": page}}}}}})
    time.sleep({pause})
"""

SECRET = "hunter2-planted"
TARGET = """#!{python}
import json, sys
with open(r"{out}", "w") as file:
    print(json.dumps(json.load(open(sys.argv[sys.argv.index("--config") + 1])), sort_keys=True), file=file)
    for line in sys.stdin:
        print(line, end="", file=file)
print(json.dumps(json.loads(line)["value"]))
"""


@pytest.fixture
def meltano(project, monkeypatch):
    """Return a function that starts Meltano in a copy of the project with a tap of 40 pages."""
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(MELTANO_YML, project)
    for name in ("staging-target-postgres", "staging-tap-postgres", "migration", "sandbox"):
        (programs / name).symlink_to(BIN / name)

    def start(*arguments, pause=0.0, **environment):
        tap = programs / "tap-cratejoy"
        tap.write_text(TAP.format(python=sys.executable, pause=pause))
        tap.chmod(0o755)
        return subprocess.Popen(
            [BIN / "meltano", *arguments],
            cwd=programs,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def saved_page(project):
    database = meltano_runs.open_database(project)
    return meltano_runs.bookmarks(database).get("customers", {}).get("page") if database else None


def test_every_plugin_is_defined_in_full():
    for plugin in (plugin for kind in PLUGINS.values() for plugin in kind):
        assert plugin["namespace"]
        assert plugin["executable"].startswith("./.venv/bin/")
        assert not {"variant", "pip_url", "inherit_from"} & set(plugin)


SETTINGS = {
    plugin["name"]: {setting["name"]: setting for setting in plugin["settings"]}
    for kind in ("extractors", "loaders")
    for plugin in PLUGINS[kind]
}


def test_secrets_are_marked_and_no_setting_is_a_decimal():
    secret = {
        plugin: {name for name, setting in settings.items() if setting.get("sensitive")}
        for plugin, settings in SETTINGS.items()
    }
    assert secret == {
        "tap-cratejoy": {"client_id", "client_secret"},
        "target-postgres": {"sqlalchemy_url"},
        "tap-postgres": {"sqlalchemy_url"},
        "target-shopify": {"access_token", "client_secret", "ledger_url"},
    }
    kinds = {setting["kind"] for settings in SETTINGS.values() for setting in settings.values()}
    assert "decimal" not in kinds


def test_the_loader_knows_each_of_its_settings():
    known = StagingTargetPostgres.config_jsonschema["properties"]
    named = {name: setting.get("value") for name, setting in SETTINGS["target-postgres"].items()}
    assert set(named) <= set(known)
    ours = {name: value for name, value in named.items() if name not in {"sqlalchemy_url", "default_target_schema"}}
    assert ours == {name: known[name]["default"] for name in ours}


def test_the_reader_knows_each_of_its_settings():
    known = StagingTapPostgres.config_jsonschema["properties"]
    named = {name: setting.get("value") for name, setting in SETTINGS["tap-postgres"].items()}
    assert set(named) <= set(known)
    assert {name: value for name, value in named.items() if value is not None} == {
        name: known[name]["default"] for name in ("filter_schemas", "json_as_object")
    }


def test_every_setting_of_the_target_can_be_set_and_no_other():
    known = set(StagingTargetShopify.config_jsonschema["properties"])
    named = set(SETTINGS["target-shopify"])
    assert named <= known
    assert {
        "shop", "access_token", "client_id", "client_secret", "api_url", "api_version", "tag_prefix",
        "metafield_namespace", "lane", "orders", "conflict", "update_policy", "currency", "default_country", "dry_run",
        "max_refusals", "ledger_url", "report_dir",
    } <= named  # fmt: skip


def test_a_run_collects_and_saves_state_and_passes_objects_as_objects(meltano, project):
    said, _ = meltano(
        "run",
        "collect",
        TAP_CRATEJOY_PAGES='{"customers": "1-2"}',
        TAP_CRATEJOY_REQUESTS_PER_SECOND="0.5",
        PATH="/usr/bin:/bin",
    ).communicate(timeout=90)
    assert 'config {"pages": {"customers": "1-2"}, "requests_per_second": "0.5"}' in said
    assert "400 rows stored" in said
    assert saved_page(project) == 40
    shown, _ = meltano("state", "get", "dev:tap-cratejoy-to-target-postgres").communicate(timeout=60)
    assert '{"bookmarks":{"customers":{"page":40}}}' in shown


def test_migrate_builds_the_documents_and_gives_all_of_them_to_the_target(meltano, project):
    staged = [{"id": n, "email": f"e{n}@example.com", "orders": [{"id": 900 + n, "total": n}]} for n in range(1, 301)]
    with staging_database(project) as url, psycopg.connect(url) as connection:
        connection.execute("create schema cratejoy; create table cratejoy.customers (id bigint, email text)")
        connection.execute("create table cratejoy.orders (id bigint, customer_id bigint, total bigint)")
        connection.execute(
            "insert into cratejoy.customers select n, 'e' || n || '@example.com' from generate_series(1, 300) n"
        )
        connection.execute("insert into cratejoy.orders select 900 + n, n, n from generate_series(1, 300) n")
        for stream in COUNTABLE:  # an audit found them complete
            rows = 300 if stream in {"customers", "orders"} else 0
            AuditStore(connection).save(Line(stream, rows, rows, 0, rows=rows))
    target = project / ".venv" / "bin" / "staging-target-shopify"
    target.write_text(TARGET.format(python=sys.executable, out=project / "out.jsonl"))
    target.chmod(0o755)
    run = meltano("run", "migrate", TARGET_SHOPIFY_MAX_REFUSALS="5%", TARGET_SHOPIFY_ACCESS_TOKEN=SECRET)
    said, _ = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert SECRET not in said
    config, *lines = map(json.loads, (project / "out.jsonl").read_text().splitlines())
    assert config == {"access_token": SECRET, "max_refusals": "5%", "report_dir": "reports"}
    assert [line["type"] for line in lines] == ["SCHEMA", *["RECORD"] * 300, "STATE"]
    records = [line["record"] for line in lines if line["type"] == "RECORD"]
    assert [{name: record[name] for name in ("id", "email", "orders")} for record in records] == staged


def test_migrate_before_anything_is_collected_says_what_to_run(meltano):
    run = meltano("run", "migrate")
    said, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "run first: meltano run collect" in said


def test_a_killed_run_goes_on_with_the_same_command(meltano, project, eventually, alive):
    run = meltano("run", "collect", pause=1.0, TARGET_POSTGRES_STATE_INTERVAL="1")
    eventually(lambda: saved_page(project) or 0, seconds=30)
    plugins = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
    run.send_signal(signal.SIGKILL)
    run.communicate()
    eventually(lambda: not any(map(alive, plugins)))
    reached = saved_page(project)
    assert 0 < reached < 40
    with sqlite3.connect(project / ".meltano" / "meltano.db") as connection:
        connection.execute("update runs set last_heartbeat_at = ? where state = 'RUNNING'", [beat(-11)])
    connection.close()
    again = meltano("run", "collect")
    said, _ = again.communicate(timeout=90)
    assert again.returncode == 0
    assert "Ended the killed run of dev:tap-cratejoy-to-target-postgres" in said
    assert f"{(40 - reached) * 10} rows stored" in said


@pytest.fixture
def runs(tmp_path):
    """Return Meltano's database with one running run, whose heartbeat was a minute ago."""
    file = tmp_path / "meltano.db"
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.execute(
        "create table runs (id integer, job_name text, state text, started_at text, last_heartbeat_at text,"
        " ended_at text, payload text)"
    )
    connection.execute("insert into runs values (1, 'dev:a-to-b', 'RUNNING', ?, ?, null, '{}')", [beat(-90), beat(-60)])
    connection.commit()
    yield connection, f"sqlite:///{file}"
    connection.close()


def beat(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(sep=" ")


def test_a_run_whose_heartbeat_stopped_is_ended(runs, project, monkeypatch):
    connection, uri = runs
    monkeypatch.setenv("MELTANO_DATABASE_URI", uri)
    assert meltano_runs.end_dead_runs(meltano_runs.open_database(project)) == ["dev:a-to-b"]
    state, ended, payload = connection.execute("select state, ended_at, payload from runs").fetchone()
    assert (state, bool(ended)) == ("FAIL", True)
    assert "killed" in json.loads(payload)["error"]


def test_a_run_that_lives_is_left_alone(runs, project, monkeypatch):
    connection, uri = runs
    monkeypatch.setenv("MELTANO_DATABASE_URI", uri)
    stop = threading.Event()

    def live():
        while not stop.wait(0.2):
            connection.execute("update runs set last_heartbeat_at = ?", [beat(0)])
            connection.commit()

    connection.execute("update runs set last_heartbeat_at = ?", [beat(-1)])
    connection.commit()
    thread = threading.Thread(target=live)
    thread.start()
    try:
        assert meltano_runs.end_dead_runs(meltano_runs.open_database(project)) == []
    finally:
        stop.set()
        thread.join()
    assert connection.execute("select state from runs").fetchone() == ("RUNNING",)


def test_before_the_first_run_there_is_nothing_to_unlock(project):
    assert meltano_runs.open_database(project) is None
