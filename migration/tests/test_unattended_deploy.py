"""Units, container file and documents use options that `migration run` has."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from shutil import which

import pytest
from click.testing import CliRunner
from cratejoy_migration.cli import main
from cratejoy_migration.commands.unattended import run

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^(?:ExecStart=|\.venv/bin/|.*&& )(?:\S*/)?(migration run .*?)(?: +#.*)?$", re.MULTILINE)
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def commands():
    """Yield every `migration run ...` of units, container file and document, as words."""
    for file in [*UNITS, ROOT / "deploy" / "Containerfile", ROOT / "docs" / "unattended.md"]:
        text = file.read_text()
        for line in COMMAND.findall(text):
            yield file.name, shlex.split(line)
        for words in re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE):
            yield file.name, ["migration", *json.loads(words)[1:]]


@pytest.mark.parametrize(("file", "words"), list(commands()))
def test_every_command_is_one_that_the_command_line_takes(file, words):
    assert words[:2] == ["migration", "run"]
    run.make_context("run", words[2:])


def test_what_is_looked_for_is_found_where_it_is():
    assert {file for file, _ in commands()} == {
        "cratejoy-migration.service",
        "cratejoy-delta.service",
        "Containerfile",
        "unattended.md",
    }


def test_unit_and_container_use_exactly_this():
    exactly = ["migration", "run", "--until", "verified"]
    assert [words for file, words in commands() if file in {"cratejoy-migration.service", "Containerfile"}] == [
        exactly
    ] * 2


def test_the_container_file_copies_nothing_with_secrets_or_data_and_only_what_is_there():
    text = (ROOT / "deploy" / "Containerfile").read_text()
    copied = [word.rstrip("/") for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert not {".", ".env", ".staging", ".meltano", "reports"} & set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"tap-cratejoy", "target-shopify", "migration", "sandbox", "requirements.lock", "meltano.yml"} <= set(copied)


def test_every_option_is_in_the_help():
    shown = CliRunner().invoke(main, ["run", "--help"]).output
    assert all(option in shown for option in ("--until", "--from", "--delta", "--wait", "--patience", "--pause"))


@pytest.mark.skipif(which("systemd-analyze") is None, reason="without systemd")
def test_systemd_takes_the_units(tmp_path):
    files = []
    for file in [*UNITS, *(ROOT / "deploy").glob("*.timer")]:
        text = file.read_text().replace("/opt/cratejoy-migration/.venv/bin/migration", "/bin/true")
        files.append(tmp_path / file.name)
        files[-1].write_text(text)
    told = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if str(tmp_path) in line] == []
