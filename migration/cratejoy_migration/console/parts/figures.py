"""A few figures in a row, large; they wrap where the window is narrow, and are never cut."""

from __future__ import annotations

import streamlit as st


def figures(**told: str) -> None:
    """Show figures; the names are their headings, with underscores for spaces."""
    with st.container(horizontal=True, gap="medium"):
        for name, value in told.items():
            st.metric(name.replace("_", " "), value, width="content")
