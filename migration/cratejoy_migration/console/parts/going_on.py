"""The run that is going on, in the sidebar of every page."""

from __future__ import annotations

import psycopg
import streamlit as st

from cratejoy_migration import one_run
from cratejoy_migration.console import place
from cratejoy_migration.console.work import jobs
from cratejoy_migration.staging import StagingError

_EVERY_SECONDS = 5
_GOING_ON = "going_on"


def sidebar() -> None:
    """Show it; looks again every few seconds."""
    with st.sidebar:
        st.fragment(_line, run_every=_EVERY_SECONDS)()


def _line() -> None:
    try:
        with place.connection() as connection:
            job = jobs.current(connection)
            holder = None if job else one_run.holder(connection)
    except (StagingError, psycopg.Error, OSError):
        return  # the page itself says what is the matter
    going_on = bool(job or holder)
    was_going_on, st.session_state[_GOING_ON] = st.session_state.get(_GOING_ON), going_on
    if was_going_on and not going_on:
        st.rerun()  # what waited for its end is open now
    if job:
        page = st.session_state["pages"]["run"]
        st.page_link(page, label=f"Running: {job.title}", icon=":material/progress_activity:")
    elif holder:
        st.caption(f"Running elsewhere: {holder}")
