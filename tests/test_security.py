"""Keys and addresses stay where they belong while everything runs: arguments, modes, listeners, locked packages."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pipeline import BIN, ROOT, SECRET, SECRET_TOKEN, Project, Store, start_shop


@dataclass
class Seen:
    """What could be seen of all processes and files while a run went on."""

    arguments: set[str] = field(default_factory=set)
    modes: dict[str, int] = field(default_factory=dict)
    listeners: set[str] = field(default_factory=set)


def watched(project: Project, *command: str, **variables: str) -> tuple[int, str, Seen]:
    """Run a command and look all the time: Meltano's files with the settings of a plugin live as long as the plugin."""
    seen = Seen()
    (project.folder / ".meltano").chmod(0o755)
    run = project.start(*command, **variables)
    while run.poll() is None:
        for process in [*psutil.Process(run.pid).children(recursive=True), *_postgres(project.folder)]:
            seen.arguments.add(_arguments(process))
            seen.listeners |= _listeners(process)
        for file in (project.folder / ".meltano" / "run").glob("*/*.config.json"):
            seen.modes[file.name] = _mode(file)
        time.sleep(0.05)
    return run.returncode, run.communicate()[0], seen


def no_key_was_among_arguments_and_no_file_with_one_open_to_others(project: Project, seen: Seen) -> None:
    password = (project.folder / ".staging" / "password").read_text().strip()
    programs = {"tap-cratejoy", "target-shopify", "postgres"}
    assert {name for name in programs if any(name in one for one in seen.arguments)} == programs
    assert [one for one in seen.arguments if SECRET in one or SECRET_TOKEN in one or password in one] == []
    assert len(seen.modes) >= 2
    assert set(seen.modes.values()) <= {0o600, 0}
    assert seen.listeners == {"127.0.0.1"}
    assert _mode(project.folder / ".meltano") == 0o700
    assert {_mode(file) for file in (project.folder / "reports").iterdir() if file.is_file()} == {0o600}
    assert _mode(project.folder / ".staging") == 0o700
    assert "scram-sha-256" in _rules(project.folder)
    assert not re.search(r"\b(trust|md5|password|peer)$", _rules(project.folder), re.MULTILINE)


def test_every_locked_package_has_one_version_and_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(lines) > 100
    assert [line for line in lines if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []
    assert "--require-hashes" in (ROOT / "scripts" / "install").read_text()


def _postgres(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in one for one in process.info["cmdline"] or ())
    ]


def _arguments(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _listeners(process: psutil.Process) -> set[str]:
    try:
        return {one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN}
    except psutil.Error:
        return set()


def _mode(file: Path) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return 0


def _rules(folder: Path) -> str:
    """Return who may connect to the embedded server, and how."""
    lines = (folder / ".staging" / "data" / "pg_hba.conf").read_text().splitlines()
    return "\n".join(line.rstrip() for line in lines if line and not line.startswith("#"))


def test_tap_and_target_send_nothing_to_a_server_whose_certificate_they_cannot_verify(
    project: Project, store: Store, tmp_path: Path
) -> None:
    with start_shop() as shop, encrypted(store.port, tmp_path) as tap_at, encrypted(shop.port, tmp_path) as target_at:
        files = {
            "tap-cratejoy": {
                "client_id": "sandbox",
                "client_secret": SECRET,
                "api_url": f"{tap_at}/v1",
                "requests_per_second": 0,
            },
            "target-shopify": {"shop": "demo", "access_token": SECRET_TOKEN, "api_url": target_at},
        }
        for name, settings in files.items():
            (tmp_path / name).write_text(json.dumps({**settings, "max_retries": 8}))
        commands = {name: (name, "--config", str(tmp_path / name)) for name in files}
        (tmp_path / "documents").write_text(
            '{"type": "SCHEMA", "stream": "customers", "key_properties": ["id"], "schema": {"properties": {}}}\n'
            '{"type": "RECORD", "stream": "customers", "record": {"id": 17, "email": "ada@example.com"}}\n'
        )
        for name, command in commands.items():
            began = time.monotonic()
            refused = run(project, tmp_path, *command)
            assert refused.returncode != 0
            assert refused.stderr.count("could not be verified, and nothing was sent") == 1, (name, refused.stderr)
            assert "Traceback" not in refused.stderr
            assert time.monotonic() - began < 20  # no waiting for what cannot heal
        assert shop.customers() == []
        for command in commands.values():
            taken = run(project, tmp_path, *command, REQUESTS_CA_BUNDLE=str(tmp_path / "certificate.pem"))
            assert taken.returncode == 0, taken.stderr
        assert [one["email"] for one in shop.customers()] == ["ada@example.com"]


def test_http_is_refused_by_everything_that_would_send_a_key_over_the_net(project: Project, tmp_path: Path) -> None:
    (tmp_path / "tap").write_text(
        json.dumps({"client_id": "a", "client_secret": SECRET, "api_url": "http://example.com/v1"})
    )
    (tmp_path / "target").write_text(
        json.dumps({"shop": "demo", "access_token": SECRET_TOKEN, "api_url": "http://127.0.0.1.example.com"})
    )
    for program, settings in (("tap-cratejoy", "tap"), ("target-shopify", "target")):
        refused = run(project, tmp_path, program, "--config", str(tmp_path / settings))
        assert refused.returncode != 0
        assert "use https://" in refused.stderr
        assert SECRET not in refused.stderr
        assert SECRET_TOKEN not in refused.stderr
    status, said = project.run(
        "migration", "run", "--until", "collected", MIGRATION_NOTIFY_URL="http://example.com/hook"
    )
    assert (status, "https://" in said) == (1, True), said


def run(project: Project, folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program alone, without Meltano, on the documents."""
    inputs = folder / "documents"
    environment = {name: value for name, value in project.environment.items() if not name.startswith("TAP_")}
    return subprocess.run(
        [BIN / command[0], *command[1:]],
        input=inputs.read_text() if inputs.exists() else "", capture_output=True, text=True, timeout=120, check=False,
        env={**environment, **variables}, cwd=folder,
    )  # fmt: skip


@contextmanager
def encrypted(port: int, folder: Path) -> Iterator[str]:
    """Serve a port of this machine over TLS, with a certificate that nobody but its file vouches for."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with (
                    context.wrap_socket(self.request, server_side=True) as near,
                    socket.create_connection(("127.0.0.1", port)) as far,
                ):
                    threading.Thread(target=_pour, args=(far, near), daemon=True).start()
                    _pour(near, far)
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Forward) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        return
