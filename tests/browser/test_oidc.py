"""Signing in with the accounts of an identity provider, through Streamlit's own login."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.harness import Console
from tests.browser.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider
from tests.browser.window import settled


@pytest.fixture(scope="module")
def accounts(at: Console) -> Iterator[Provider]:
    with provider() as made:
        at.restart(
            CONSOLE_PASSWORD_HASH="",
            CONSOLE_OIDC_METADATA_URL=made.metadata_url,
            CONSOLE_OIDC_CLIENT_ID=CLIENT_ID,
            CONSOLE_OIDC_CLIENT_SECRET=CLIENT_SECRET,
            CONSOLE_OIDC_REDIRECT_URI=f"{at.url}/oauth2callback",
            CONSOLE_OIDC_EMAILS="Ann@example.com",
        )
        yield made
        assert CLIENT_SECRET not in at.said()


def test_somebody_on_the_list_comes_in_by_the_account(at: Console, accounts: Provider, guest: Page) -> None:
    accounts.person = {"email": "ann@example.com", "email_verified": True}
    guest.goto(at.url)
    expect(guest.get_by_label("Password")).to_have_count(0)
    guest.get_by_role("link", name="Sign in with your account").click()
    settled(guest)
    expect(guest.get_by_text("Signed in as ann@example.com")).to_be_visible()
    left = {cookie["name"] for cookie in guest.context.cookies()}
    assert not {name for name in left if name.startswith("_streamlit_user")}
    guest.get_by_role("button", name="Sign out").click()
    expect(guest).to_have_url(re.compile(r"/login"))
    guest.goto(at.url)
    expect(guest).to_have_url(re.compile(r"/login"))


@pytest.mark.parametrize(
    "person", [{"email": "eve@example.com"}, {"email": "ann@example.com", "email_verified": False}, {"name": "Ann"}]
)
def test_somebody_else_does_not(at: Console, accounts: Provider, guest: Page, person: dict[str, object]) -> None:
    accounts.person = person
    guest.goto(at.url)
    guest.get_by_role("link", name="Sign in with your account").click()
    expect(guest.get_by_role("alert")).to_have_text("This account may not use the console.")
    guest.goto(at.url)
    expect(guest).to_have_url(re.compile(r"/login$"))
    expect(guest.get_by_role("alert")).to_have_count(0)


def test_without_the_provider_there_is_no_way_in(at: Console, accounts: Provider) -> None:
    del accounts
    assert requests.post(f"{at.url}/login", {"password": ""}, timeout=10).status_code == 403
    answer = requests.get(f"{at.url}/oauth2callback?code=1&state=2", allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == "/"
    assert requests.get(f"{at.url}/auth/login?provider=x", allow_redirects=False, timeout=10).headers["Location"] == "/"
    assert requests.get(f"{at.url}/auth/logout", allow_redirects=False, timeout=10).status_code == 401
