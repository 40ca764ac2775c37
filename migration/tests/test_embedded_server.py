"""The embedded server: private, shared, gone when nobody needs it, healed after any death."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest
from cratejoy_migration.staging import (
    StagingError,
    connection_url,
    control,
    locks,
    postmaster,
    staging_database,
    unprivileged,
)
from cratejoy_migration.staging.complaints import complaint
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.locks import is_held
from cratejoy_migration.staging.unprivileged import server_user

CLIENT = """
import sys, time
from pathlib import Path
from cratejoy_migration.staging import staging_database
with staging_database(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start_client(project, seconds, *prefix):
    command = [*prefix, sys.executable, "-c", CLIENT, str(project), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def supervisor_of(project):
    return int(Layout(project).supervisor_lock.read_text())


def server_of(project):
    return postmaster.read(Layout(project).data).pid


def write_row(url):
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (n int)")
        connection.execute("insert into kept values (1)")


def rows(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from kept").fetchone()[0]


def test_it_serves_utf8_and_sorts_alike_everywhere(project):
    with staging_database(project) as url, psycopg.connect(url) as connection:
        found = connection.execute(
            "select current_database(), pg_encoding_to_char(encoding), datlocale, current_setting('fsync'),"
            " current_setting('synchronous_commit') from pg_database where datname = current_database()"
        ).fetchone()
    assert found == ("staging", "UTF8", "C.UTF-8", "on", "on")


def test_no_folder_above_is_opened_and_no_file_is_readable_by_others(project):
    above = {folder: folder.stat().st_mode for folder in project.parents}
    with staging_database(project):
        pass
    assert {folder: folder.stat().st_mode for folder in project.parents} == above
    files = [project / ".staging", *(project / ".staging").rglob("*")]
    assert len(files) > 100
    assert [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077] == []


def test_it_never_runs_as_root_and_its_password_is_in_no_command_line(project):
    with staging_database(project) as url:
        secret = psycopg.conninfo.conninfo_to_dict(url)["password"]
        server = psutil.Process(server_of(project))
        assert server.uids().real != 0
        commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if secret in " ".join(command)]
    assert secret not in Layout(project).log.read_text()


def test_it_refuses_a_client_without_the_password(project):
    with staging_database(project) as url:
        parts = psycopg.conninfo.conninfo_to_dict(url) | {"password": "guessed"}
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(**parts)


def test_clients_that_start_at_once_share_one_server(project):
    clients = [start_client(project, 0.2) for _ in range(4)]
    urls = {client.communicate(timeout=60)[0].strip() for client in clients}
    assert [client.returncode for client in clients] == [0, 0, 0, 0]
    assert len(urls) == 1


def test_it_stops_when_nobody_needs_it_any_more(project, eventually, alive):
    with staging_database(project):
        pids = [server_of(project), supervisor_of(project)]
    eventually(lambda: not any(map(alive, pids)))
    assert not (Layout(project).data / "postmaster.pid").exists()


def test_it_stays_while_somebody_holds_the_lease(project, alive):
    with staging_database(project):
        pid = server_of(project)
        subprocess.run(["sleep", "2"], check=True)
        assert alive(pid)


def test_it_stops_after_its_client_was_killed(project, eventually, alive):
    client = start_client(project, 60)
    client.stdout.readline()
    pid = server_of(project)
    client.kill()
    client.communicate()
    eventually(lambda: not alive(pid))


def test_it_ends_with_a_killed_supervisor_and_comes_back_with_its_data(project, eventually, alive):
    with staging_database(project) as url:
        write_row(url)
        pid = server_of(project)
        os.kill(supervisor_of(project), signal.SIGKILL)
        eventually(lambda: not alive(pid))
    with staging_database(project) as url:
        assert rows(url) == 1


def test_an_orphan_that_outlived_its_supervisor_is_stopped_by_the_next_client(project, alive):
    with staging_database(project):
        pid = server_of(project)
        os.kill(pid, signal.SIGSTOP)
        os.kill(supervisor_of(project), signal.SIGKILL)
        client = start_client(project, 0)
        os.kill(pid, signal.SIGCONT)
        assert client.communicate(timeout=60)[0].startswith("postgresql://")
        assert not alive(pid)


def test_a_killed_server_recovers_what_was_committed(project, eventually):
    with staging_database(project) as url:
        write_row(url)
        os.kill(server_of(project), signal.SIGKILL)
        eventually(lambda: not is_held(Layout(project).ready_lock), seconds=0.2)
    with staging_database(project) as url:
        assert rows(url) == 1


KEPT_UP = """
import sys
from pathlib import Path
from cratejoy_migration.staging import connection_url, keep_up
print(connection_url(Path(sys.argv[1])), flush=True)
keep_up(Path(sys.argv[1]))
sys.stdin.read()
"""


@pytest.fixture
def kept_up(project):
    """The URL that a program goes by which needs the server for as long as it runs."""
    command = [sys.executable, "-c", KEPT_UP, str(project)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        yield program.stdout.readline().strip()
        program.communicate("", timeout=30)


@pytest.mark.parametrize("victim", [server_of, supervisor_of])
def test_a_server_that_dies_under_a_program_comes_back_under_the_same_url(project, eventually, kept_up, victim):
    write_row(kept_up)
    old = server_of(project)
    os.kill(victim(project), signal.SIGKILL)

    def back():
        state = postmaster.read(Layout(project).data)
        return state and state.ready and state.pid != old and is_held(Layout(project).ready_lock)

    eventually(back)
    assert rows(kept_up) == 1


def test_a_server_that_was_told_to_stop_stays_away(project, kept_up):
    write_row(kept_up)
    assert control.stop(Layout(project))
    subprocess.run(["sleep", "3"], check=True)
    assert not is_held(Layout(project).ready_lock)


def test_a_killed_first_start_leaves_nothing_that_counts(project, eventually):
    leftover = project / ".staging" / "build-1" / "base"
    leftover.mkdir(parents=True)
    client = start_client(project, 60)
    lock = Layout(project).supervisor_lock
    eventually(lambda: lock.exists() and lock.read_text())
    os.kill(supervisor_of(project), signal.SIGKILL)
    client.kill()
    client.communicate()
    with staging_database(project) as url:
        write_row(url)
    assert list((project / ".staging").glob("build-*")) == []


def test_a_stale_pid_file_with_the_number_of_a_living_process_does_no_harm(project):
    with staging_database(project):
        pass
    control.stop(Layout(project))
    pid_file = Layout(project).data / "postmaster.pid"
    # PostgreSQL takes only a process of its own user for a rival.
    user = server_user()
    with subprocess.Popen(["sleep", "60"], user=user.pw_uid if user else None) as bystander:
        pid_file.write_text(f"{bystander.pid}\n{Layout(project).data}\n1\n9\n\n127.0.0.1\n 1 1\nready\n")
        with staging_database(project) as url:
            write_row(url)
        assert bystander.poll() is None
        bystander.kill()


def test_it_can_be_kept_running_and_stopped(project, alive):
    with staging_database(project):
        control.keep_running(Layout(project))
        pid = server_of(project)
    subprocess.run(["sleep", "2"], check=True)
    assert alive(pid)
    assert control.stop(Layout(project))
    assert not alive(pid)
    assert not is_held(Layout(project).server_lock)
    assert not control.stop(Layout(project))


def test_a_url_for_life_holds_the_lease_until_the_process_ends(project):
    program = (
        "import sys, pathlib; from cratejoy_migration.staging import connection_url, control; "
        "from cratejoy_migration.staging.layout import Layout; p = pathlib.Path(sys.argv[1]); "
        "connection_url(p); print(control.in_use(Layout(p)))"
    )
    done = subprocess.run([sys.executable, "-c", program, project], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert not control.in_use(Layout(project))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: (data / "PG_VERSION").write_text("16\n"), "was made by PostgreSQL 16"),
        (lambda data: (data / "PG_VERSION").unlink(), "is damaged"),
        (lambda data: (data / "global" / "pg_control").unlink(), "move"),
    ],
)
def test_data_it_cannot_use_is_refused_in_one_sentence(project, damage, said):
    with staging_database(project):
        pass
    control.stop(Layout(project))
    damage(Layout(project).data)
    with pytest.raises(StagingError) as refusal, staging_database(project):
        pass
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("FATAL:  could not write: No space left on device", "the disk is full"),
        ("FATAL:  could not create any TCP/IP sockets", "no TCP port"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "memory is short"),
        ("could not create directory: Read-only file system", "cannot be written"),
    ],
)
def test_start_up_messages_become_sentences(tmp_path, output, said):
    assert said in complaint(Layout(tmp_path), output, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder that root cannot write is not to be had")
def test_root_without_the_rights_to_step_down_is_told_what_to_do(project):
    client = start_client(project, 0, "setpriv", "--bounding-set=-setuid")
    assert "PostgreSQL does not run as root" in client.communicate(timeout=60)[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_needs_none_of_this(alive, eventually):
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, "nobody")
        become = ("setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups")
        # Only so that this test's Python is found when it is installed in a private folder.
        become += ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup")
        client = start_client(folder, 30, *become)
        assert client.stdout.readline().startswith("postgresql://")
        pid = server_of(Path(folder))
        assert psutil.Process(pid).username() == "nobody"
        client.kill()
        client.communicate()
        eventually(lambda: not alive(pid))


def test_an_unwritable_project_is_refused_in_one_sentence(tmp_path):
    (tmp_path / ".staging").write_text("in the way")
    with pytest.raises(StagingError, match="set STAGING_DATABASE_URL"):
        connection_url(tmp_path)


def refusal(project):
    with pytest.raises(StagingError) as refused:
        connection_url(project)
    assert str(project.parent) not in str(refused.value)
    return str(refused.value)


def test_files_of_another_user_are_refused_in_one_sentence(tmp_path, monkeypatch):
    def refuse(path, flags, mode):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "shop").mkdir()
    monkeypatch.setattr(locks, "os", SimpleNamespace(**vars(os) | {"open": refuse}))  # root is refused nothing
    assert refusal(tmp_path / "shop") == (
        "cannot use shop/.staging/lease (Permission denied); run as the owner of shop/.staging,"
        " or set STAGING_DATABASE_URL."
    )


@pytest.mark.parametrize("name", ["lease", "ready.lock", "supervisor.lock", "server.lock"])
def test_a_lock_that_cannot_be_opened_is_named_whoever_needs_it(tmp_path, name):
    lock = tmp_path / "shop" / ".staging" / name
    lock.mkdir(parents=True)
    assert f"cannot use shop/.staging/{name} (Is a directory)" in refusal(tmp_path / "shop")


def test_a_password_that_cannot_be_read_is_named(tmp_path):
    layout = Layout(tmp_path / "shop")
    layout.password.mkdir(parents=True)
    with pytest.raises(StagingError, match=r"^cannot use shop/\.staging/password \(Is a directory\)"):
        layout.url(5432)


def test_programs_in_a_private_folder_are_found_by_the_user_root_becomes(tmp_path):
    """PostgreSQL looks for its own programs with access(2), which counts no capability of ordinary users by itself."""
    program = tmp_path / "private" / "program"
    program.parent.mkdir(mode=0o700)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    command = [sys.executable, "-I", "-S", unprivileged.__file__, "0", "/usr/bin/test", "-x", program]
    done = subprocess.run(command, check=False)
    assert done.returncode == 0
    assert program.parent.stat().st_mode & 0o777 == 0o700
