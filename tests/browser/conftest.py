"""One browser for all tests of a process, one console for all tests of a module, a fresh window for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.browser import window
from tests.browser.harness import Console, console


@pytest.fixture(scope="session")
def opened() -> Iterator[Browser]:
    try:
        window.chromium()
    except FileNotFoundError as missing:
        pytest.fail(str(missing), pytrace=False)
    with window.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The module's console."""
    with console(tmp_path_factory.mktemp("console")) as made:
        yield made


@pytest.fixture
def guest(opened: Browser, at: Console) -> Iterator[Page]:
    """A page in a window where nobody has signed in."""
    del at
    with window.window(opened) as context:
        yield context.new_page()


@pytest.fixture
def page(guest: Page, at: Console) -> Page:
    """A page whose person is signed in, with the first page of the console in it."""
    window.sign_in(guest, at.url)
    return guest
