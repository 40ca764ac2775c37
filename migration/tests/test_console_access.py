"""Who may use the console: the rules behind sign-in, each by itself."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher, Type
from click.testing import CliRunner
from cratejoy_migration.console import settings
from cratejoy_migration.console.access import headers, passwords
from cratejoy_migration.console.access.activity import by_a_person
from cratejoy_migration.console.access.hosts import host_allowed, same_origin
from cratejoy_migration.console.access.lockout import Lockout
from cratejoy_migration.console.access.login_page import page, wanted
from cratejoy_migration.console.access.sessions import IDLE, SIGNED_OUT, Sessions
from cratejoy_migration.console.access.shell import WATCH, shell
from cratejoy_migration.console.launch import main
from cratejoy_migration.errors import OperatorError
from streamlit.proto.BackMsg_pb2 import BackMsg

CHEAP = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
HASH = CHEAP.hash("a crate of apples")
OIDC = {
    "CONSOLE_OIDC_METADATA_URL": "https://login.example/.well-known/openid-configuration",
    "CONSOLE_OIDC_CLIENT_ID": "console",
    "CONSOLE_OIDC_CLIENT_SECRET": "a-secret-of-the-client",
    "CONSOLE_OIDC_REDIRECT_URI": "https://console.example/oauth2callback",
    "CONSOLE_OIDC_EMAILS": "Ann@Example.com, ben@example.com",
}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# Settings


def test_the_console_listens_on_this_machine_and_asks_for_a_password(tmp_path):
    given = settings.read(tmp_path, {"CONSOLE_PASSWORD_HASH": HASH})
    assert (given.host, given.port, given.idle_minutes, given.loopback) == ("127.0.0.1", 8501, 30.0, True)
    assert given.address == "http://127.0.0.1:8501"
    assert given.password_hash == HASH
    assert HASH not in repr(given)


def test_the_env_file_counts_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text(f"CONSOLE_PASSWORD_HASH={HASH}\nCONSOLE_PORT=9000\nCONSOLE_IDLE_MINUTES=5\n")
    given = settings.read(tmp_path, {"CONSOLE_PORT": "9001", "CONSOLE_IDLE_MINUTES": ""})
    assert (given.port, given.idle_minutes, given.password_hash) == (9001, 5.0, HASH)


def test_without_a_way_to_sign_in_nothing_starts(tmp_path):
    with pytest.raises(OperatorError, match="console hash-password"):
        settings.read(tmp_path, {})


@pytest.mark.parametrize(
    "value",
    [
        "swordfish-in-plain-text",
        "$2b$12$abcdefghijklmnopqrstuv",
        PasswordHasher(type=Type.I).hash("swordfish-in-plain-text"),
        PasswordHasher(time_cost=1, memory_cost=1024).hash("swordfish-in-plain-text"),
        "$argon2id$v=19$m=65536,t=3,p=4$broken",
    ],
    ids=["plain", "bcrypt", "argon2i", "weak", "broken"],  # salts are new each time, and workers must agree on names
)
def test_what_is_no_strong_hash_is_refused_and_not_repeated(tmp_path, value):
    with pytest.raises(OperatorError) as refused:
        settings.read(tmp_path, {"CONSOLE_PASSWORD_HASH": value})
    assert "console hash-password" in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSOLE_PORT", "http"), ("CONSOLE_PORT", "70000"), ("CONSOLE_IDLE_MINUTES", "0"),
        ("CONSOLE_IDLE_MINUTES", "nan"), ("CONSOLE_IDLE_MINUTES", "never"),
    ],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_named(tmp_path, name, value):
    with pytest.raises(OperatorError, match=f"{name} must be a number from"):
        settings.read(tmp_path, {"CONSOLE_PASSWORD_HASH": HASH, name: value})


def test_an_identity_provider_needs_all_it_needs(tmp_path):
    given = settings.read(tmp_path, OIDC)
    assert given.password_hash is None
    assert given.oidc is not None
    assert given.oidc.emails == {"ann@example.com", "ben@example.com"}
    assert "a-secret-of-the-client" not in repr(given)
    for name in OIDC:
        with pytest.raises(OperatorError, match=f"also needs {name}"):
            settings.read(tmp_path, {**OIDC, name: ""})
    with pytest.raises(OperatorError, match="CONSOLE_OIDC_REDIRECT_URI"):
        settings.read(tmp_path, {**OIDC, "CONSOLE_OIDC_REDIRECT_URI": "https://console.example/"})


def test_names_by_which_the_console_may_be_called(tmp_path):
    given = settings.read(
        tmp_path,
        {"CONSOLE_PASSWORD_HASH": HASH, "CONSOLE_HOST": "0.0.0.0", "CONSOLE_HOST_NAMES": "Move.Example, 10.0.0.5"},
    )
    assert not given.loopback
    assert given.allowed_hosts == {"localhost", "127.0.0.1", "::1", "move.example", "10.0.0.5"}
    assert given.address == "http://127.0.0.1:8501"


# The command line


def test_hash_password_prints_a_hash_and_nothing_else():
    done = CliRunner().invoke(main, ["hash-password"], input="a crate of apples\n")
    assert done.exit_code == 0
    assert done.output.startswith("$argon2id$")
    assert done.output.count("\n") == 1
    assert passwords.fits("a crate of apples", done.output.strip())
    assert passwords.complaint(done.output.strip()) is None


def test_a_short_password_is_refused():
    done = CliRunner().invoke(main, ["hash-password"], input="apples\n")
    assert done.exit_code == 1
    assert done.output == "Error: A password needs 12 letters or more.\n"


def test_a_console_without_access_says_in_one_sentence_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    monkeypatch.delenv("CONSOLE_PASSWORD_HASH", raising=False)
    done = CliRunner().invoke(main, [])
    assert done.exit_code == 1
    assert done.output.startswith("Error: Nobody could sign in")
    assert done.output.count("\n") == 1


def test_a_taken_port_is_one_sentence(tmp_path, monkeypatch):
    import socket

    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    monkeypatch.setenv("CONSOLE_PASSWORD_HASH", HASH)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("CONSOLE_PORT", port)
        done = CliRunner().invoke(main, [])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: Nothing can listen at 127.0.0.1, port {port} (Address already in use)")
    assert done.output.count("\n") == 1


# Passwords


def test_only_the_password_itself_fits():
    assert passwords.fits("a crate of apples", HASH)
    assert not passwords.fits("a crate of pears", HASH)
    assert not passwords.fits("", HASH)
    assert not passwords.fits("a crate of apples", "no hash at all")
    assert not passwords.fits("\ud800", HASH)


# Lock-out


def _failed(lockout: Lockout, address: str, times: int) -> None:
    for _ in range(times):
        lockout.failed(address)


def test_four_wrong_passwords_cost_nothing_and_the_fifth_half_a_minute():
    clock = Clock()
    lockout = Lockout(clock)
    _failed(lockout, "10.0.0.1", 4)
    assert lockout.wait("10.0.0.1") == 0
    lockout.failed("10.0.0.1")
    assert lockout.wait("10.0.0.1") == 30
    assert lockout.wait("10.0.0.2") == 0
    clock.now += 29
    assert lockout.wait("10.0.0.1") == 1
    clock.now += 1
    assert lockout.wait("10.0.0.1") == 0


def test_each_further_one_doubles_the_wait_up_to_a_quarter_of_an_hour():
    clock = Clock()
    lockout = Lockout(clock)
    _failed(lockout, "10.0.0.1", 4)
    waits = []
    for _ in range(8):
        lockout.failed("10.0.0.1")
        waits.append(lockout.wait("10.0.0.1"))
        clock.now += waits[-1]
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_the_right_password_or_an_hour_makes_good():
    clock = Clock()
    lockout = Lockout(clock)
    _failed(lockout, "10.0.0.1", 5)
    lockout.succeeded("10.0.0.1")
    lockout.failed("10.0.0.1")
    assert lockout.wait("10.0.0.1") == 0
    _failed(lockout, "10.0.0.1", 4)
    clock.now += 3601
    lockout.failed("10.0.0.1")
    assert lockout.wait("10.0.0.1") == 0


def test_many_addresses_together_lock_everybody_out():
    lockout = Lockout(Clock())
    for number in range(49):
        lockout.failed(f"10.0.1.{number}")
    assert lockout.wait("10.9.9.9") == 0
    lockout.failed("10.0.2.1")
    assert lockout.wait("10.9.9.9") == 30


def _failed_from_many(lockout: Lockout, times: int) -> None:
    for number in range(times):
        lockout.failed(f"10.0.{number // 200}.{number % 200}")


def test_what_many_do_together_never_costs_others_more_than_half_a_minute():
    clock = Clock()
    lockout = Lockout(clock)
    _failed_from_many(lockout, 200)
    assert lockout.wait("10.9.9.9") == 30
    clock.now += 30
    assert lockout.wait("10.9.9.9") == 0


def test_a_wrong_password_each_quarter_of_an_hour_keeps_nobody_out():
    clock = Clock()
    lockout = Lockout(clock)
    _failed_from_many(lockout, 50)
    waits = []
    for _ in range(20):
        clock.now += 15 * 60
        lockout.failed("10.0.3.1")
        waits.append(lockout.wait("10.9.9.9"))
    assert waits == [30] * 4 + [0] * 16


def test_an_address_that_had_the_right_password_waits_for_its_own_failures_only():
    clock = Clock()
    lockout = Lockout(clock)
    lockout.succeeded("10.9.9.9")
    clock.now += 7 * 24 * 3600
    _failed_from_many(lockout, 50)
    assert lockout.wait("10.9.9.9") == 0
    _failed(lockout, "10.9.9.9", 6)
    assert lockout.wait("10.9.9.9") == 60


def test_an_address_is_trusted_for_seven_days():
    clock = Clock()
    lockout = Lockout(clock)
    lockout.succeeded("10.9.9.9")
    clock.now += 7 * 24 * 3600 + 1
    _failed_from_many(lockout, 50)
    assert lockout.wait("10.9.9.9") == 30


def test_one_person_has_one_network_of_ipv6():
    lockout = Lockout(Clock())
    for number in range(5):
        lockout.failed(f"2001:db8:1:1::{number}")
    assert lockout.wait("2001:db8:1:1:ffff::1") == 30
    assert lockout.wait("2001:db8:1:2::1") == 0
    _failed(lockout, "::ffff:10.0.0.1", 5)
    assert lockout.wait("::ffff:10.0.0.2") == 0


def test_the_count_of_addresses_is_bounded():
    lockout = Lockout(Clock())
    for number in range(10_100):
        lockout.failed(f"address-{number}")
        lockout.succeeded(f"guest-{number}")
    assert (len(lockout._by_address), len(lockout._trusted)) == (10_000, 10_000)
    assert "guest-10099" in lockout._trusted


# Sessions


def test_a_session_lives_while_somebody_does_something():
    clock, ended = Clock(), []
    sessions = Sessions(60, lambda session, why: ended.append((session.name, why)), clock)
    secret = sessions.begin("operator")
    session = sessions.find(secret)
    assert session is not None
    assert session.name == "operator"
    clock.now += 59
    sessions.seen(session)
    clock.now += 59
    assert sessions.find(secret) is session
    assert sessions.left(session) == 1
    clock.now += 1
    assert sessions.find(secret) is None
    assert ended == [("operator", IDLE)]
    assert sessions.left(session) == 0


def test_looking_for_a_session_keeps_it_no_longer_alive():
    clock = Clock()
    sessions = Sessions(60, clock=clock)
    secret = sessions.begin("operator")
    for _ in range(6):
        clock.now += 10
        sessions.find(secret)
    assert sessions.find(secret) is None


def test_the_end_of_a_session_is_told_to_those_who_listen():
    ended, heard = [], []
    sessions = Sessions(60, lambda session, why: ended.append(why), Clock())
    secret, other = sessions.begin("ann"), sessions.begin("ben")
    session = sessions.find(secret)
    assert session is not None
    session.listeners.add(lambda: heard.append("ann"))
    sessions.end(session.number)
    sessions.end(session.number)
    assert (ended, heard) == ([SIGNED_OUT], ["ann"])
    assert sessions.find(secret) is None
    assert sessions.find(other) is not None


def test_of_the_secret_nothing_is_kept():
    sessions = Sessions(60)
    secret = sessions.begin("operator")
    assert len(secret) >= 43
    assert secret not in repr(sessions._by_hash)
    session = sessions.find(secret)
    assert session is not None
    assert session.number not in secret
    assert sessions.find(session.number) is None
    assert sessions.find("") is None
    assert sessions.find(None) is None


# Hosts and origins


@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1", "[::1]:8501", "localhost."])
def test_a_name_of_the_console(host):
    assert host_allowed(host, {"localhost", "127.0.0.1", "::1"})


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:x", "[::1", "a b"]
)
def test_no_name_of_the_console(host):
    assert not host_allowed(host, {"localhost", "127.0.0.1", "::1"})


def test_a_page_of_the_console_has_its_origin():
    assert same_origin("http://localhost:8501", "localhost:8501")
    assert same_origin("https://move.example", "move.example")
    assert same_origin(None, "localhost:8501")
    for origin in ("null", "http://localhost:9999", "http://evil.example", ""):
        assert not same_origin(origin, "localhost:8501")


# What a person does


def _message(**fields) -> bytes:
    return BackMsg(**fields).SerializeToString()


def test_a_click_is_a_persons_and_a_refresh_is_not():
    click, refresh = BackMsg(), BackMsg()
    click.rerun_script.query_string = ""
    click.rerun_script.fragment_id = "one"
    refresh.rerun_script.is_auto_rerun = True
    refresh.rerun_script.fragment_id = "one"
    assert by_a_person(click.SerializeToString())
    assert not by_a_person(refresh.SerializeToString())
    assert by_a_person(_message(stop_script=True))
    assert not by_a_person(_message(app_heartbeat=True))
    assert not by_a_person(b"\xff\xff no message")
    assert not by_a_person(b"")


# Pages and headers


def test_where_somebody_wanted_to_go_is_a_page_of_the_console():
    assert (wanted("/quick-test"), wanted("/run?run=7")) == ("/quick-test", "/run?run=7")
    assert wanted("/a?b") == "/a"
    for other in (
        None,
        "",
        "quick-test",
        "//evil.example",
        "/\\evil",
        "https://evil.example",
        "/login",
        "/a/b",
    ):
        assert wanted(other) == "/"


def test_the_sign_in_page_says_nothing_that_it_did_not_write():
    html = page('/"><script>', "<b>1 & 2</b>")
    assert "<script>\nconst" in html
    assert '/"><script>' not in html
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in html
    assert 'type="password"' in html
    assert "account" not in html
    assert 'type="password"' not in page("/", password=False, account=True)
    assert "/login/account" in page("/", password=False, account=True)


def test_the_page_of_streamlit_notices_the_end_before_anything_else_runs():
    prepared = shell()
    assert prepared.html.index(WATCH) < prepared.html.index('type="module"')
    assert WATCH in prepared.scripts
    assert "<title>Cratejoy to Shopify</title>" in prepared.html
    assert "service-desc" not in prepared.html
    assert "favicon.png" not in prepared.html


def test_the_policy_names_every_inline_script_and_allows_no_other():
    policy = headers.streamlit_policy("move.example", ["one()", "two()"])
    assert headers.script_hash("one()") in policy
    assert headers.script_hash("two()") in policy
    assert "wss://move.example" in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in script
    assert "'unsafe-eval'" not in script
    # echo -n 'one()' | openssl dgst -sha256 -binary | base64
    assert headers.script_hash("one()") == "'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"


def test_a_comparison_of_passwords_is_slow_enough_to_be_no_guessing_machine():
    began = time.perf_counter()
    passwords.fits("guess", passwords.hashed("a crate of apples"))
    assert time.perf_counter() - began > 0.01
