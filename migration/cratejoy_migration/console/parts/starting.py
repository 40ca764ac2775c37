"""Starting a run from a page."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.work import jobs
from cratejoy_migration.console.work.plan import Plan
from cratejoy_migration.errors import OperatorError


def start(plan: Plan) -> None:
    """Start a run as the person who is signed in, and show it; a sentence says when that cannot be."""
    try:
        with place.connection() as connection:
            number = jobs.start(connection, plan, gate.who())
            trail.record(connection, gate.who(), f"started: {plan.title}", f"run {number}")
    except OperatorError as error:
        st.error(layout.literal(str(error)))
        return
    st.switch_page(st.session_state["pages"]["run"])
