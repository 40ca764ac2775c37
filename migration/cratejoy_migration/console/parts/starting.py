"""Starting a run from a page."""

from __future__ import annotations

import os

import streamlit as st
from dotenv import dotenv_values

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


@st.dialog("Write into the shop?")
def ask_and_start(plan: Plan, button: str) -> None:
    """Ask once more before many customers are written into the shop, and start the run then.

    Args:
        plan: What is started.
        button: The words that were pressed; pressed again in the question, with "now" behind them.
    """
    shop = os.environ.get("TARGET_SHOPIFY_SHOP") or dotenv_values(place.project() / ".env").get("TARGET_SHOPIFY_SHOP")
    named = f"**{layout.literal(shop)}**" if shop else "the shop of the settings"
    st.markdown(
        f"This writes customers into {named}. Nobody is mailed. It can be stopped at any moment, goes on where it "
        "stood, and can be rolled back."
    )
    if st.button(f"{button} now", type="primary"):
        start(plan)
