"""The gate in front of an application of its own, and the sign-in behind it."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from argon2 import PasswordHasher
from cratejoy_migration.console import downloads
from cratejoy_migration.console.access.gate import Gate
from cratejoy_migration.console.access.lockout import Lockout
from cratejoy_migration.console.access.login import LOGOUT, Login
from cratejoy_migration.console.access.sessions import Sessions
from cratejoy_migration.console.access.shell import Shell
from cratejoy_migration.console.settings import Settings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.testing.v1 import AppTest

with warnings.catch_warnings():
    # It would rather have a successor of httpx, which nothing else here needs.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PASSWORD = "a crate of apples"
HASH = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)
HOST = "testserver"  # what the websockets of the test client are called by


class Notes:
    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str]] = []

    def note(self, who, what, subject="") -> None:
        self.kept.append((who, what, subject))


async def _headers(request):
    return JSONResponse(dict(request.headers))


async def _echo(websocket) -> None:
    await websocket.accept()
    await websocket.send_json(dict(websocket.headers))
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        websocket.app.state.gone.append("gone")


class House:
    """An application behind the gate."""

    def __init__(self, idle_seconds: float = 60) -> None:
        self.notes = Notes()
        self.sessions = Sessions(idle_seconds, lambda session, why: self.notes.note(session.name, why))
        login = Login(Settings(password_hash=HASH), self.sessions, Lockout(), self.notes, "console-8501")
        self.app = Starlette(
            routes=[
                *login.routes(),
                *downloads.routes(self.notes),
                WebSocketRoute("/_stcore/stream", _echo),
                Route("/_stcore/{rest}", _headers),
            ],
            middleware=[
                Middleware(
                    Gate,
                    sessions=self.sessions,
                    cookie="console-8501",
                    allowed_hosts={HOST},
                    shell=Shell("<html>the shell</html>", ()),
                    open_paths={"/login", LOGOUT},
                )
            ],
        )
        self.app.state.gone = []

    def client(self) -> TestClient:
        return TestClient(self.app, base_url=f"http://{HOST}", follow_redirects=False)

    def signed_in(self) -> TestClient:
        client = self.client()
        assert client.post("/login", data={"password": PASSWORD}).status_code == 303
        return client


def click() -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = ""
    return message.SerializeToString()


def refresh() -> bytes:
    message = BackMsg()
    message.rerun_script.is_auto_rerun = True
    return message.SerializeToString()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stranger_is_shown_the_way_to_the_sign_in(method):
    answer = House().client().request(method, "/audit")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/audit")
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_signs_in_comes_to_the_run_that_was_asked_for():
    client = House().client()
    way = client.get("/run?run=7").headers["Location"]
    assert way == "/login?next=/run%3Frun%3D7"
    assert 'name="next" value="/run?run=7"' in client.get(way).text
    answer = client.post("/login", data={"password": PASSWORD, "next": "/run?run=7"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/run?run=7")


@pytest.mark.parametrize(
    ("given", "place"),
    [("/run?run=7", "/run?run=7"), ("/run?run=7&x=//evil.example", "/run"), ("/run?next=//evil.example", "/run"),
     ("/login?run=7", "/"), ("//evil.example?run=7", "/"), ("/run?run=7#x", "/run"), ("?run=7", "/")],
)  # fmt: skip
def test_a_sign_in_leads_to_pages_of_ours_only(given, place):
    answer = House().client().post("/login", data={"password": PASSWORD, "next": given})
    assert (answer.status_code, answer.headers["Location"]) == (303, place)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_stcore/health"), ("GET", "/a.js"), ("POST", "/"), ("DELETE", "/x"), ("GET", "//a")]
)
def test_a_stranger_gets_nothing_else(method, path):
    answer = House().client().request(method, f"http://{HOST}{path}")
    assert (answer.status_code, answer.text) == (401, "Sign in first.\n")


def test_whoever_is_signed_in_gets_the_page_and_what_is_behind():
    client = House().signed_in()
    for path in ("/", "/audit"):
        assert client.get(path).text == "<html>the shell</html>"
    assert client.get("/_stcore/health").status_code == 200
    assert client.get("/audit/_stcore/health").status_code == 404  # the browser looks for the root by that
    assert client.get("/session").status_code == 204


def test_only_the_gate_says_who_somebody_is():
    client = House().signed_in()
    seen = client.get("/_stcore/x", headers={"X-Console-Name": "boss", "x-console-session": "1"}).json()
    assert seen["x-console-name"] == "operator"
    assert len(seen["x-console-session"]) == 16


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.setenv("TARGET_SHOPIFY_REPORT_DIR", str(tmp_path))
    (tmp_path / "fix-list.csv").write_bytes(b"Cratejoy id\r\n7\r\n")
    (tmp_path / "events.jsonl").write_text("{}\n")
    return tmp_path


def test_a_file_is_taken_by_who_is_signed_in_kept_nowhere_and_noted(reports):
    house = House()
    assert house.client().get("/files/fix-list.csv").status_code == 401
    answer = house.signed_in().get("/files/fix-list.csv")
    assert (answer.status_code, answer.content) == (200, b"Cratejoy id\r\n7\r\n")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fix-list.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert house.notes.kept[1:] == [("operator", "downloaded fix-list.csv", "")]


@pytest.mark.parametrize("name", ["certificate.html", "events.jsonl", "..%2Fmeltano.yml", "%2Fetc%2Fpasswd"])
def test_no_other_file_is_sent_and_one_that_is_gone_is_told(reports, name):
    house = House()
    answer = house.signed_in().get(f"/files/{name}")
    assert answer.status_code == 404
    assert [what for _who, what, _subject in house.notes.kept] == ["signed in"]


def test_an_old_or_made_up_cookie_is_no_session():
    house = House()
    client = house.signed_in()
    for session in list(house.sessions._by_hash.values()):
        house.sessions.end(session.number)
    assert client.get("/session").status_code == 401
    client.cookies.set("console-8501", "x" * 43)
    assert client.get("/session").status_code == 401


def test_signing_in_again_ends_the_session_before():
    house = House()
    client = house.signed_in()
    first = client.cookies["console-8501"]
    client.post("/login", data={"password": PASSWORD})
    assert client.cookies["console-8501"] != first
    assert house.sessions.find(first) is None
    assert [what for _who, what, _subject in house.notes.kept] == ["signed in", "signed out", "signed in"]


def test_signing_out_needs_no_session_and_takes_the_cookie():
    house = House()
    client = house.signed_in()
    secret = client.cookies["console-8501"]
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?ended=1")
    assert "console-8501" not in client.cookies
    assert house.sessions.find(secret) is None
    assert client.get("/logout").status_code == 303


def test_a_form_that_is_too_large_is_a_wrong_password():
    answer = House().client().post("/login", data={"password": PASSWORD, "x": "y" * 5000})
    assert answer.status_code == 401


def test_a_burst_of_guesses_gets_five():
    house = House()
    found: list[int] = []

    with house.client() as client:

        def guess() -> None:
            found.append(client.post("/login", data={"password": "guess"}).status_code)

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [401] * 4 + [429] * 8
    assert len(house.notes.kept) == 5
    assert house.notes.kept[-1] == ("somebody", "was refused: wrong password", "from testclient")


def test_a_websocket_needs_a_session_a_name_and_an_origin_of_ours():
    house = House()
    client = house.signed_in()
    with client.websocket_connect("/_stcore/stream", headers={"Origin": f"http://{HOST}"}) as websocket:
        assert websocket.receive_json()["x-console-name"] == "operator"
    for stranger, headers in (
        (house.client(), {}),
        (client, {"Origin": "http://evil.example"}),
        (client, {"Host": "evil.example"}),
    ):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            stranger.websocket_connect("/_stcore/stream", headers=headers),
        ):
            pass
        assert closed.value.code == 1008


def test_signing_out_closes_the_websocket_at_once():
    house = House()
    client = house.signed_in()
    with client.websocket_connect("/_stcore/stream") as websocket:
        websocket.receive_json()
        began = time.monotonic()
        client.post("/logout")
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_bytes()
        assert closed.value.code == 4401
        assert time.monotonic() - began < 20  # of the sixty that it would have lasted
    assert house.app.state.gone == ["gone"]


def test_a_page_that_refreshes_itself_keeps_no_session_alive():
    house = House(idle_seconds=0.8)
    client = house.signed_in()
    began = time.monotonic()
    with client.websocket_connect("/_stcore/stream") as websocket:
        websocket.receive_json()
        with pytest.raises(WebSocketDisconnect) as closed:
            _refresh_for(60, websocket)
    assert closed.value.code == 4401
    assert time.monotonic() - began > 0.7
    assert house.notes.kept[-1] == ("operator", "signed out after idling", "")


def _refresh_for(seconds, websocket) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        websocket.send_bytes(refresh())
        websocket.receive_bytes()
        time.sleep(0.05)


def test_clicks_keep_a_session_alive_and_the_greeting_does_not():
    house = House(idle_seconds=2)
    client = house.signed_in()
    began = time.monotonic()
    with client.websocket_connect("/_stcore/stream") as websocket:
        websocket.receive_json()
        while time.monotonic() - began < 4:
            websocket.send_bytes(click())
            websocket.receive_bytes()
            time.sleep(0.05)
    assert client.get("/session").status_code == 204
    # A browser that connects again and again sends the same first message each time.
    began = time.monotonic()
    while client.get("/session").status_code == 204:
        assert time.monotonic() - began < 60
        with suppress(WebSocketDisconnect), client.websocket_connect("/_stcore/stream") as websocket:
            websocket.receive_json()
            websocket.send_bytes(click())
            websocket.receive_bytes()
        time.sleep(0.05)


def test_a_session_that_ends_while_a_connection_opens_closes_it():
    house = House()
    secret = house.sessions.begin("operator")
    session = house.sessions.find(secret)
    sent = []

    async def receive():
        house.sessions.end(session.number)
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "websocket", "path": "/_stcore/stream", "root_path": "", "query_string": b"", "subprotocols": [],
        "headers": [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode()),
                    (b"cookie", f"console-8501={secret}".encode())],
    }  # fmt: skip
    with ThreadPoolExecutor(1) as apart:  # a browser's tests leave a running loop in this thread
        apart.submit(asyncio.run, house.app(scope, receive, send)).result(20)
    assert sent[-1] == {"type": "websocket.close", "code": 4401}


@pytest.mark.parametrize("path", ["/guided/", "/login/"])
def test_a_slash_behind_a_page_leads_to_the_page(path):
    for client in (House().client(), House().signed_in()):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, path[:-1])


@pytest.mark.parametrize("path", ["//evil.example/", "/guided//", "/_stcore/x/"])
def test_no_other_slash_leads_anywhere(path):
    answer = House().client().get(f"http://testserver{path}", follow_redirects=False)
    assert answer.status_code in {401, 404}


def test_every_answer_carries_the_headers():
    client = House().signed_in()
    for path in ("/login", "/", "/_stcore/x", "/session", "/missing.js"):
        found = client.get(path).headers
        assert found["X-Frame-Options"] == "DENY"
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in found["Content-Security-Policy"]


def test_a_page_that_did_not_come_through_the_gate_shows_nothing():
    def script() -> None:
        import streamlit as st
        from cratejoy_migration.console.access import signed_in

        signed_in.sidebar()
        st.title("Secrets")

    shown = AppTest.from_function(script).run()
    assert [error.value for error in shown.error] == [
        "This page was not opened through the console's sign-in. Start the console with `console`."
    ]
    assert len(shown.title) == 0
