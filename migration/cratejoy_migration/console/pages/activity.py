"""The page Activity: who did what with the console."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.access import trail

_MOST = 500


def page() -> None:
    """Show the trail, the newest first."""
    layout.page("Activity", "Who signed in, and who started, stopped, decided, changed or deleted what.")
    with place.connection() as connection:
        entries = trail.latest(connection, _MOST)
    if not entries:
        layout.nothing("Nothing has been done with the console yet.")
        return
    rows = [
        {"When": layout.moment(entry.at), "Who": entry.who, "What": entry.what, "Where": entry.subject}
        for entry in entries
    ]
    st.dataframe(rows, hide_index=True, width="stretch", height="content" if len(rows) < 15 else 560)
    if len(entries) == _MOST:
        st.caption(f"The newest {_MOST}; all are in the table migration.trail.")
