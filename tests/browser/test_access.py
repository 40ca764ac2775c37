"""Who gets into the console: sign-in, lock-out, sessions, and that nothing is to be had without one."""

from __future__ import annotations

import re
import time

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.harness import PASSWORD, Console
from tests.browser.window import go, settled, sign_in, window

LOGIN = re.compile(r"/login(\?|$)")
NOT_FOR_STRANGERS = [
    "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/_stcore/agent/openapi.json", "/manifest.json",
    "/favicon.png", "/media/anything", "/component/anything", "/session", "/auth/login", "/auth/logout",
]  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/run", "/audit", "/no-such-page"])
def test_without_a_session_every_page_is_the_sign_in(at: Console, path: str) -> None:
    answer = requests.get(f"{at.url}{path}", allow_redirects=False, timeout=10)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")
    assert answer.text == ""


@pytest.mark.parametrize("path", NOT_FOR_STRANGERS)
def test_without_a_session_nothing_of_streamlit_is_served(at: Console, path: str) -> None:
    answer = requests.get(f"{at.url}{path}", allow_redirects=False, timeout=10)
    assert answer.status_code in {303, 401}
    assert "treamlit" not in answer.text


def test_without_a_session_no_script_of_streamlit_is_served(at: Console, page: Page) -> None:
    script = page.evaluate("document.querySelector('script[type=module]').src")
    assert requests.get(script, timeout=10).status_code == 401
    assert requests.get(script, timeout=10, cookies=_cookies(page)).status_code == 200


def test_without_a_session_no_websocket_opens(at: Console, page: Page) -> None:
    address = f"ws{at.url[4:]}/_stcore/stream"
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, subprotocols=["streamlit"])
    secret = "; ".join(f"{name}={value}" for name, value in _cookies(page).items())
    with pytest.raises(InvalidStatus, match="403"):
        connect(
            address, subprotocols=["streamlit"], origin="http://evil.example", additional_headers={"Cookie": secret}
        )
    connect(address, subprotocols=["streamlit"], origin=at.url, additional_headers={"Cookie": secret}).close()


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_where_one_wanted_to_go(
    at: Console, guest: Page
) -> None:
    guest.goto(f"{at.url}/activity")
    expect(guest).to_have_url(re.compile(r"/login\?next=/activity"))
    guest.get_by_label("Password").fill("not the password")
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.get_by_role("alert")).to_have_text("That is not the password.")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Sign in").click()
    settled(guest)
    expect(guest).to_have_url(f"{at.url}/activity")


def test_the_way_back_leads_to_no_other_site(at: Console) -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "/login"):
        form = {"password": PASSWORD, "next": path}
        answer = requests.post(f"{at.url}/login", form, allow_redirects=False, timeout=10)
        assert answer.headers["Location"] == "/"


def test_the_cookie_is_for_the_server_alone(at: Console, page: Page) -> None:
    cookie = _session_cookie(page)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert len(cookie["value"]) >= 43  # 256 bits
    assert not cookie["secure"]
    assert cookie["value"] not in page.content()
    assert "console-" not in page.evaluate("document.cookie")
    form = {"password": PASSWORD}
    behind = requests.post(
        f"{at.url}/login", form, headers={"X-Forwarded-Proto": "https"}, allow_redirects=False, timeout=10
    )
    assert "; Secure" in behind.headers["Set-Cookie"]


def test_answers_carry_the_headers_that_browsers_obey(at: Console, page: Page) -> None:
    for path, allowed in (("/login", None), ("/", _cookies(page)), ("/_stcore/health", _cookies(page))):
        headers = requests.get(f"{at.url}{path}", cookies=allowed, timeout=10).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-eval" not in headers["Content-Security-Policy"].replace("wasm-unsafe-eval", "")
    assert requests.get(f"{at.url}/login", timeout=10).headers["Cache-Control"] == "no-store"


def test_another_name_for_the_console_is_refused(at: Console) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", ""):
        answer = requests.get(f"{at.url}/login", headers={"Host": host}, timeout=10)
        assert answer.status_code == 400
        assert "password" not in answer.text.lower()


def test_a_form_from_another_site_is_refused(at: Console) -> None:
    for origin in ("http://evil.example", "null"):
        answer = requests.post(f"{at.url}/login", {"password": PASSWORD}, headers={"Origin": origin}, timeout=10)
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers


def test_nobody_names_himself(at: Console, page: Page) -> None:
    """The headers that tell Streamlit who it is are the gate's alone."""
    answer = requests.get(f"{at.url}/", headers={"X-Console-Name": "boss", "X-Console-Session": "1"}, timeout=10)
    assert LOGIN.search(answer.url)
    expect(page.get_by_text("Signed in as operator")).to_be_visible()


def test_signing_out_in_one_tab_signs_out_in_all(at: Console, page: Page) -> None:
    other = page.context.new_page()
    go(other, at.url, "")
    secret = _cookies(page)
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(tab).to_have_url(LOGIN)
        expect(tab.get_by_role("status")).to_contain_text("You are signed out.")
    assert requests.get(f"{at.url}/session", cookies=secret, timeout=10).status_code == 401


def test_somebody_who_signs_in_in_another_tab_is_signed_in_in_this_one(at: Console, guest: Page) -> None:
    guest.goto(f"{at.url}/login")
    other = guest.context.new_page()
    sign_in(other, at.url)
    guest.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(guest).not_to_have_url(LOGIN)


def test_two_people_at_once_do_not_share_a_session(at: Console, page: Page, opened: Browser) -> None:
    with window(opened) as elsewhere:
        second = elsewhere.new_page()
        sign_in(second, at.url)
        assert _session_cookie(second)["value"] != _session_cookie(page)["value"]
        second.get_by_role("button", name="Sign out").click()
        expect(second).to_have_url(LOGIN)
        go(page, at.url, "")
        expect(page).not_to_have_url(LOGIN)


def test_the_trail_tells_who_came_and_went(at: Console, page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(LOGIN)
    requests.post(f"{at.url}/login", {"password": "no"}, timeout=10)
    wanted = [
        ("operator", "signed in", "from 127.0.0.1"), ("operator", "signed out", ""),
        ("somebody", "was refused: wrong password", "from 127.0.0.1"),
    ]  # fmt: skip
    assert _trail(at, 3) == wanted


def test_what_the_console_ends_with(at: Console, page: Page) -> None:
    """A restart ends all sessions, and the browser asks for the password by itself."""
    at.restart()
    expect(page).to_have_url(LOGIN)
    sign_in(page, at.url)


def test_five_wrong_passwords_lock_the_right_one_out(at: Console, guest: Page) -> None:
    at.restart()
    guest.goto(f"{at.url}/login")
    for _ in range(5):
        guest.get_by_label("Password").fill("guess")
        guest.get_by_role("button", name="Sign in").click()
        expect(guest.get_by_role("alert")).to_be_visible()
    expect(guest.get_by_role("alert")).to_have_text(re.compile(r"Too many wrong passwords. Try again in \d+ seconds."))
    # Whoever forges the header of a proxy is locked out all the same.
    forged = {"X-Forwarded-For": "10.1.2.3"}
    answer = requests.post(f"{at.url}/login", {"password": PASSWORD}, headers=forged, timeout=10)
    assert answer.status_code == 429
    assert 20 <= int(answer.headers["Retry-After"]) <= 30
    at.restart()


def test_a_session_ends_when_nobody_does_anything_although_a_page_refreshes_itself(at: Console, guest: Page) -> None:
    at.restart(CONSOLE_IDLE_MINUTES="0.2")
    sign_in(guest, at.url)
    began = time.monotonic()
    while time.monotonic() - began < 15:  # longer than the twelve seconds, with something done every second
        guest.get_by_role("link", name=re.compile("Activity|Run")).first.click()
        guest.wait_for_timeout(1000)
    expect(guest).not_to_have_url(LOGIN)
    secret = _cookies(guest)
    expect(guest).to_have_url(LOGIN, timeout=25_000)
    expect(guest.get_by_role("status")).to_contain_text("After a time without use")
    assert requests.get(f"{at.url}/session", cookies=secret, timeout=10).status_code == 401
    at.restart()


def _trail(at: Console, most: int) -> list[tuple[str, str, str]]:
    """Return the newest entries, the oldest of them first; they are written a moment after what they tell of."""
    statement = "select who, what, subject from migration.trail order by id desc limit %s"
    time.sleep(1)
    with at.project.database() as connection:
        return list(reversed(connection.execute(statement, (most,)).fetchall()))


def _session_cookie(page: Page) -> dict[str, object]:
    return next(dict(cookie) for cookie in page.context.cookies() if cookie["name"].startswith("console-"))


def _cookies(page: Page) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
