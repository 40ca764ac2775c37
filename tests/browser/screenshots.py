"""Pictures of every page of the console, light and dark, into docs/console: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.harness import Console, console
from tests.browser.window import browser, go, settled, sign_in
from tests.pipeline import ROOT

CUSTOMERS = 120
MOST_BYTES = 120_000
_SIZES = {"": (1280, 800), "-820": (820, 1100)}
_SCHEMES = ("light", "dark")
_PATIENCE_MS = 60_000
_COLOURS = 96


def _customer(page: Page, at: Console) -> None:
    staged = at.project.staged("customers", "id, num_orders")
    if not staged:
        return
    busy = max(staged, key=lambda row: row["num_orders"] or 0)
    field = page.get_by_label("Cratejoy id, e-mail or name")
    field.fill(str(busy["id"]))
    field.press("Enter")
    page.get_by_role("button", name="Read from Shopify").click()
    expect(page.get_by_text("Nothing differs.")).to_be_visible()
    settled(page)


def _nothing(_page: Page, _at: Console) -> None:
    pass


PAGES: dict[str, tuple[str, Callable[[Page, Console], None]]] = {
    "quick-test": ("quick-test", _nothing),
    "guided": ("guided", _nothing),
    "enhanced": ("enhanced", _nothing),
    "run": ("run", _nothing),
    "audit": ("audit", _nothing),
    "forecast": ("forecast", _nothing),
    "certificate": ("certificate", _nothing),
    "customer": ("customer", _customer),
    "bookmarks": ("bookmarks", _nothing),
    "undo": ("undo", _nothing),
    "activity": ("activity", _nothing),
}
"""Each page: its address, and what is done there before the picture."""


def fill(at: Console, opened: Browser) -> None:
    """Carry the store over, by the command line and by the console, so that every page has something to show."""
    context = opened.new_context()
    page = context.new_page()
    sign_in(page, at.url)
    page.get_by_role("button", name="Run the quick test").click()
    expect(page.get_by_text("Done in")).to_be_visible(timeout=_PATIENCE_MS)
    at.store.fault(latency={"seconds": 0.6})  # slow enough for a course to be drawn
    go(page, at.url, "guided")
    page.get_by_role("button", name="Collect", exact=True).click()
    expect(page.get_by_role("heading", name="Collect")).to_be_visible()
    expect(page.get_by_text("Done in")).to_be_visible(timeout=_PATIENCE_MS)
    at.store.reset()
    context.close()
    for command in (
        ["migration", "audit", "--deep"],
        ["migration", "documents"],
        ["migration", "forecast"],
        ["meltano", "run", "migrate", "verify"],
    ):
        code, said = at.project.run(*command)
        print("ok " if code == 0 else f"{code}  ", *command)
        if code not in {0, 3}:
            print(said[-1500:])


def take(at: Console, opened: Browser, folder: Path, names: list[str]) -> None:
    """Take the pictures; the pages at 820 pixels in light only."""
    folder.mkdir(exist_ok=True)
    for scheme in _SCHEMES:
        for suffix, (width, height) in _SIZES.items():
            if suffix and scheme != _SCHEMES[0]:
                continue
            context = opened.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            context.set_default_timeout(_PATIENCE_MS)
            page = context.new_page()
            if "sign-in" in names:
                page.goto(f"{at.url}/login")
                _save(page, folder / f"sign-in-{scheme}{suffix}.png")
            sign_in(page, at.url)
            for name in names:
                if name == "sign-in":
                    continue
                path, prepare = PAGES[name]
                go(page, at.url, path)
                prepare(page, at)
                page.mouse.move(0, 0)
                page.wait_for_timeout(1500)  # charts and tables are drawn after the script has ended
                _save(page, folder / f"{name}-{scheme}{suffix}.png")
            context.close()


def _save(page: Page, file: Path) -> None:
    """Write the picture of what is in the window, in as few colours as a calm page needs."""
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file.name}: {size // 1000} kB{'  TOO LARGE' if size > MOST_BYTES else ''}")


def main() -> None:
    """Fill a console of its own and take the pictures."""
    every = ["sign-in", *PAGES]
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--only", nargs="*", choices=every, default=every, help="these pages")
    words.add_argument("--folder", type=Path, default=ROOT / "docs" / "console", help="where they go")
    words.add_argument("--empty", action="store_true", help="of a console that has nothing to show yet")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch, console(Path(scratch), CUSTOMERS) as at, browser() as opened:
        if not given.empty:
            fill(at, opened)
        take(at, opened, given.folder, given.only)


if __name__ == "__main__":
    main()
