"""The page "Quick test": a handful of customers through the whole path, dry by default."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.parts.starting import ask_and_start, start
from cratejoy_migration.console.views import reports
from cratejoy_migration.console.work import tiers
from cratejoy_migration.forecast.screen import OUTCOMES
from cratejoy_migration.quick_test import result
from cratejoy_migration.quick_test.result import Result

_PRESETS = (5, 10, 25, 50)
_DEFAULT = 10
_WORDS = {
    "created": ("would be created", "created"),
    "adopted": ("would be added to a customer of the shop", "added to a customer of the shop"),
    "merged": ("would become one with another of the same e-mail", "became one with another of the same e-mail"),
    "updated": ("would be updated", "updated"),
    "unchanged": ("are in the shop already", "are in the shop already"),
    "refused": ("would be refused", "refused"),
    "unknown": ("unknown", "unknown"),
}


def page() -> None:
    """Offer a quick test, and show what the last one came to."""
    layout.page(
        "Quick test",
        "A handful of customers through the whole path: read from Cratejoy, made into documents, shown to Shopify. It "
        "takes less than a minute, and nothing is written to the shop unless you say so.",
    )
    with st.container(border=True):
        customers = st.segmented_control("Customers", _PRESETS, default=_DEFAULT, required=True, key="quick_customers")
        send = st.checkbox("Write them into the shop", help="Better into a development store. A rollback removes them.")
        if send:
            st.caption("These customers will be written into the shop. Nobody is mailed.")
        if st.button("Write these customers" if send else "Run the quick test", type="primary"):
            plan = tiers.quick_test(int(customers or _DEFAULT), send=send)
            ask_and_start(plan, "Write") if send else start(plan)
    found = result.read(reports.folder(place.project()) / result.FOLDER)
    if found:
        _result(found)


def _result(found: Result) -> None:
    st.subheader("The last quick test")
    sentence, _, _ = found.sentence.partition(" Next: ")
    (st.success if found.holds else st.warning)(sentence)
    told = [f"{layout.number(count)} {name}" for name, count in found.rows.items()]
    st.caption(f"Their histories hold {' and '.join(told)}. It took {found.seconds:.0f} seconds.")
    counts = found.counts
    shown = [outcome for outcome in OUTCOMES if counts.get(outcome)]
    for place_, outcome in zip(st.columns(max(4, len(shown))), shown, strict=False):
        place_.metric(_WORDS[outcome][found.sent].capitalize(), layout.number(counts[outcome]))
    st.dataframe(
        [
            {"Cratejoy id": str(line.cratejoy_id), "Outcome": _WORDS[line.outcome][found.sent],
             "Refused or repaired because": line.reason.replace("_", " ")}
            for line in found.customers
        ],
        hide_index=True,
        width="stretch",
    )  # fmt: skip
    if found.holds:
        onward("guided", "Go on with the guided path")
