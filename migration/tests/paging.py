"""Pages of the console as Streamlit would run them, in this process."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def shown(name):
    """Return a page after its first run."""

    def script(name):
        import importlib

        importlib.import_module(f"cratejoy_migration.console.pages.{name}").page()

    return AppTest.from_function(script, args=(name,), default_timeout=30).run()


def texts(page):
    """Return all that a page says, and fail when it failed."""
    assert not page.exception, page.exception[0].stack_trace
    kinds = ("title", "subheader", "markdown", "caption", "success", "warning", "error", "info")
    return [element.value for kind in kinds for element in getattr(page, kind)]
