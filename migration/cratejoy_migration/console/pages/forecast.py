"""The page "Forecast": what a migration would do, how long it takes, and what people can put right before."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cratejoy_migration.console import downloads, layout, place
from cratejoy_migration.console.parts.accepting import accepting
from cratejoy_migration.console.parts.columns import FIGURE, WIDE
from cratejoy_migration.console.parts.figures import figures
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.parts.starting import start
from cratejoy_migration.console.views import forecast as view
from cratejoy_migration.console.views import reports
from cratejoy_migration.console.views.forecast import Forecast
from cratejoy_migration.console.views.wording import without_commands
from cratejoy_migration.console.work import tiers
from cratejoy_migration.console.work.plan import single
from cratejoy_migration.forecast import screen


def page() -> None:
    """Show the last forecast, and make another one."""
    layout.page("Forecast", "What would become of every customer, how long it takes, and what to put right before.")
    folder = reports.folder(place.project())
    with place.connection() as connection:
        found = view.read(connection, folder)
        gone = found is None and view.on_record(connection)
    if found is None:
        never = "There is no forecast yet. It sends every customer through the migration without a write."
        layout.nothing("The last forecast is not in the folder of reports any more: forecast again." if gone else never)
        _again(first=not gone)
        return
    _figures(found)
    _again(first=False)
    outcomes, hours = st.columns([2, 3])
    with outcomes:
        _outcomes(found)
    with hours:
        _hours(found)
    _reasons(found)
    _fix_list(found, folder)
    accepting("refused", "Accept that customers are refused", {"all": found.refused} if found.refused else {})


def _figures(found: Forecast) -> None:
    figures(
        Customers_looked_at=layout.number(found.documents),
        Would_be_refused=layout.number(found.refused),
        On_the_fix_list=layout.number(found.lines),
        Points=layout.number(found.figures.get("points")),
        Made=layout.ago(found.made_at),
    )
    told = without_commands(found.verdict.sentence)
    if found.verdict.holds:
        st.success(told)
        onward("guided", "Go on with the guided path")
    else:
        st.warning(f"{told} The fix list below says what to correct at Cratejoy; or accept the refusals.")


def _again(*, first: bool) -> None:
    with st.container(horizontal=True):
        if st.button("Forecast", type="primary", help="Nothing is written to Shopify."):
            start(tiers.FORECAST)
        if not first and st.button(
            "Forecast everybody", help="Customers that are done, too: after changed settings, for instance."
        ):
            start(single("forecast", "Forecast of everybody", "migration", "forecast", "--all"))


def _outcomes(found: Forecast) -> None:
    st.subheader("Outcomes")
    rows = [{"Outcome": name, "Customers": count} for name, count in found.outcomes()]
    st.dataframe(rows, column_config={"Customers": FIGURE}, hide_index=True)


def _hours(found: Forecast) -> None:
    st.subheader("Time")
    rows = [{"One by one": name, "Points/s": rate, "Takes": takes} for name, rate, takes in found.hours()]
    st.dataframe(rows, column_config={"Points/s": FIGURE}, hide_index=True)
    with st.expander("How this is reckoned"):
        for note in screen.speeds(found.figures):
            st.caption(note)


def _reasons(found: Forecast) -> None:
    reasons = [("refused", *reason) for reason in screen.refusals(found.figures)]
    reasons += [("repaired", *reason) for reason in screen.repairs(found.figures)]
    if reasons:
        st.subheader("Reasons")
        names = ("Outcome", "Reason", "Customers", "Meaning")
        rows = [dict(zip(names, reason, strict=True)) for reason in reasons]
        st.dataframe(rows, column_config={"Customers": FIGURE, "Meaning": WIDE}, hide_index=True)


def _fix_list(found: Forecast, folder: Path) -> None:
    lines = view.fix_list(folder)
    if not lines:
        return
    st.subheader("Fix list")
    st.caption("What people can put right at Cratejoy before the migration, refusals first.")
    layout.reveal_switch()
    shown = [{name: layout.masked(text) if name in view.PERSONAL else text for name, text in line.items()}
             for line in lines]  # fmt: skip
    st.dataframe(shown, hide_index=True)
    if found.lines > len(lines):
        st.caption(f"The first {len(lines):,} of {found.lines:,} lines; the file has them all.")
    about = "Opens in a spreadsheet. It holds names and e-mail addresses."
    downloads.button("Download the fix list", view.FIX_LIST, about=about)
