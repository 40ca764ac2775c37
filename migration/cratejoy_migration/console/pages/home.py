"""Where the console opens: the run that goes on, the guided path once there is something, else the quick test."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import place
from cratejoy_migration.console.work import jobs


def page() -> None:
    """Go to the page that is of use now."""
    with place.connection() as connection:
        if jobs.current(connection):
            address = "run"
        else:
            address = "guided" if jobs.recent(connection, 1) or _staged(connection) else "quick-test"
    st.switch_page(st.session_state["pages"][address])


def _staged(connection: jobs.Connection) -> bool:
    row = connection.execute("select to_regclass('cratejoy.customers') is not null").fetchone()
    return bool(row and row[0])
