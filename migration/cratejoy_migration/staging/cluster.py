"""Building and starting PostgreSQL: its data folder, its settings, its command line."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cratejoy_migration.staging import unprivileged
from cratejoy_migration.staging.binaries import MAJOR_VERSION, program
from cratejoy_migration.staging.complaints import complaint
from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.layout import DATABASE, USER

if TYPE_CHECKING:
    from cratejoy_migration.staging.layout import Layout
    from cratejoy_migration.staging.locks import FileLock

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # The log must not hold customers: no statements, no DETAIL lines with rows.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
_INITDB_SECONDS = 120
_UNPRIVILEGED = str(Path(unprivileged.__file__))


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def build(layout: Layout) -> None:
    """Make the data folder if there is none. A build that was killed leaves nothing that counts.

    Raises:
        StagingError: PostgreSQL could not build it, or what is there is not ours to use.
    """
    if layout.data.exists():
        _check(layout)
        return
    for leftover in layout.folder.glob("build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    _write_password(layout.password)
    target = layout.folder / f"build-{os.getpid()}"
    _run(layout, _initdb(layout, target))
    _run(layout, _single_user(target), f'CREATE DATABASE "{DATABASE}"\n')
    target.rename(layout.data)


def start(layout: Layout, port: int, lock: FileLock) -> subprocess.Popen[bytes]:
    """Start PostgreSQL as a child of this process, which it does not outlive; it inherits `lock`."""
    settings = {**SETTINGS, "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = _as_server_user([program("postgres"), "-D", layout.data, *options], parent=os.getpid())
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    with layout.log.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )


def _check(layout: Layout) -> None:
    try:
        version = (layout.data / "PG_VERSION").read_text(encoding="ascii").strip()
        owner = layout.data.stat().st_uid
        user = unprivileged.server_user()
    except (OSError, KeyError):
        raise StagingError(_broken(layout, "is damaged")) from None
    if version != MAJOR_VERSION:
        raise StagingError(_broken(layout, f"was made by PostgreSQL {version}, and this is {MAJOR_VERSION}"))
    if owner != (user.pw_uid if user else os.geteuid()):
        raise StagingError(_broken(layout, "was made by another user of this machine"))


def _broken(layout: Layout, what: str) -> str:
    return (
        f"the embedded staging database in {layout.data} {what}; move {layout.folder} away and collect "
        "again, or set STAGING_DATABASE_URL."
    )


def _write_password(path: Path) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")


def _initdb(layout: Layout, target: Path) -> list[str | Path]:
    return [
        program("initdb"),
        f"--pgdata={target}",
        f"--username={USER}",
        f"--pwfile={layout.password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        f"--set=shared_buffers={SETTINGS['shared_buffers']}",
        f"--set=max_connections={SETTINGS['max_connections']}",
    ]


def _single_user(target: Path) -> list[str | Path]:
    return [program("postgres"), "--single", "-D", target, "-c", "unix_socket_directories=", "postgres"]


def _run(layout: Layout, command: list[str | Path], text: str = "") -> None:
    result = subprocess.run(
        _as_server_user(command, parent=os.getpid()),
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_INITDB_SECONDS,
        env=_environment(),
        cwd=layout.folder,
        check=False,
    )
    output = result.stdout + result.stderr
    if result.returncode != 0 or "FATAL:" in output:
        with layout.log.open("a", encoding="utf-8") as log:
            log.write(output)
        raise StagingError(complaint(layout, output, result.returncode))


def _as_server_user(command: list[str | Path], parent: int) -> list[str]:
    helper = [sys.executable, "-I", "-S", _UNPRIVILEGED, str(parent)]
    return [*helper, *(str(part) for part in command)]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
