"""A person in a browser who looks: holes and their end, the forecast, one customer, the certificate, bookmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.harness import Console, console
from tests.browser.window import go, settled
from tests.pipeline import E_MAIL, SECRET_TOKEN

LONG_MS = 90_000
_REMOVE = """mutation($id: ID!, $tags: [String!]!) {
    tagsRemove(id: $id, tags: $tags) { userErrors { message } } }"""


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console whose store is staged but for two holes."""
    with console(tmp_path_factory.mktemp("console")) as made:
        assert made.project.run("meltano", "run", "collect")[0] == 0
        yield made


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def says(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-testid=stMain]").get_by_text(text).first).to_be_visible(timeout=LONG_MS)


def body(page: Page) -> str:
    settled(page)
    return page.locator("[data-testid=stMain]").inner_text()


def find(page: Page, at: Console, text: str) -> None:
    go(page, at.url, "customer")
    page.get_by_label("Cratejoy id, e-mail or name").fill(text)
    page.keyboard.press("Enter")
    says(page, "Cratejoy id")


def test_holes_are_shown_on_the_map_and_closed_by_one_button(at: Console, page: Page) -> None:
    with at.project.database() as connection:
        connection.execute(
            "delete from cratejoy.orders where id in (select id from cratejoy.orders order by id offset 20 limit 9)"
        )
    go(page, at.url, "audit")
    says(page, "Nothing was audited yet.")
    press(page, "Audit every page")
    press(page, "Start")
    says(page, re.compile("does not hold"))
    go(page, at.url, "audit")
    says(page, "9 rows are missing. Backfill reads just these rows")
    says(page, re.compile(r"pages were read, \d+ ha(?:s|ve) holes"))
    marks = page.locator("[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']")
    expect(marks.first).to_be_visible()
    assert marks.first.bounding_box()["height"] > 8  # type: ignore[index]
    press(page, "Backfill")
    says(page, re.compile("Done in"))
    go(page, at.url, "audit")
    says(page, re.compile("^Nothing is missing"))
    assert page.get_by_role("button", name="Backfill", exact=True).count() == 0


def test_a_forecast_is_made_and_its_fix_list_downloaded(at: Console, page: Page) -> None:
    go(page, at.url, "forecast")
    press(page, "Forecast")
    says(page, re.compile("Done in"))
    go(page, at.url, "forecast")
    says(page, "Outcomes")
    assert not E_MAIL.search(body(page))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the fix list").click()
    assert "Cratejoy id" in Path(download.value.path()).read_text("utf-8-sig").splitlines()[0]
    go(page, at.url, "activity")
    expect(page.get_by_text("downloaded fix-list.csv")).to_be_attached()


def test_one_customer_is_found_compared_and_sent_again(at: Console, page: Page) -> None:
    status, said = at.project.run("meltano", "run", "migrate")
    assert status == 0, said
    person = next(one for one in at.project.staged("customers") if one["email"] and one["first_name"])
    find(page, at, person["email"])
    assert person["first_name"] not in body(page)
    page.get_by_text("Show personal data").click()
    expect(page.get_by_role("heading", name=re.compile(re.escape(person["first_name"])))).to_be_visible()
    press(page, "Read from Shopify")
    says(page, "Nothing differs.")

    [there] = [one for one in at.shop.customers() if f"cj-id-{person['id']}" in one["tags"]]
    answer = requests.post(
        f"{at.shop.url}/admin/api/2026-07/graphql.json",
        json={"query": _REMOVE, "variables": {"id": there["id"], "tags": ["cj-migrated"]}},
        headers={"X-Shopify-Access-Token": SECRET_TOKEN},
        timeout=30,
    ).json()
    assert "errors" not in answer
    press(page, "Read from Shopify")
    says(page, "1 thing differs in the shop.")
    press(page, "Send again")
    says(page, re.compile("Done in"))
    find(page, at, str(person["id"]))
    press(page, "Read from Shopify")
    says(page, "Nothing differs.")


def test_a_shop_that_is_away_leaves_what_is_staged(at: Console, page: Page) -> None:
    person = at.project.staged("customers")[0]
    find(page, at, str(person["id"]))
    at.shop.fault(status={"operation": "customer", "status": 423})
    try:
        press(page, "Read from Shopify")
        says(page, re.compile(r"The shop could not be read\. The shop is locked \(423\)"))
    finally:
        at.shop.no_faults()
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()


def test_the_certificate_is_shown_in_a_frame_and_downloaded(at: Console, page: Page) -> None:
    go(page, at.url, "certificate")
    press(page, "Verify")
    says(page, re.compile("Done in"))
    go(page, at.url, "certificate")
    says(page, re.compile("Every staged row is in demo.myshopify.com as it should be"))
    frame = page.frame_locator("iframe[data-testid=stIFrame], [data-testid=stIFrame] iframe, iframe").first
    expect(frame.locator("h1")).to_have_text("demo.myshopify.com")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download for machines (JSON)").click()
    assert '"clean": true' in Path(download.value.path()).read_text()


def test_a_scan_is_started_over_once_somebody_is_sure_and_that_is_undone(at: Console, page: Page) -> None:
    go(page, at.url, "bookmarks")
    expect(page.get_by_role("button", name="Start over", exact=True)).to_be_disabled()
    page.get_by_text("Yes, change the bookmark of customers").click()
    settled(page)
    press(page, "Start over")
    says(page, "The next collection reads customers from its first page, whole.")
    status, said = at.project.run("migration", "bookmarks")
    assert (status, "0 of" in said) == (0, True), said
    press(page, "Undo")
    says(page, "Undone: restart of customers.")
    status, said = at.project.run("migration", "bookmarks")
    assert re.search(r"customers .*complete, proven", said), said


def test_a_name_is_shown_as_it_is_and_never_obeyed(at: Console, page: Page) -> None:
    name = "<b>Bo</b> ![x](http://127.0.0.1:9/x) [go](/undo) :material/lock: :joy: $x^2$ :red[r] *i* `c` _u_"
    with at.project.database() as connection:
        row = connection.execute("select id from cratejoy.customers order by id desc limit 1").fetchone()
        assert row
        change = "update cratejoy.customers set first_name = %s, last_name = '' where id = %s"
        connection.execute(change, (name, row[0]))
    find(page, at, str(row[0]))
    page.get_by_text("Show personal data").click()
    heading = page.locator("[data-testid=stMain] h3").first
    expect(heading).to_contain_text("<b>Bo</b>")
    assert heading.inner_text().replace("\u2060", "").strip() == name
    assert heading.locator("img, b, em, code, .katex, [role=img], span[style]").count() == 0
    # Nor does a name become part of the page's address.
    assert heading.locator("a[href^='#']").count() == 0
