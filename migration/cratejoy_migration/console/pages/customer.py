"""The page "One customer": found by id, e-mail or name; Cratejoy, what is sent and Shopify side by side."""

from __future__ import annotations

from typing import Any

import psycopg
import streamlit as st

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.parts import one_customer
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.search_indexes import Background, missing, slow
from cratejoy_migration.console.views import customer, search
from cratejoy_migration.console.views.search import Match
from cratejoy_migration.documents.staged import Staged

_WAIT_SECONDS = 20.0


@st.cache_resource(show_spinner=False)
def _background() -> Background:
    """Return what makes the indexes; one for the whole console."""
    return Background(lambda: psycopg.connect(place.url(), connect_timeout=10, autocommit=True))


def page() -> None:
    """Let somebody find a customer, and show it."""
    layout.page("One customer", "What is staged of a customer, what is sent, and what the shop has, side by side.")
    with place.connection() as connection:
        there = customer.staged(connection)
    if there is None:
        layout.nothing("No customers are staged yet: collect first.")
        onward("guided", "Begin with the guided path")
        return
    text = st.text_input("Cratejoy id, e-mail or name", placeholder="7101000017, ada@example.com, Ada Lovelace")
    layout.reveal_switch()
    if not text.strip():
        return
    _prepare(there)
    number = _found(there, text)
    if number is not None:
        one_customer.show(there, number)


def _prepare(there: Staged) -> None:
    """Have the indexes made when they are not there, and wait a moment for those that a search needs."""
    with place.connection() as connection:
        if not missing(connection, there):
            return
        if not slow(connection, there):
            _background().begin(there)
            return

        def enough() -> bool:
            return "customers" not in slow(connection, there)

        _background().begin(there)
        with st.spinner("Preparing the search; this happens once ..."):
            _background().wait(_WAIT_SECONDS, enough)


def _found(there: Staged, text: str) -> int | None:
    """Show whom a search found; return the chosen one."""
    try:
        with place.connection() as connection:
            matches = search.search(connection, there, text)
    except psycopg.errors.QueryCanceled:
        st.warning("The search is still being prepared: try again in a minute.")
        return None
    if not matches:
        layout.nothing("Nobody is staged by this id, e-mail or name. Names are found by how they begin.")
        return None
    if len(matches) == 1:
        return matches[0].id
    if len(matches) > search.MOST:
        st.caption(f"The first {search.MOST} of more: type more of the name.")
    shown = matches[: search.MOST]
    event: Any = st.dataframe(
        [_match(one) for one in shown],
        column_config=dict.fromkeys(("Orders", "Subscriptions"), FIGURE),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"matches_{text.strip().lower()}",
    )
    chosen: list[int] = event.selection.rows
    if chosen:
        return shown[chosen[0]].id
    st.caption("Choose one by its row.")
    return None


def _match(one: Match) -> dict[str, Any]:
    return {
        "Cratejoy id": str(one.id),
        "Name": layout.masked(one.name),
        "E-mail": layout.masked(one.email),
        "Orders": one.orders,
        "Subscriptions": one.subscriptions,
        "Ledger": one.status or "not sent yet",
    }
