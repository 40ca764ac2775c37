"""The command line as a user meets it: flags, one sentence for every mistake, signals, and a reader that goes away."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from harness import BIN, CLIENT_SECRET, Sandbox, call, command, environment, run_here, select, settings
from tap_cratejoy.streams import STREAMS


def fails_with_one_sentence(folder: Path, config: dict[str, Any], *words: str) -> str:
    result = run_here(folder, config)
    assert result.status == 1
    said = [line for line in result.stderr.splitlines() if " | INFO " not in line]
    assert len(said) == 1, said
    assert said[0].startswith("tap-cratejoy: ")
    for word in words:
        assert word in said[0]
    return said[0]


def fails_with_one_sentence_but_retries(folder: Path, config: dict[str, Any]) -> str:
    """All streams are asked for; the first one that meets nobody ends the run."""
    result = run_here(folder, config)
    assert result.status == 1
    assert result.stderr.count("retry") == config["max_retries"]
    assert "Beginning sync of 'orders'" not in result.stderr
    return result.stderr.splitlines()[-1]


def test_discovery_needs_no_credentials_and_offers_every_stream() -> None:
    done = subprocess.run([BIN / "tap-cratejoy", "--discover"], capture_output=True, check=True, env=environment())
    streams = {stream["tap_stream_id"]: stream for stream in json.loads(done.stdout)["streams"]}
    assert list(streams) == [stream.name for stream in STREAMS]
    selected = {
        name for name, stream in streams.items()
        for entry in stream["metadata"] if not entry["breadcrumb"] and entry["metadata"].get("selected")
    }  # fmt: skip
    assert selected == {
        "customers", "subscriptions", "orders", "products", "transactions", "shipments", "inventory",
        "shipment_batches",
    }  # fmt: skip
    assert streams["orders"]["replication_key"] == "placed_at"
    assert streams["customer_addresses"]["key_properties"] == ["customer_id", "id"]
    for stream in streams.values():
        nullable = {name for name, spec in stream["schema"]["properties"].items() if "null" in spec["type"]}
        keys = set(stream["key_properties"])
        assert set(stream["schema"]["properties"]) - nullable <= keys


def test_about_names_every_setting_of_the_contract() -> None:
    done = call([BIN / "tap-cratejoy", "--about", "--format=json"])
    assert done.returncode == 0, done.stderr
    assert {
        "client_id", "client_secret", "api_url", "page_size", "page_sizes", "requests_per_second", "concurrency",
        "request_timeout", "max_retries", "start_date", "lookback_days", "embed", "pages", "ids", "record_limit",
        "include_test", "completeness_passes", "on_incomplete",
    } <= json.loads(done.stdout)["settings"]["properties"].keys()  # fmt: skip


def test_the_connection_test_reads_one_record_of_each_stream(cratejoy: Sandbox, tmp_path: Path) -> None:
    done = call([*command(tmp_path, settings(cratejoy)), "--test"])
    assert done.returncode == 0, done.stderr
    records = [json.loads(text)["stream"] for text in done.stdout.splitlines() if text.startswith(b'{"type":"RECORD"')]
    assert {"customers", "orders", "shipments"} <= set(records)
    assert len(records) == len(set(records))


def test_the_connection_test_fails_when_the_credentials_do(cratejoy: Sandbox, tmp_path: Path) -> None:
    line = [*command(tmp_path, settings(cratejoy, client_id="somebody")), "--test"]
    done = subprocess.run(line, capture_output=True, check=False, env=environment(), timeout=60)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_settings_come_from_the_environment(cratejoy: Sandbox, tmp_path: Path) -> None:
    variables = {
        "TAP_CRATEJOY_CLIENT_ID": "sandbox", "TAP_CRATEJOY_CLIENT_SECRET": CLIENT_SECRET,
        "TAP_CRATEJOY_API_URL": cratejoy.url, "TAP_CRATEJOY_REQUESTS_PER_SECOND": "0",
        "TAP_CRATEJOY_PAGES": '{"customers": "0"}', "TAP_CRATEJOY_PAGE_SIZE": "4",
    }  # fmt: skip
    done = subprocess.run(
        [BIN / "tap-cratejoy", "--config=ENV"],
        capture_output=True, check=False, cwd=tmp_path, env={**environment(), **variables}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b'"type":"RECORD"') == 4
    assert CLIENT_SECRET.encode() not in done.stderr


# One sentence for every mistake


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    config = settings()
    del config["client_secret"]
    fails_with_one_sentence(tmp_path, config, "client_secret is missing", "TAP_CRATEJOY_CLIENT_SECRET")


def test_an_unknown_setting_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    fails_with_one_sentence(tmp_path, settings(page_sise=5), "no setting page_sise", "did you mean page_size")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", 0), ("page_size", 1001), ("page_size", "many"), ("page_sizes", {"orders": 5000}),
        ("page_sizes", {"ordres": 5}), ("requests_per_second", -1), ("requests_per_second", "fast"),
        ("concurrency", 0), ("request_timeout", 0), ("max_retries", -1), ("start_date", "soon"),
        ("lookback_days", -1), ("pages", {"customers": "7-3"}), ("pages", {"customers": "one"}),
        ("pages", {"nobody": "1"}), ("ids", {"customers": ["x"]}), ("record_limit", 0),
        ("completeness_passes", -1), ("on_incomplete", "shrug"), ("embed", {"nobody": "x"}),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: object) -> None:
    fails_with_one_sentence(tmp_path, settings(**{name: value}), name)


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    said = fails_with_one_sentence(tmp_path, settings(client_secret=987654321), "client_secret takes text")
    assert "987654321" not in said


def test_a_variable_that_is_no_number_is_one_sentence(tmp_path: Path) -> None:
    variables = {"TAP_CRATEJOY_CLIENT_ID": "a", "TAP_CRATEJOY_CLIENT_SECRET": "b", "TAP_CRATEJOY_PAGE_SIZE": "many"}
    done = subprocess.run(
        [BIN / "tap-cratejoy", "--config=ENV"],
        capture_output=True, check=False, cwd=tmp_path, env={**environment(), **variables}, timeout=60, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "many" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "url",
    ["http://api.cratejoy.com/v1", "http://localhost.example.com/v1", "ftp://127.0.0.1/v1", "api.cratejoy.com",
     "https://me:secret-in-url@api.cratejoy.com/v1"],
)  # fmt: skip
def test_an_address_that_would_leak_credentials_is_refused(tmp_path: Path, url: str) -> None:
    said = fails_with_one_sentence(tmp_path, settings(api_url=url), "api_url")
    assert "secret-in-url" not in said


def test_an_unreachable_host_is_one_sentence_soon(tmp_path: Path) -> None:
    began = time.monotonic()
    said = fails_with_one_sentence_but_retries(tmp_path, settings(max_retries=1))
    assert time.monotonic() - began < 20
    assert "api_url" in said


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("config", "{"), ("state", "{"), ("state", "[1]"), ("catalog", "nope"), ("state", '{"bookmarks": null}'),
        ("state", '{"bookmarks": []}'), ("state", '{"bookmarks": {"customers": 5}}'),
    ],
)  # fmt: skip
def test_an_input_file_that_is_no_json_object_is_named(tmp_path: Path, option: str, text: str) -> None:
    line = command(tmp_path, settings())
    path = tmp_path / f"{option}.json"
    path.write_text(text)
    line += [] if option == "config" else [f"--{option}", str(path)]
    done = call(line)
    assert done.returncode == 1
    assert f"--{option}" in done.stderr.decode().splitlines()[-1]
    assert b"Traceback" not in done.stderr


def test_a_config_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    line = [BIN / "tap-cratejoy", "--config", str(tmp_path / "nowhere.json")]
    done = subprocess.run(line, capture_output=True, check=False, env=environment(), timeout=60, text=True)
    assert done.returncode != 0
    assert "nowhere.json" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", "130"), ("records", "x"), ("first_page", "0"), ("failures", "x"), ("highest_seen", 7), ("page", 1.5)],
)
def test_state_of_a_wrong_type_is_named(tmp_path: Path, name: str, value: object) -> None:
    result = run_here(tmp_path, settings(), state={"bookmarks": {"customers": {name: value}}})
    assert result.status == 1
    assert f"--state: {name} of customers" in result.stderr.splitlines()[-1]


def test_a_variable_that_looks_like_a_setting_and_is_none_is_named(tmp_path: Path) -> None:
    """Meltano passes settings it does not know only in the environment."""
    line = command(tmp_path, settings())
    variables = {
        **environment(),
        "TAP_CRATEJOY_PAGE_SISE": "3",
        "TAP_CRATEJOY__SELECT": "[]",
        "TAP_CRATEJOY_LOGLEVEL": "INFO",
    }
    done = subprocess.run(line, capture_output=True, check=False, env=variables, timeout=60, text=True)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert "TAP_CRATEJOY_PAGE_SISE" in said
    assert "TAP_CRATEJOY_PAGE_SIZE" in said
    assert "SELECT" not in said


@pytest.mark.parametrize("expression", ["nosuch.foo(", "1/0", "nosuch"])
def test_a_stream_map_that_cannot_be_used_is_one_sentence(cratejoy: Sandbox, tmp_path: Path, expression: str) -> None:
    config = settings(cratejoy, stream_maps={"customers": {"email": expression}})
    result = run_here(tmp_path, config, catalog=select("customers"))
    assert result.status == 1
    assert "stream map" in result.stderr.splitlines()[-1]


# Ends that nobody planned


def slow_tap(sandbox: Sandbox, folder: Path, stdout: Any = subprocess.PIPE) -> subprocess.Popen[bytes]:
    sandbox.fault(latency=0.3)
    config = settings(sandbox, concurrency=1, page_size=5)
    return subprocess.Popen(
        command(folder, config, catalog=select("customers")), stdout=stdout, stderr=subprocess.PIPE, env=environment()
    )


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_after_whole_lines_and_never_with_success(
    cratejoy: Sandbox, tmp_path: Path, signum: signal.Signals, status: int
) -> None:
    output = tmp_path / "out.jsonl"
    with output.open("wb") as file:
        process = slow_tap(cratejoy, tmp_path, stdout=file)
        while b"RECORD" not in output.read_bytes():
            time.sleep(0.05)
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == status
    assert output.read_bytes().endswith(b"\n")
    messages = [json.loads(line) for line in output.read_bytes().splitlines()]
    states = [message for message in messages if message["type"] == "STATE"]
    records = [message for message in messages if message["type"] == "RECORD"]
    assert 0 < len(records) < 60
    assert states[-1]["value"]["bookmarks"]["customers"]["records"] == len(records)
    assert b"goes on from the last bookmark" in stderr
    assert b" failed" not in stderr
    assert b"Traceback" not in stderr


def test_a_reader_that_goes_away_is_one_sentence(cratejoy: Sandbox, tmp_path: Path) -> None:
    process = slow_tap(cratejoy, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    stderr = process.stderr.read()
    assert process.wait(30) == 1
    assert b"the loader" in stderr
    assert b"Traceback" not in stderr
    assert b"Exception ignored" not in stderr


def test_a_full_disk_is_one_sentence(cratejoy: Sandbox, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = slow_tap(cratejoy, tmp_path, stdout=full)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"No space left" in stderr.splitlines()[-1]
    assert b"Traceback" not in stderr


def test_kill_9_at_any_moment_and_the_same_command_bring_exactly_the_rows(cratejoy: Sandbox, tmp_path: Path) -> None:
    """Killed again and again; whatever lines came out whole are what a loader would have stored."""
    catalog = select("customers", "products")
    cratejoy.fault(latency=0.1)
    config = settings(cratejoy, concurrency=3, page_size=4)
    state: dict[str, Any] | None = None
    seen: dict[str, set[int]] = {"customers": set(), "products": set()}
    for most in (1, 9, 2, None):
        status, lines = _killed_after(most, command(tmp_path, config, state=state, catalog=catalog))
        assert status == (-signal.SIGKILL if most else 0)
        for message in map(json.loads, lines):
            if message["type"] == "RECORD":
                seen[message["stream"]].add(message["record"]["id"])
            if message["type"] == "STATE":
                state = message["value"]
    assert seen == {name: set(cratejoy.ids(name)) for name in seen}
    assert state is not None
    assert all(bookmark["complete"] for bookmark in state["bookmarks"].values())


def _killed_after(most: int | None, line: list[str]) -> tuple[int, list[bytes]]:
    """Run the tap, kill it after so many records; return its status and the lines that came out whole."""
    whole: list[bytes] = []
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()) as process:
        assert process.stdout is not None
        for text in process.stdout:
            whole.append(text)
            if most and sum(b'"RECORD"' in one for one in whole) == most:
                process.kill()
    return process.returncode, [text for text in whole if text.endswith(b"\n")]


def test_no_output_but_records_holds_an_e_mail_or_a_name(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(
        status=[{"pages": [1], "times": 1, "status": 500}, {"resource": "products", "status": 404}], odd_text="nul"
    )
    result = run_here(tmp_path, settings(cratejoy, max_retries=1, page_size=40))
    assert not re.search(r"[^\s@]+@[^\s@]+\.\w+", result.stderr)
    assert not any(row["last_name"] in result.stderr for row in cratejoy.rows("customers") if len(row["last_name"]) > 5)


def test_progress_is_a_plain_line_now_and_then(cratejoy: Sandbox, tmp_path: Path) -> None:
    cratejoy.fault(latency=1.1)
    result = run_here(tmp_path, settings(cratejoy, concurrency=1), catalog=select("customers"))
    lines = [line for line in result.stderr.splitlines() if " %) rows" in line]
    assert 1 <= len(lines) <= 2
    assert re.search(r"customers: page \d+, \d+ of 60 \(\d+ %\) rows, \d+ records/s, \d+ s left", lines[0])
