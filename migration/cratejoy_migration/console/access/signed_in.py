"""Who is signed in, at the foot of the sidebar, and the way out."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console.access.gate import NUMBER, who
from cratejoy_migration.console.access.sessions import Sessions

_SESSIONS: list[Sessions] = []


def serve(sessions: Sessions) -> None:
    """Say which sessions the running console has; called once, at its start."""
    _SESSIONS[:] = [sessions]


def sidebar() -> None:
    """Show who is signed in and a button that signs out; stops the page when it did not come through the gate."""
    number = st.user.get(NUMBER)
    if not number or not _SESSIONS:
        st.error("This page was not opened through the console's sign-in. Start the console with `console`.")
        st.stop()
    with st.sidebar:
        st.caption(f"Signed in as {who()}")
        st.button("Sign out", on_click=_SESSIONS[0].end, args=(str(number),), width="stretch")
