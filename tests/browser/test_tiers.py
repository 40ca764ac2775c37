"""A person in a browser: the quick test; the guided path to the certificate, stopped and resumed; undone and erased."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.harness import CUSTOMERS, SHOP, Console
from tests.browser.window import go, settled, sign_in, window

LONG_MS = 90_000
"""A run of several programs on a busy machine."""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def says(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-testid=stMain]").get_by_text(text).first).to_be_visible(timeout=LONG_MS)


def confirm(page: Page, name: str, button: str) -> None:
    page.get_by_role("textbox", name=re.compile("Type the shop's name")).fill(name)
    press(page, button)


def test_the_guided_path_to_the_certificate_and_back(at: Console, opened: Browser, guest: Page) -> None:
    sign_in(guest, at.url)
    _collect_with_a_stop_and_a_closed_tab(at, opened, guest)
    with window(opened) as context:
        page = context.new_page()
        sign_in(page, at.url)
        _to_the_certificate(at, page)
        _roll_back(at, page)
        _erase(at, page)


def _collect_with_a_stop_and_a_closed_tab(at: Console, opened: Browser, page: Page) -> None:
    at.store.fault(latency={"seconds": 2.0})
    go(page, at.url, "guided")
    press(page, "Collect")
    expect(page.get_by_role("heading", name="Collect")).to_be_visible()
    says(page, re.compile(r"Collect for \d+ s"))
    # Nobody else may start anything meanwhile: not in another tab, not on the command line.
    other = page.context.new_page()
    go(other, at.url, "audit")
    press(other, "Audit")
    says(other, re.compile("Another run is going on"))
    other.close()
    status, said = at.project.run("migration", "backfill")
    assert (status, "Another run is going on (run " in said) == (1, True), said
    press(page, "Stop")
    says(page, "Stopped. What was in flight is recorded. Resume goes on where it stood.")

    at.store.fault(latency={"seconds": 0.3})
    press(page, "Resume")
    says(page, re.compile(r"Collect for \d+ s"))
    page.context.close()  # the browser is gone, the run is not
    at.restart()  # nor does it need the console
    with window(opened) as context:
        again = context.new_page()
        sign_in(again, at.url)
        go(again, at.url, "run")
        says(again, re.compile(r"Done in "))
    at.store.reset()
    assert len(at.project.staged("customers", "id")) == CUSTOMERS


def _to_the_certificate(at: Console, page: Page) -> None:
    for button in ("Audit", "Forecast"):
        go(page, at.url, "guided")
        expect(page.get_by_role("button", name="Migrate", exact=True)).to_have_count(0)
        press(page, button)
        says(page, re.compile(r"Done in "))
    assert at.shop.customers() == []
    go(page, at.url, "guided")
    press(page, "Migrate")
    expect(page.get_by_role("dialog")).to_contain_text(SHOP)
    press(page, "Migrate now")
    says(page, re.compile(r"Done in "))
    assert len(at.shop.customers()) > CUSTOMERS / 2
    go(page, at.url, "guided")
    press(page, "Verify")
    says(page, re.compile(r"Done in "))
    go(page, at.url, "guided")
    page.get_by_role("link", name="Open the certificate").click()
    says(page, "Clean")
    settled(page)


def _roll_back(at: Console, page: Page) -> None:
    go(page, at.url, "undo")
    press(page, "Show what a rollback would do")
    says(page, re.compile(r"Done in "))
    go(page, at.url, "undo")
    before = at.shop.customers()
    confirm(page, "another-shop", "Roll back")
    says(page, "That is not the shop's name, which is demo. Nothing was done.")
    assert at.shop.customers() == before
    confirm(page, SHOP, "Roll back")
    says(page, re.compile(r"Done in "))
    assert at.shop.customers() == []
    go(page, at.url, "undo")
    says(page, re.compile("proven by an export of the whole shop"))


def _erase(at: Console, page: Page) -> None:
    press(page, "Show what would be removed")
    says(page, "Stays") if (at.project.folder / ".env").exists() else None
    confirm(page, "nothing", "Erase everything")
    says(page, "That is not the shop's name, which is demo. Nothing was done.")
    assert (at.project.folder / ".staging").exists()
    confirm(page, SHOP, "Erase everything")
    says(page, "Nothing is left: everything was looked for again, and not found.")
    assert not (at.project.folder / ".staging").exists()
    assert list((at.project.folder / "reports").glob("*")) == []
    press(page, "Begin anew")
    says(page, "Nothing was written into a shop from here, so there is nothing to roll back.")
    says(page, re.compile(r"The proof of the purge of \d"))
    go(page, at.url, "activity")
    settled(page)
    go(page, at.url, "guided")
    says(page, "Nothing is staged yet.")


def test_a_stranger_finishes_the_quick_test_without_reading_anything(at: Console, page: Page) -> None:
    expect(page.get_by_role("heading", name="Quick test")).to_be_visible()
    page.get_by_role("radio", name="5", exact=True).click()
    press(page, "Run the quick test")
    says(page, re.compile(r"Done in \d+ s"))
    page.get_by_role("link", name="What the quick test came to").click()
    says(page, "5 of 5 customers would go; nothing was written to Shopify.")
    expect(page.get_by_role("link", name="Go on with the guided path")).to_be_visible()
    assert "quick-test" in str(page.url)
    assert at.shop.customers() == []
    assert not (at.project.folder / "reports" / "forecast.json").exists()  # a handful is no forecast of all
    status, told = at.project.run("migration", "status", "--json")
    assert (status, json.loads(told)["situation"]) == (0, "only tested")
    page.get_by_role("radio", name="5", exact=True).click()
    page.get_by_text("Write them into the shop").click()
    press(page, "Write these customers")
    expect(page.get_by_role("dialog")).to_contain_text(SHOP)
    assert at.shop.customers() == []
    press(page, "Write now")
    says(page, re.compile(r"Done in \d+ s"))
    assert len(at.shop.customers()) == 5
