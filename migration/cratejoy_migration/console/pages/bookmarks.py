"""The page "Bookmarks": how far each stream is, and from where the next collection reads it."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from cratejoy_migration import meltano_runs, one_run
from cratejoy_migration.bookmark_rules import Mark
from cratejoy_migration.bookmarks import Bookmarks, Connection
from cratejoy_migration.console import layout, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.errors import OperatorError

_SAID = "bookmarks_said"
_MOMENT_WIDTH = 145
"""Pixels."""
_PAGE = re.compile(r"[0-9]{1,9}")
_RESTART, _CONTINUE = "Start over", "Go on from a page"


def page() -> None:
    """Show the bookmarks, and change them."""
    layout.page("Bookmarks", "How far the collection of each stream is, and from where the next one reads it.")
    with place.connection() as connection:
        bookmarks = _bookmarks(connection)
        marks, undoable = bookmarks.read(), bookmarks.undoable()
    if said := st.session_state.pop(_SAID, ""):
        st.success(said)
    if not marks:
        layout.nothing("Nothing was collected yet, so there are no bookmarks.")
        return
    _table(marks)
    if undoable is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Last change, {layout.ago(undoable.at)}: {undoable.what}.")
            if st.button("Undo", help="Puts the bookmarks back as they were before it."):
                _do("undid a change of bookmarks", undoable.what, lambda found: found.undo())
    _change(marks)


def _table(marks: list[Mark]) -> None:
    rows = [
        {
            "Stream": mark.stream,
            "State": "complete, proven" if mark.proven else "complete" if mark.complete else "under way",
            "Page": mark.page,
            "Last page": mark.last_page,
            "Read": mark.state.get("records"),
            "At Cratejoy": mark.state.get("count"),
            "Up to": layout.moment(mark.upto),
            "Begun": layout.moment(mark.started_at),
        }
        for mark in marks
    ]
    hidden = () if any(mark.upto for mark in marks) else ("Up to",)
    shown = [{name: value for name, value in row.items() if name not in hidden} for row in rows]
    figures = ("Page", "Last page", "Read", "At Cratejoy")
    widths = {"Up to": st.column_config.TextColumn(width=_MOMENT_WIDTH)}  # by itself it is as wide as its first line
    st.dataframe(shown, column_config={**dict.fromkeys(figures, FIGURE), **widths}, hide_index=True)


def _change(marks: list[Mark]) -> None:
    st.subheader("Change a bookmark")
    stream = st.selectbox("Stream", [mark.stream for mark in marks], key="bookmarks_stream")
    mark = next(one for one in marks if one.stream == stream)
    what = st.radio("What the next collection does", (_RESTART, _CONTINUE), horizontal=True, key="bookmarks_what")
    if what == _RESTART:
        st.caption(f"Reads {stream} from its first page, whole. Staged rows stay, and are brought up to date.")
        number = None
    else:
        number = _page_of(mark)
        st.caption("Reads on from the page before it. What lies before is proven by a further pass.")
    sure = st.checkbox(f"Yes, change the bookmark of {stream}", key=f"sure_{stream}_{what}")
    possible = sure and (what == _RESTART or number is not None)
    if st.button(what, type="primary", disabled=not possible) and possible:
        if number is None:
            _do("restarted the scan of a stream", stream, lambda found: found.restart(stream))
        else:
            at = number
            _do(f"let a scan go on from page {at}", stream, lambda found: found.go_on_from(stream, at))


def _page_of(mark: Mark) -> int | None:
    """Ask for a page of a stream, in Cratejoy's numbering; None, and a sentence, when it has no such page."""
    first, last = int(mark.state.get("first_page") or 0), mark.last_page
    here = min(max(mark.page or first, first), last if last is not None else mark.page or first)
    # No field of numbers: that keeps what is out of its range in the browser, and gives us the number before it.
    typed = st.text_input("Page, in Cratejoy's own numbering", str(here), key=f"bookmarks_page_{mark.stream}").strip()
    number = int(typed) if _PAGE.fullmatch(typed) else None
    if number is not None and number >= first and (last is None or number <= last):
        return number
    pages = f"pages go from {first} {'on' if last is None else f'to {last}'}"
    st.error(layout.literal(f"{mark.stream} has no page {typed}: {pages}." if typed else f"Which page? The {pages}."))
    return None


def _do(what: str, subject: str, change: Callable[[Bookmarks], str]) -> None:
    """Change the bookmarks, write down who did it, and show what came of it."""
    try:
        with place.connection() as connection, one_run.sharing(place.url(), "the console"):
            said = change(_bookmarks(connection))
            trail.record(connection, gate.who(), what, subject)
    except OperatorError as error:
        st.error(layout.literal(str(error)))
        return
    st.session_state[_SAID] = said
    st.rerun()


def _bookmarks(connection: Connection) -> Bookmarks:
    project = place.project()
    database = meltano_runs.open_database(project)
    return Bookmarks(database, connection, meltano_runs.collection_id(project))
