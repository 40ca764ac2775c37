"""A link to the page where it goes on."""

from __future__ import annotations

import streamlit as st

_ICON = ":material/arrow_forward:"


def onward(address: str, words: str) -> None:
    """Show a link to another page of the console."""
    pages = st.session_state.get("pages") or {}
    if address in pages:
        st.page_link(pages[address], label=words, icon=_ICON)
