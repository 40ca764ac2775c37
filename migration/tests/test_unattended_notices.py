"""Who is told how a run ended, and what they are told."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.unattended import notices
from cratejoy_migration.unattended.notices import Notice, Notifier

NOTICE = Notice(
    event="waiting",
    step="ready",
    sentence="3 rows are missing.",
    shop="demo-shop",
    run_id="r-1",
    at="2026-11-25T12:00:00Z",
    counts={"customers": 300, "missing": 3},
)


@pytest.fixture
def hook():
    """Return a webhook that answers each post with the next of `hook.statuses`, and keeps what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.posts.append((self.path, self.headers["Content-Type"], json.loads(body)))
            status = server.statuses.pop(0) if server.statuses else 200
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("Location", "http://203.0.113.9/elsewhere")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.posts, server.statuses = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook?token=planted"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(notices, "_PAUSES", (0.0, 0.0, 0.0))


def test_a_webhook_is_told_everything_and_nothing_else(hook):
    assert list(Notifier(hook.url, "").send(NOTICE)) == []
    assert hook.posts == [
        (
            "/hook?token=planted",
            "application/json",
            {
                "event": "waiting",
                "step": "ready",
                "sentence": "3 rows are missing.",
                "shop": "demo-shop",
                "run_id": "r-1",
                "at": "2026-11-25T12:00:00Z",
                "counts": {"customers": 300, "missing": 3},
            },
        )
    ]


def test_a_webhook_that_is_ill_is_told_again(hook):
    hook.statuses = [503, 429]
    assert list(Notifier(hook.url, "").send(NOTICE)) == []
    assert len(hook.posts) == 3


def test_a_webhook_that_stays_ill_is_a_sentence_without_its_address(hook):
    hook.statuses = [500] * 9
    [trouble] = Notifier(hook.url, "").send(NOTICE)
    assert trouble == "The webhook of MIGRATION_NOTIFY_URL was not told: it answers with status 500."
    assert len(hook.posts) == 4


@pytest.mark.parametrize("status", [404, 410])
def test_what_no_second_try_can_heal_is_not_tried_again(hook, status):
    hook.statuses = [status] * 3
    [trouble] = Notifier(hook.url, "").send(NOTICE)
    assert str(status) in trouble
    assert len(hook.posts) == 1


def test_a_redirect_is_not_followed(hook):
    hook.statuses = [307]
    [trouble] = Notifier(hook.url, "").send(NOTICE)
    assert "redirect" in trouble
    assert len(hook.posts) == 1


def test_nobody_listening_is_a_sentence(hook):
    [trouble] = Notifier("http://127.0.0.1:1/secret-path", "").send(NOTICE)
    assert "no answer" in trouble
    assert "secret-path" not in trouble


@pytest.mark.parametrize(
    "url",
    ["http://example.com/hook", "ftp://example.com", "example.com", "http://127.0.0.1.example.com/", "http://[", "//"],
)
def test_an_address_that_is_not_safe_is_refused_before_the_run(url):
    with pytest.raises(OperatorError, match="MIGRATION_NOTIFY_URL takes an https:// address") as refused:
        Notifier(url, "")
    assert "hook" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://example.com/hook", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]/"]
)
def test_https_and_this_machine_are_taken(url):
    Notifier(url, "")


def test_a_command_gets_the_event_and_the_notice_and_no_secret_of_ours(tmp_path, monkeypatch):
    script = tmp_path / "told.py"
    script.write_text(
        "import json, os, sys\n"
        "json.dump([sys.argv[1:], json.load(sys.stdin), sorted(os.environ)], open(sys.argv[1], 'w'))\n"
    )
    monkeypatch.setenv("TARGET_SHOPIFY_ACCESS_TOKEN", "planted")
    monkeypatch.setenv("STAGING_DATABASE_URL", "planted")
    heard = tmp_path / "heard by it.json"
    assert list(Notifier("", f"{sys.executable} {script} '{heard}' $HOME;x").send(NOTICE)) == []
    arguments, notice, variables = json.loads(heard.read_text())
    assert arguments == [str(heard), "$HOME;x", "waiting"]  # no shell
    assert notice["sentence"] == "3 rows are missing."
    assert not [name for name in variables if name.startswith(("TARGET_", "STAGING_", "TAP_"))]
    assert "PATH" in variables


def test_a_command_that_fails_hangs_or_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(notices, "_COMMAND_SECONDS", 0.3)
    told = [
        list(Notifier("", command).send(NOTICE))
        for command in ("false", "/no/such/program", f"{sys.executable} -c 'import time; time.sleep(9)'")
    ]
    assert ["exit status 1" in told[0][0], "cannot be started" in told[1][0], "did not end" in told[2][0]] == [True] * 3


def test_settings_come_from_the_environment_and_else_from_the_project(tmp_path, monkeypatch, hook):
    (tmp_path / ".env").write_text(f"MIGRATION_NOTIFY_URL={hook.url}\n")
    assert list(Notifier.configured(tmp_path).send(NOTICE)) == []
    assert len(hook.posts) == 1
    monkeypatch.setenv("MIGRATION_NOTIFY_URL", "http://example.com")
    with pytest.raises(OperatorError):
        Notifier.configured(tmp_path)


def test_nothing_is_configured_and_nothing_is_told(tmp_path):
    assert list(Notifier.configured(tmp_path).send(NOTICE)) == []


def test_a_command_whose_quotation_mark_stays_open_is_refused():
    with pytest.raises(OperatorError, match="quotation mark"):
        Notifier("", "mail 'me")
