"""Programs under a run: lines, signals, the end with the parent; what is logged, and who may read it."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from cratejoy_migration.unattended import log as log_module
from cratejoy_migration.unattended.child import Children
from cratejoy_migration.unattended.log import RunLog

CLEAN = """
import os, signal, sys, time
def end(number, frame):
    os.write(1, b"ending cleanly\\n")  # print might be interrupted in the middle of itself
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGINT, end)
print("begun", flush=True)
time.sleep(30)
"""
RUNNER = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where the tests themselves were started by nohup
from cratejoy_migration.unattended.child import Children
children = Children(Path.cwd()); children.listen()
ended = children.run([sys.executable, "-c", sys.argv[1]], {}, lambda line: print(line, flush=True))
print("status", ended.status, "signal", children.signal, flush=True)
print("then", children.run([sys.executable, "-c", "print(1)"], {}, print).status, flush=True)
"""


def start(program=CLEAN):
    return subprocess.Popen([sys.executable, "-c", RUNNER, program], stdout=subprocess.PIPE, text=True)


def test_a_program_s_lines_and_status_come_back(tmp_path):
    lines = []
    code = "import os, sys; print('out'); print('err', file=sys.stderr); print(os.environ['X']); sys.exit(7)"
    ended = Children(tmp_path).run([sys.executable, "-c", code], {"X": "given"}, lines.append)
    assert ended.status == 7
    assert sorted(lines) == sorted(ended.lines) == ["err", "given", "out"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_goes_on_to_the_program_whose_clean_end_is_awaited_and_nothing_is_started_after_it(number):
    with start() as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        said, _ = process.communicate(timeout=90)
    assert said.splitlines() == [
        "ending cleanly",
        f"status {128 + signal.SIGTERM} signal {int(number)}",
        f"then {128 + number}",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_a_program_ends_when_the_run_above_it_is_killed(alive, eventually):
    with start("import os, time; print(os.getpid(), flush=True); time.sleep(60)") as process:
        program = int(process.stdout.readline())
        process.kill()
        process.wait()
        eventually(lambda: not alive(program), 10)


def test_a_rest_ends_at_a_signal(tmp_path):
    children = Children(tmp_path)
    children.signal = signal.SIGTERM
    began = time.monotonic()
    children.rest(timedelta(hours=1))
    assert time.monotonic() - began < 1


def test_the_log_is_the_owner_s_alone_and_holds_all_while_the_console_leaves_meltano_s_housekeeping_out(
    tmp_path, capsys
):
    log = RunLog(tmp_path / "reports")
    log.event("collect customers ...")
    log.line("2026-11-25T17:34:05.0Z [info     ] meltano      Using systemdb state backend")
    log.line("2026-11-25T17:34:05.0Z [info     ] tap-cratejoy customers: 300 records")
    log.event("a sentence", aside=True)
    log.close()
    console, file = capsys.readouterr().out, log.file.read_text()
    assert "systemdb" not in console
    assert "sentence" not in console
    assert "customers: 300 records" in console
    assert all(text in file for text in ("collect customers", "systemdb", "300 records", "a sentence"))
    assert log.file.stat().st_mode & 0o777 == 0o600
    assert log.file.parent.stat().st_mode & 0o777 == 0o700


def test_the_log_rotates_and_old_files_are_the_owner_s_too(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "_MOST_BYTES", 1000)
    log = RunLog(tmp_path)
    for number in range(100):
        log.line(f"line {number:03} {'x' * 90}")
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["run.log", *(f"run.log.{number}" for number in (1, 2, 3, 4))]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert "line 099" in (tmp_path / "run.log").read_text()


def test_a_console_that_has_gone_does_not_end_a_run(tmp_path):
    code = (
        "import sys; from pathlib import Path; from cratejoy_migration.unattended.log import RunLog\n"
        "log = RunLog(Path(sys.argv[1])); sys.stdin.readline()\n"
        "for number in range(3): log.line(f'line {number}')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdout.close()
    process.stdin.write("go\n")
    process.stdin.close()
    assert process.wait(20) == 0
    assert (tmp_path / "run.log").read_text() == "line 0\nline 1\nline 2\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")  # noqa: PTH110
def test_a_full_disk_does_not_end_a_run(tmp_path, capsys):
    log = RunLog(tmp_path)
    log._handler.stream.close()
    log._handler.stream = open("/dev/full", "a")  # noqa: SIM115, PTH123
    log.line("goes on")
    assert capsys.readouterr().out == "goes on\n"
