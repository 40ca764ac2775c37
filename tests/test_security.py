"""Keys and addresses stay where they belong while everything runs: arguments, modes, listeners, locked packages."""

from __future__ import annotations

import re
import stat
import time
from pathlib import Path

import psutil
from pipeline import ROOT, SECRET, SECRET_TOKEN, Project, start_shop


def test_no_process_of_a_run_has_a_key_among_its_arguments_and_no_file_with_one_is_open_to_others(
    project: Project,
) -> None:
    """Looked at all the time: Meltano's files with the settings of a plugin live as long as the plugin."""
    (project.folder / ".meltano").mkdir(mode=0o755)
    seen: set[str] = set()
    modes: dict[str, int] = {}
    listeners: set[str] = set()
    with start_shop("--time-scale", "100") as shop:
        run = project.start(
            "meltano", "run", "collect", "migrate",
            TARGET_SHOPIFY_SHOP="demo", TARGET_SHOPIFY_API_URL=shop.url, TARGET_SHOPIFY_ACCESS_TOKEN=SECRET_TOKEN,
        )  # fmt: skip
        while run.poll() is None:
            processes = [*psutil.Process(run.pid).children(recursive=True), *_postgres(project.folder)]
            for process in processes:
                seen.add(_arguments(process))
                listeners |= _listeners(process)
            for file in (project.folder / ".meltano" / "run").glob("*/*.config.json"):
                modes[file.name] = _mode(file)
            time.sleep(0.05)
        said = run.communicate()[0]
    assert run.returncode == 0, said
    password = (project.folder / ".staging" / "password").read_text().strip()
    assert {name for name in ("tap-cratejoy", "target-shopify", "postgres") if any(name in one for one in seen)} == {
        "tap-cratejoy", "target-shopify", "postgres",
    }  # fmt: skip
    assert [one for one in seen if SECRET in one or SECRET_TOKEN in one or password in one] == []
    assert len(modes) >= 2
    assert set(modes.values()) <= {0o600, 0}
    assert listeners == {"127.0.0.1"}
    assert _mode(project.folder / ".meltano") == 0o700
    assert {_mode(file) for file in (project.folder / "reports").iterdir()} == {0o600}
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
