"""The `sandbox` command, as a shell or another program uses it."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import requests
from cratejoy_sandbox.cli import main

COMMAND = (sys.executable, "-c", "from cratejoy_sandbox.cli import main; main()")
STORE = ("--customers", "300", "--seed", "7", "--today", "2026-11-01")
README = Path(__file__).parents[1] / "README.md"


def run(*arguments):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def run_here(*arguments):
    """The same in this process, for commands that serve nothing."""
    out, err = io.StringIO(), io.StringIO()
    was = signal.getsignal(signal.SIGTERM)
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main(arguments)
    finally:
        signal.signal(signal.SIGTERM, was)
    return subprocess.CompletedProcess(arguments, ended.value.code, out.getvalue(), err.getvalue())


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_first_line_names_the_port(stores):
    command = [*COMMAND, "cratejoy", *STORE, "--data", str(stores), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        port = json.loads(line)["port"]
        assert line == f'{{"port": {port}}}\n'
        assert requests.get(f"http://127.0.0.1:{port}/_sandbox/health", timeout=5).json()["ok"]
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly_even_during_a_hang(stores, launch, number):
    with launch(stores, "--fault", "hang=60") as sandbox:
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{sandbox.root}/v1/carts/", auth=("sandbox", "sandbox-secret"), timeout=0.3)
        sandbox.process.send_signal(number)
        assert sandbox.process.wait(10) == 0


@pytest.mark.parametrize("which", ["cratejoy", "shopify"])
def test_a_signal_right_after_the_first_line_is_a_clean_end(stores, which):
    options = [*STORE, "--data", str(stores)] if which == "cratejoy" else ["--shop", "demo", "--token", "any"]
    command = [*COMMAND, which, *options, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline()
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


def test_the_server_ends_with_its_parent(stores):
    command = [*COMMAND, "cratejoy", *STORE, "--data", str(stores), "--port", "0", "--exit-with-parent"]
    starter = f"""
import subprocess
process = subprocess.Popen({command!r}, stdout=subprocess.PIPE, text=True)
print(process.pid, process.stdout.readline(), flush=True)
"""
    out = subprocess.run([sys.executable, "-c", starter], capture_output=True, text=True, timeout=30, check=True).stdout
    port = json.loads(out.split(" ", 1)[1])["port"]
    deadline = time.monotonic() + 10
    while listening(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not listening(port)


def test_credentials_and_faults_are_set_at_the_start(stores, launch):
    options = ("--client-id", "me", "--client-secret", "mine", "--fault", "count_off=5", "--fault", "shuffled=anew")
    with launch(stores, *options) as sandbox:
        answer = requests.get(f"{sandbox.root}/v1/customers/", auth=("me", "mine"), timeout=5)
        assert answer.json()["count"] == 305
        assert sandbox.ask("/v1/customers/").status_code == 403


def test_only_its_own_loopback_address_is_served(stores, launch):
    """A server that listened everywhere would answer on 127.0.0.2 as well."""
    with launch(stores) as sandbox, pytest.raises(OSError, match=r"refused|unreachable|timed out|assign"):
        socket.create_connection(("127.0.0.2", sandbox.port), timeout=2)


def test_a_port_in_use_is_one_line(stores):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("cratejoy", *STORE, "--data", str(stores), "--port", str(port))
    assert result.returncode == 1
    assert result.stderr == f"Error: Port {port} cannot be used: Address already in use.\n"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_here("generate", *STORE, "--data", str(tmp_path / "file" / "folder"))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: The store cannot be built in ")
    assert result.stderr.count("\n") == 1


def test_an_unknown_fault_is_one_line(stores):
    result = run("cratejoy", *STORE, "--data", str(stores), "--fault", "nonsense")
    assert result.stderr == "Error: There is no fault 'nonsense'; `sandbox faults` lists them.\n"


def test_a_killed_build_leaves_no_store(tmp_path):
    command = [*COMMAND, "generate", "--customers", "100000", "--data", str(tmp_path)]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 20
        while not list(tmp_path.glob("*.building")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) != 0
    assert list(tmp_path.iterdir()) == []


def test_generate_prints_the_path_of_the_store(stores):
    path = run_here("generate", *STORE, "--data", str(stores)).stdout.strip()
    assert path == str(stores / "cratejoy-300-7-2026-11-01-v1.sqlite")
    assert Path(path).exists()


@pytest.mark.parametrize("arguments", [(), ("cratejoy",), ("generate",), ("faults",)])
def test_help_is_there(arguments):
    result = run_here(*arguments, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: ")


def test_the_readme_has_the_table_of_faults():
    assert run_here("faults", "--markdown").stdout.strip() in README.read_text()


def test_every_fault_is_listed_with_an_example():
    listed = run_here("faults").stdout
    assert "rate_limited" in listed
    assert 'example: status={"resource": "customers", "pages": [3], "times": 2, "status": 503}' in listed
