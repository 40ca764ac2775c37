"""What a person does in the browser: opening it, signing in, going to a page, waiting until it stands still."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.harness import PASSWORD

MISSING = "The tests of the console need Chromium: apt-get install chromium (or CHROMIUM names it)."
PATIENCE_MS = 20_000
DESKTOP = {"width": 1280, "height": 800}
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """Return the browser's program.

    Raises:
        FileNotFoundError: There is none.
    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found or not Path(found).exists():
        raise FileNotFoundError(MISSING)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    # As root Chromium refuses its own sandbox; it only ever sees the console of these tests.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*options, "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@contextmanager
def window(opened: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a window with cookies of its own; no page in it may break a content policy or leave this machine."""
    context = opened.new_context(viewport=DESKTOP, accept_downloads=True, **options)
    context.set_default_timeout(PATIENCE_MS)
    broken: list[str] = []
    foreign: list[str] = []
    context.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    context.on("weberror", lambda failed: broken.append(str(failed.error)))
    context.on("request", lambda request: foreign.append(request.url) if _foreign(request.url) else None)
    yield context
    context.close()
    assert broken == []
    assert foreign == []


def sign_in(page: Page, url: str, password: str = PASSWORD) -> None:
    """Sign in, and wait for the first page."""
    page.goto(f"{url}/login")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    settled(page)


def go(page: Page, url: str, path: str) -> None:
    """Open one of the console's pages by its address, and wait until it stands still."""
    page.goto(f"{url}/{path}")
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page is there and nothing of it is being computed."""
    expect(page.locator("[data-testid=stApp]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-testid=stMain] h1").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")


def _foreign(address: str) -> bool:
    return address.startswith("http") and not address.startswith(("http://127.0.0.1:", "http://localhost:"))
