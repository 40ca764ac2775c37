"""What every page has in common: heading, empty states, masking of personal data, how figures and times are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import streamlit as st
from target_shopify.progress import duration

from cratejoy_migration.console import place
from cratejoy_migration.console.access import gate, trail

REVEAL = "reveal"
"""Key of the session's state: whether personal data is shown."""
_KEPT = 1
"""Letters of a name that stay when it is masked."""
_NOW = timedelta(seconds=45)
_MARKUP = re.compile(r"[\\`*\[\]<~$&]|(?<!\w)_|_(?!\w)|^[#>+-]|(?<=^\d)[.)]")
_SHORTCUT = re.compile(r":(?=//|[A-Za-z+-])")
"""What begins an icon, an emoji, a color or a link; none of them can be escaped by a backslash."""
_APART = ":\u2060"


def page(title: str, lead: str) -> None:
    """Show a page's heading and what the page is for, in one sentence."""
    st.title(title)
    st.markdown(f":gray[{lead}]")


def nothing(text: str, then: str = "", page: str = "") -> None:
    """Say calmly that there is nothing to show yet, and where it begins.

    Args:
        text: What is not there.
        then: The words of the link.
        page: `url_path` of the page that it leads to.
    """
    with st.container(border=True):
        st.markdown(text)
        if then:
            st.markdown(f"[{then}](/{page})")


def reveal_switch() -> bool:
    """Show the switch that reveals personal data in this browser tab; return whether it is on."""
    words = "Off again when the page is opened anew; Activity says who turned it on."
    return bool(st.toggle("Show personal data", key=REVEAL, help=words, on_change=_note_reveal))


def _note_reveal() -> None:
    """Write down who asked to see personal data."""
    if st.session_state.get(REVEAL):
        with place.connection() as connection:
            trail.record(connection, gate.who(), "asked to see personal data")


def masked(text: str | None) -> str:
    """Return a name or an e-mail address with most of its letters as dots, unless personal data is shown."""
    if not text or st.session_state.get(REVEAL):
        return text or ""
    return hidden(text)


def literal(text: str) -> str:
    """Return words from elsewhere, such as a name or a program's sentence, so that nothing in them is markup."""
    return _SHORTCUT.sub(_APART, _MARKUP.sub(r"\\\g<0>", " ".join(text.split())))


def hidden(text: str) -> str:
    """Return a text of which only the first letter, and of an e-mail address the end of its domain, can be read."""
    name, at, domain = text.partition("@")
    if at:
        return f"{name[:_KEPT]}•••@•••.{domain.rpartition('.')[2]}"
    return " ".join(f"{word[:_KEPT]}•••" for word in text.split())


def number(count: float | None) -> str:
    """Return a count as people read it: `1,234`; a dash for what is not known."""
    return "-" if count is None else f"{count:,.0f}"


def moment(when: datetime | None) -> str:
    """Return a moment by the server's clock: `29 Nov 2026, 22:51`."""
    return f"{when.astimezone():%d %b %Y, %H:%M}" if when else ""


def ago(when: datetime | None) -> str:
    """Return how long ago something was, in words; empty for never."""
    if when is None:
        return ""
    passed = datetime.now(UTC) - when
    return "just now" if passed < _NOW else f"{duration(passed.total_seconds())} ago"
