"""What Streamlit runs for each page: the pages, the run that is going on, who is signed in."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import logo
from cratejoy_migration.console.access import signed_in
from cratejoy_migration.console.pages import (
    activity,
    audit,
    bookmarks,
    certificate,
    customer,
    enhanced,
    forecast,
    guided,
    home,
    quick_test,
    run,
    undo,
)
from cratejoy_migration.console.parts import going_on

GROUPS = {
    "Migrate": {
        "quick-test": (quick_test.page, "Quick test"),
        "guided": (guided.page, "Guided path"),
        "enhanced": (enhanced.page, "Enhanced"),
        "run": (run.page, "Runs"),
    },
    "Look": {
        "audit": (audit.page, "Audit"),
        "forecast": (forecast.page, "Forecast"),
        "certificate": (certificate.page, "Certificate"),
        "customer": (customer.page, "One customer"),
        "bookmarks": (bookmarks.page, "Bookmarks"),
    },
    "Keep": {
        "undo": (undo.page, "Undo and erase"),
        "activity": (activity.page, "Activity"),
    },
}
"""The pages by group: their address, function and title."""


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="Cratejoy to Shopify", layout="wide")
    logo.show()
    pages = {
        address: st.Page(function, title=title, url_path=address)
        for group in GROUPS.values()
        for address, (function, title) in group.items()
    }
    st.session_state["pages"] = pages
    start = st.Page(home.page, title="Cratejoy to Shopify", default=True, visibility="hidden")
    groups = {name: [pages[address] for address in group] for name, group in GROUPS.items()}
    chosen = st.navigation({"": [start], **groups}, expanded=True)
    signed_in.sidebar()
    going_on.sidebar()
    chosen.run()


main()
