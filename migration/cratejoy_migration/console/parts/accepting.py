"""Accepting that rows are missing, or customers refused or different: the form, and what was accepted before."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cratejoy_migration import decisions
from cratejoy_migration.console import layout, place
from cratejoy_migration.console.access import gate, trail

_SAID = "accepting_said"


def accepting(kind: str, title: str, amounts: Mapping[str, int]) -> None:
    """Show what was accepted, and a form to accept more or to take it back.

    Args:
        kind: "missing", "refused" or "different".
        title: Of the folded part.
        amounts: What there is to accept, by subject; the first one is proposed.
    """
    with place.connection() as connection:
        before = decisions.accepted(connection, kind)
    for one in (one for one in before.values() if one.amount):
        of = "" if one.subject == "all" else f" of {one.subject}"
        told = f"up to {one.amount:,} {kind}{of}. {one.reason}"
        st.caption(layout.literal(f"Accepted on {layout.moment(one.decided_at)}: {told}"))
    if said := st.session_state.pop(_SAID, ""):
        st.toast(said)
    subjects = list(dict.fromkeys([*amounts, *(name for name, one in before.items() if one.amount)]))
    if not subjects:
        return
    with st.expander(title):
        subject = subjects[0] if len(subjects) == 1 else st.selectbox("Of which", subjects, key=f"accept_{kind}_of")
        with st.form(f"accept_{kind}", border=False):
            proposed = amounts.get(subject, 0)
            amount = st.number_input("So many at most; 0 takes the decision back", 0, None, proposed, 1)
            reason = st.text_input("Why, for whoever reads the certificate", max_chars=500)
            sent = st.form_submit_button("Accept")
        if sent:
            _accept(kind, subject, int(amount), " ".join(reason.split()))


def _accept(kind: str, subject: str, amount: int, reason: str) -> None:
    if not reason:
        st.error("A decision needs its reason, for whoever reads it later.")
        return
    with place.connection() as connection:
        decisions.accept(connection, kind, subject, amount, reason)
        trail.record(connection, gate.who(), f"accepted up to {amount:,} {kind}", subject)
    st.session_state[_SAID] = f"Accepted: up to {amount:,} {kind}." if amount else "The decision is taken back."
    st.rerun()
