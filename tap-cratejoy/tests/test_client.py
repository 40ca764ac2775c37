"""One request done right, against a server on loopback that answers as each test says."""

from __future__ import annotations

import base64
import email.utils
import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy import client as module
from tap_cratejoy.client import CratejoyClient, backoff, retry_after_seconds
from tap_cratejoy.errors import (
    CredentialsRefused,
    Forbidden,
    NotFound,
    RateLimitExhausted,
    Refused,
    StreamFailed,
    TapError,
    Unhealed,
    Unreachable,
)
from tap_cratejoy.settings import Settings

SECRET = "s3cr3t-Pa55"
CLIENT_ID = "client-0815"
ENVELOPE = b'{"count": 1, "next": null, "results": [{"id": 1}]}'

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Plays the next answer of the script, the last one again and again."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asked.append(self)
            script = self.server.script
            answer = script.pop(0) if len(script) > 1 else script[0]
        answer(self)

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(body)), **sent}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.script: list[Answer] = [ok]
        self.asked: list[Handler] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: handler.reply(status, body, **headers)


def ok(handler: Handler) -> None:
    handler.reply(200, ENVELOPE)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def truncated(handler: Handler) -> None:
    handler.reply(200, ENVELOPE[:20], Content_Length=str(len(ENVELOPE)))
    hang_up(handler)


def truncated_chunks(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"10\r\n" + ENVELOPE[:16] + b"\r\n")
    hang_up(handler)


def chunked(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for part in (ENVELOPE[:16], ENVELOPE[16:]):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    handler.wfile.write(b"0\r\n\r\n")


def dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(ENVELOPE)))
    handler.end_headers()
    for place in range(len(ENVELOPE)):
        handler.wfile.write(ENVELOPE[place : place + 1])
        handler.wfile.flush()
        time.sleep(0.1)


def silent(handler: Handler) -> None:
    time.sleep(1.5)
    hang_up(handler)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The failures that were waited for; the waits themselves are taken out."""
    asked: list[int] = []

    def no_wait(failures: int) -> float:
        asked.append(failures)
        return 0.0

    monkeypatch.setattr(module, "backoff", no_wait)
    return asked


def client_of(url: str, **changes: Any) -> CratejoyClient:
    settings = Settings(
        client_id=CLIENT_ID, client_secret=SECRET, api_url=url, page_size=100, page_sizes={}, requests_per_second=0,
        concurrency=4, request_timeout=10, max_retries=8, start_date=None, lookback_days=30, embed={}, pages={}, ids={},
        record_limit=None, include_test=True, completeness_passes=2, fail_on_incomplete=False,
    )  # fmt: skip
    return CratejoyClient(replace(settings, **changes), logging.getLogger("client"))


# What is sent


def test_credentials_go_as_basic_auth_and_json_is_asked_for(server: Server) -> None:
    client_of(server.url).get("/customers/", {"limit": "10", "placed_at__ge": "2026-01-01T00:00:00Z"})
    handler = server.asked[0]
    expected = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
    assert handler.headers["Authorization"] == f"Basic {expected}"
    assert handler.headers["Accept"] == "application/json"
    assert handler.headers["User-Agent"].startswith("tap-cratejoy/")
    assert handler.path == "/v1/customers/?limit=10&placed_at__ge=2026-01-01T00%3A00%3A00Z"


def test_credentials_may_hold_any_character(server: Server) -> None:
    client_of(server.url, client_secret="pä ss🍵").get("/customers/")
    sent = server.asked[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == f"{CLIENT_ID}:pä ss🍵"


def test_loopback_requests_never_go_to_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert client_of(server.url, max_retries=0).get("/customers/").data["count"] == 1


def test_a_netrc_never_replaces_the_credentials(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client_of(server.url).get("/customers/")
    sent = server.asked[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == f"{CLIENT_ID}:{SECRET}".encode()


def test_cookies_are_neither_kept_nor_sent(server: Server) -> None:
    server.script = [answer(200, ENVELOPE, Set_Cookie="lane=7; Path=/")]
    client = client_of(server.url)
    client.get("/customers/")
    client.get("/customers/")
    assert [handler.headers["Cookie"] for handler in server.asked] == [None, None]


def test_one_connection_serves_many_requests(server: Server) -> None:
    client = client_of(server.url)
    server.script = [ok, chunked, answer(200, gzip.compress(ENVELOPE), Content_Encoding="gzip"), ok]
    for _ in range(6):
        assert client.get("/customers/").data["count"] == 1
    assert server.connections == 1


def test_a_large_body_arrives_whole(server: Server) -> None:
    body = json.dumps({"results": [{"id": number, "note": "tea " * 50} for number in range(2000)]}).encode()
    server.script = [answer(200, body), answer(200, gzip.compress(body), Content_Encoding="gzip")]
    client = client_of(server.url)
    assert client.get("/customers/").data == json.loads(body)
    assert client.get("/customers/").data == json.loads(body)


# What a retry may heal


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 524, 408])
def test_trouble_of_the_server_is_asked_again(server: Server, waits: list[int], status: int) -> None:
    server.script = [answer(status, b"<html>sorry</html>"), answer(status), ok]
    client = client_of(server.url)
    assert client.get("/customers/").data["count"] == 1
    assert waits == [1, 2]
    assert (client.requests, client.retries) == (3, 2)


@pytest.mark.parametrize(
    "broken",
    [
        hang_up,
        truncated,
        truncated_chunks,
        answer(200, b"<html><body>maintenance</body></html>", Content_Type="text/html"),
        answer(200, b""),
        answer(200, b"[1, 2]"),
        answer(200, b'"text"'),
        answer(200, b"null"),
        answer(200, b'{"results": ['),
        answer(200, b"not gzip", Content_Encoding="gzip"),
        answer(200, ENVELOPE[:30]),
    ],
    ids=["hang up", "truncated", "truncated chunks", "HTML", "empty", "list", "text", "null", "half JSON", "no gzip",
         "cut"],
)  # fmt: skip
def test_an_answer_that_is_not_whole_json_of_the_right_shape_is_asked_for_again(
    server: Server, waits: list[int], broken: Answer
) -> None:
    server.script = [broken, ok]
    assert client_of(server.url).get("/customers/").data["count"] == 1
    assert waits == [1]


def test_the_caller_says_what_the_right_shape_is(server: Server, waits: list[int]) -> None:
    server.script = [answer(200, b'{"error": "busy"}'), ok]
    got = client_of(server.url).get("/customers/", check=lambda data: "results" in data)
    assert got.data["results"] == [{"id": 1}]
    assert waits == [1]


def test_a_server_that_says_nothing_within_the_timeout_is_asked_again(server: Server, waits: list[int]) -> None:
    server.script = [silent, ok]
    assert client_of(server.url, request_timeout=0.3).get("/customers/").data["count"] == 1
    assert waits == [1]


def test_a_body_that_drips_ends_by_the_deadline(server: Server, waits: list[int]) -> None:
    server.script = [dripping]
    begun = time.monotonic()
    with pytest.raises(Unhealed, match="too slowly"):
        client_of(server.url, request_timeout=0.5, max_retries=0).get("/customers/")
    assert time.monotonic() - begun < 3


def test_retries_end_and_the_error_says_how_often_and_why(server: Server, waits: list[int]) -> None:
    server.script = [answer(503)]
    with pytest.raises(Unhealed, match=r"^GET /customers/ was tried 4 times .* the last time: answer 503\.$") as error:
        client_of(server.url, max_retries=3).get("/customers/")
    assert not isinstance(error.value, Unreachable)
    assert len(server.asked) == 4


def test_a_caller_may_ask_for_fewer_retries_but_not_for_more(server: Server, waits: list[int]) -> None:
    server.script = [answer(503)]
    client = client_of(server.url, max_retries=2)
    for retries, tries in ((0, 1), (1, 2), (9, 3)):
        server.asked.clear()
        with pytest.raises(Unhealed):
            client.get("/customers/", retries=retries)
        assert len(server.asked) == tries


def test_waits_grow_to_a_minute_and_differ() -> None:
    for failures, longest in ((1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (50, 60), (900, 60)):
        drawn = {backoff(failures) for _ in range(50)}
        assert len(drawn) > 1
        assert longest / 2 <= min(drawn)
        assert max(drawn) <= longest


# What no retry heals


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused), (401, CredentialsRefused), (403, Forbidden), (404, NotFound), (405, Refused), (410, Refused),
        (301, Refused), (302, Refused), (304, Refused), (307, Refused), (308, Refused),
    ],
)  # fmt: skip
def test_a_final_answer_is_final(server: Server, waits: list[int], status: int, kind: type[TapError]) -> None:
    server.script = [answer(status)]
    with pytest.raises(kind, match=str(status)) as error:
        client_of(server.url).get("/customers/")
    assert type(error.value) is kind
    assert len(server.asked) == 1
    assert waits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(server: Server, status: int) -> None:
    server.script = [answer(status, Location=f"{server.url}/elsewhere/"), ok]
    with pytest.raises(Refused):
        client_of(server.url).get("/customers/")
    assert [handler.path for handler in server.asked] == ["/v1/customers/"]


def test_a_refusal_names_the_reasons_of_the_server(server: Server) -> None:
    server.script = [answer(400, b'{"errors": ["Unknown property \'x\'", "limit\\nmust not exceed 100"]}')]
    with pytest.raises(Refused) as error:
        client_of(server.url).get("/customers/")
    assert error.value.reasons == ("Unknown property 'x'", "limit must not exceed 100")
    assert str(error.value) == (
        "GET /customers/ was refused with 400, which names: Unknown property 'x'; limit must not exceed 100."
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"x"', b'{"errors": [1, null, {"a": 1}]}', b'{"errors": null}', b"{}",
     b"[" * 5000],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_an_error_body_of_any_other_shape_gives_no_reasons(server: Server, body: bytes) -> None:
    server.script = [answer(400, body)]
    with pytest.raises(Refused) as error:
        client_of(server.url).get("/customers/")
    assert error.value.reasons == ()


# What must never be told


@pytest.mark.parametrize(
    "script",
    [
        answer(400, json.dumps({"errors": [
            f"bad secret {SECRET}", f"bad client {CLIENT_ID}", "no customer ada.marsh@example.com",
            "email=ada.marsh%40example.com", "\x1b[31mred"]}).encode()),
        answer(401, SECRET.encode()), answer(403), answer(404), answer(503, SECRET.encode()),
        answer(302, Location=f"https://{CLIENT_ID}:{SECRET}@example.com/"), hang_up, truncated,
        answer(200, b'{"email": "ada.marsh@example.com", '), answer(429, Retry_After="999999"),
    ],
)  # fmt: skip
def test_no_error_and_no_log_line_holds_credentials_addresses_or_bodies(
    server: Server, waits: list[int], caplog: pytest.LogCaptureFixture, script: Answer
) -> None:
    server.script = [script]
    with caplog.at_level(logging.DEBUG), pytest.raises(TapError) as error:
        client_of(server.url, max_retries=1).get("/customers/", {"email": "ada.marsh@example.com"})
    told = str(error.value) + "".join(record.getMessage() for record in caplog.records if record.name == "client")
    for hidden in (SECRET, CLIENT_ID, "ada.marsh", "\x1b", base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()):
        assert hidden not in told
    assert error.value.__cause__ is None
    assert "\n" not in str(error.value)


def test_an_error_reason_is_cut_short(server: Server) -> None:
    server.script = [answer(400, json.dumps({"errors": ["x" * 5000] * 50}).encode())]
    with pytest.raises(Refused) as error:
        client_of(server.url).get("/customers/")
    assert len(str(error.value)) < 1200


# Whatever the libraries raise is one sentence


@pytest.mark.parametrize(
    "raised",
    [
        requests.exceptions.ContentDecodingError("x"), requests.exceptions.ChunkedEncodingError("x"),
        requests.exceptions.InvalidHeader("x"), requests.exceptions.InvalidURL("x"),
        requests.exceptions.ProxyError("x"),
        requests.exceptions.InvalidProxyURL("x"), requests.exceptions.ReadTimeout("x"),
        requests.exceptions.ConnectTimeout("x"), requests.exceptions.SSLError("EOF occurred in violation of protocol"),
        requests.exceptions.TooManyRedirects("x"), requests.exceptions.RetryError("x"),
        urllib3.exceptions.LocationParseError("x"), urllib3.exceptions.ProtocolError("x"),
        urllib3.exceptions.DecodeError("x"), urllib3.exceptions.ReadTimeoutError(None, "", "x"),  # type: ignore[arg-type]
        UnicodeError("label too long"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_every_error_of_the_libraries_is_retried_and_told_in_one_sentence(
    waits: list[int], monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    client = client_of("http://127.0.0.1:1/v1", max_retries=1)

    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(client._session, "get", fail)
    with pytest.raises(Unhealed, match=r"^GET /customers/ was tried 2 times without success"):
        client.get("/customers/")


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "127.0.0.1:99999", "x..example.com"])
def test_an_address_that_cannot_be_one_is_told_in_one_sentence(waits: list[int], host: str) -> None:
    with pytest.raises(StreamFailed):
        client_of(f"https://{host}/v1", max_retries=1, request_timeout=2).get("/customers/")


def test_a_certificate_that_cannot_be_verified_is_not_asked_again(
    waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of("https://127.0.0.1:1/v1")

    def fail(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired")

    monkeypatch.setattr(client._session, "get", fail)
    with pytest.raises(Unreachable, match="certificate"):
        client.get("/customers/")
    assert waits == []


# First contact


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_address_where_nobody_ever_answered_is_given_up_soon(waits: list[int]) -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(Unreachable, match=r"tried 6 times .*Is http://127.* reachable from here \(api_url\)\?"):
        client_of(url, max_retries=8).get("/customers/")
    assert waits == [1, 2, 3, 4, 5]


def test_a_server_that_answered_once_gets_all_retries_when_it_goes_away(server: Server, waits: list[int]) -> None:
    client = client_of(server.url, max_retries=6)
    client.get("/customers/")
    client._session.close()
    server.shutdown()
    server.server_close()
    with pytest.raises(Unreachable):
        client.get("/customers/")
    assert waits == [1, 2, 3, 4, 5, 6]


def test_any_answer_at_first_contact_is_contact(server: Server, waits: list[int]) -> None:
    server.script = [answer(503)]
    with pytest.raises(Unhealed, match="tried 7 times"):
        client_of(server.url, max_retries=6).get("/customers/")


def test_a_429_at_first_contact_is_contact_too(
    server: Server, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = [answer(429)]
    client = client_of(server.url, max_retries=6)
    ask = client._session.get

    def once_then_away(*args: Any, **more: Any) -> Any:
        if client.requests == 1:
            return ask(*args, **more)
        raise requests.exceptions.ConnectionError("Connection refused")

    monkeypatch.setattr(client._session, "get", once_then_away)
    with pytest.raises(Unhealed, match="tried 7 times"):
        client.get("/customers/")


# 429


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1e9", "²"])
def test_a_429_without_a_usable_retry_after_is_waited_for_by_growing_pauses(
    server: Server, waits: list[int], header: str | None
) -> None:
    throttle = answer(429) if header is None else answer(429, Retry_After=header)
    server.script = [throttle, throttle, ok]
    client = client_of(server.url)
    assert client.get("/customers/").data["count"] == 1
    assert len(waits) == 2
    assert client.ceiling.pauses == 2


def test_a_429_is_no_retry(server: Server, waits: list[int]) -> None:
    server.script = [answer(429)] * 5 + [ok]
    client = client_of(server.url, max_retries=0)
    assert client.get("/customers/").data["count"] == 1
    assert client.retries == 0
    assert client.requests == 6


def test_retry_after_in_seconds_is_kept(server: Server, waits: list[int]) -> None:
    server.script = [answer(429, Retry_After="1"), ok]
    begun = time.monotonic()
    client_of(server.url).get("/customers/")
    assert 1.0 <= time.monotonic() - begun < 5
    assert waits == []


def test_the_429_of_one_thread_holds_all(server: Server) -> None:
    first = threading.Event()

    def throttle(handler: Handler) -> None:
        handler.reply(429, Retry_After="1")
        first.set()

    arrivals: list[float] = []

    def note(handler: Handler) -> None:
        arrivals.append(time.monotonic())
        ok(handler)

    server.script = [throttle, note]
    client = client_of(server.url)
    with ThreadPoolExecutor(5) as pool:
        throttled = pool.submit(client.get, "/customers/")
        first.wait(5)
        while not client.ceiling.paused and not throttled.done():
            time.sleep(0.001)
        begun = time.monotonic()
        others = [pool.submit(client.get, "/orders/") for _ in range(4)]
        assert all(future.result(10).data["count"] == 1 for future in [throttled, *others])
    assert len(arrivals) == 5
    assert min(arrivals) - begun > 0.8


def test_an_hour_of_nothing_but_429_ends_the_run(
    server: Server, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    server.script = [answer(429)]
    with pytest.raises(RateLimitExhausted, match="requests_per_second"):
        client_of(server.url).get("/customers/")
    assert len(server.asked) > 1


def test_one_other_answer_starts_the_hour_anew(
    server: Server, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.5)
    throttle = answer(429, Retry_After="0.9")
    server.script = [throttle, answer(503), throttle, ok]
    assert client_of(server.url).get("/customers/").data["count"] == 1


@pytest.mark.parametrize("header", ["3601", "999999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_pause_of_more_than_an_hour_ends_the_run_at_once(server: Server, header: str) -> None:
    server.script = [answer(429, Retry_After=header)]
    with pytest.raises(RateLimitExhausted):
        client_of(server.url).get("/customers/")
    assert len(server.asked) == 1


def test_a_server_that_always_asks_for_no_pause_at_all_is_not_hammered(server: Server, waits: list[int]) -> None:
    server.script = [answer(429, Retry_After="0")] * 6 + [ok]
    client_of(server.url).get("/customers/")
    assert waits == [4, 5, 6]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 121), (" 7 ", 7, 8), ("1.5", 1.5, 2), ("0", 0, 0.5),
        ("Sat, 14 Mar 2026 16:17:06 GMT", 60, 61), ("Sat, 14 Mar 2026 16:17:06 -0000", 60, 61),
        ("Sat, 14 Mar 2026 16:17:06", 60, 61), ("Sat, 14 Mar 2026 18:17:06 +0200", 60, 61),
        ("Sat, 14 Mar 2026 16:00:00 GMT", 0, 1), ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 1),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(
    header: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    now = 1773504966.0  # 2026-03-14T16:16:06Z
    seconds = retry_after_seconds(header, now)
    monkeypatch.undo()
    time.tzset()
    assert seconds is not None
    assert least <= seconds <= most


@pytest.mark.parametrize("header", [None, "", " ", "soon", "-5", "1e9", "²", "nan", "inf", ".", "1.2.3", "2026-03-14"])
def test_anything_else_is_no_retry_after(header: str | None) -> None:
    assert retry_after_seconds(header) is None


@given(st.text() | st.integers().map(str) | st.datetimes().map(email.utils.format_datetime))
def test_no_retry_after_is_an_error_or_negative(header: str) -> None:
    seconds = retry_after_seconds(header)
    assert seconds is None or seconds >= 0


# Ending


def test_stop_ends_pauses_and_waits_and_nothing_more_is_sent(server: Server) -> None:
    server.script = [answer(429, Retry_After="600")]
    client = client_of(server.url)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(client.get, "/customers/") for _ in range(4)]
        while not client.ceiling.paused:
            time.sleep(0.001)
        client.stop()
        errors = [future.exception(10) for future in futures]
    assert all(isinstance(error, Unhealed) for error in errors)
    asked = len(server.asked)
    with pytest.raises(Unhealed):
        client.get("/customers/")
    assert len(server.asked) == asked


# Threads


def test_many_threads_share_one_client_whatever_the_server_does(server: Server, waits: list[int]) -> None:
    script = [
        ok,
        answer(503),
        answer(429, Retry_After="0"),
        truncated,
        answer(200, ENVELOPE, Set_Cookie="a=b"),
        hang_up,
    ]
    server.script = [*script * 60, ok]
    client = client_of(server.url, concurrency=8, max_retries=100)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get("/customers/"), range(150)))
    assert all(got.data["count"] == 1 for got in answers)
    assert client.requests == len(server.asked)


def test_a_429_is_understood_also_when_another_thread_gets_through_meanwhile(
    server: Server, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = [answer(429), ok]
    client = client_of(server.url)

    def meanwhile(header: str | None) -> None:
        client._throttled_since = None

    monkeypatch.setattr(module, "retry_after_seconds", meanwhile)
    assert client.get("/customers/").data["count"] == 1


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_a_success_that_is_not_200_is_asked_for_again(server: Server, waits: list[int], status: int) -> None:
    server.script = [answer(status, b""), answer(200, b'{"count": 1, "results": []}')]
    assert client_of(server.url).get("/customers/").data["count"] == 1


@pytest.mark.parametrize("body", [b'{"errors": "x"}', b'{"error": "x"}', b'{"errors": ["x"]}'])
def test_reasons_are_read_in_any_usual_shape(server: Server, body: bytes) -> None:
    server.script = [answer(400, body)]
    with pytest.raises(Refused) as error:
        client_of(server.url).get("/customers/")
    assert error.value.reasons == ("x",)


def test_a_failing_server_that_asks_for_a_pause_gets_it(server: Server, waits: list[int]) -> None:
    client = client_of(server.url)
    server.script = [answer(503, b"", **{"Retry-After": "1"}), answer(200, b'{"count": 1, "results": []}')]
    began = time.monotonic()
    client.get("/customers/")
    assert time.monotonic() - began >= 1


def test_a_look_without_patience_does_not_make_others_impatient(server: Server, waits: list[int]) -> None:
    """One request without retries fails while the server is away; the next ones still have all their retries."""
    client = client_of(server.url, max_retries=8)
    server.script = [ok]
    client.get("/customers/")
    server.shutdown()
    server.server_close()
    client._session.close()
    with pytest.raises(Unreachable):
        client.get("/customers/", retries=0)
    waits.clear()
    with pytest.raises(Unreachable):
        client.get("/customers/")
    assert waits == [1, 2, 3, 4, 5, 6, 7, 8]
