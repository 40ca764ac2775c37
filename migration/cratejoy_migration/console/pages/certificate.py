"""The page "Certificate": whether the shop has everything as it should be, the proof, and the way to repair."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration.console import downloads, layout, place
from cratejoy_migration.console.parts.accepting import accepting
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.console.parts.figures import figures
from cratejoy_migration.console.parts.starting import ask_and_start, start
from cratejoy_migration.console.views import certificate as view
from cratejoy_migration.console.views import reports
from cratejoy_migration.console.views.certificate import Certificate
from cratejoy_migration.console.work import tiers
from cratejoy_migration.console.work.plan import single

_FRAME_HEIGHT = 900


def page() -> None:
    """Show the last verification, and verify or repair."""
    layout.page(
        "Certificate", "Every customer of the shop read back and compared, field by field, with what is staged."
    )
    with place.connection() as connection:
        found = view.read(connection, reports.folder(place.project()))
        past = view.past(connection)
    if found is None:
        layout.nothing("Nothing was verified yet. A verification reads the shop back and writes nothing into it.")
        _actions(None)
        return
    _figures(found)
    _actions(found)
    _table(found.counts())
    if found.different:
        st.subheader("What differs")
        _table(found.differences())
        accepting("different", "Accept that customers are different", {"all": found.different})
    _proof(found)
    if len(past) > 1:
        st.subheader("Earlier verifications")
        st.dataframe(
            [
                {"Verified": layout.moment(one.verified_at), "Result": _word(clean=one.clean),
                 "Customers": one.customers.get("staged"), "Different": one.customers.get("different")}
                for one in past[1:]
            ],
            column_config=dict.fromkeys(("Customers", "Different"), FIGURE),
            hide_index=True,
        )  # fmt: skip


def _figures(found: Certificate) -> None:
    customers = found.line.counts.get("customers", {})
    figures(
        Result="Out of date" if found.outdated else _word(clean=found.line.clean),
        Customers_staged=layout.number(customers.get("staged")),
        Different=layout.number(found.different),
        Verified=layout.ago(found.line.verified_at),
    )
    if found.outdated:
        st.warning(
            f"{found.outdated} This verification was {_word(clean=found.line.clean).lower()} and says nothing of the "
            "shop as it is now: verify again."
        )
        return
    if found.line.clean:
        st.success(found.told.get("verdict") or f"Nothing is unexplained in {found.line.shop}.")
        return
    reasons = "\n".join(f"- {layout.literal(one)}" for one in found.unexplained)
    st.warning(f"{found.told.get('verdict') or 'Not everything is as it should be.'}\n\n{reasons}".strip())


def _actions(found: Certificate | None) -> None:
    repairs = found is not None and found.repairable
    with st.container(horizontal=True):
        if repairs and st.button("Repair", type="primary", help="Sends again what differs, and verifies again."):
            ask_and_start(tiers.REPAIR, "Repair")
        if st.button("Verify", type="secondary" if repairs else "primary", help="Writes nothing into the shop."):
            start(tiers.VERIFY)
        if found is not None and found.changed:
            with st.popover("Undo changes made in the shop"):
                st.caption("People changed some of these values in the shop. This writes the staged values over them.")
                if st.button("Repair and overwrite", key="repair_overwrite"):
                    plan = single("repair", "Repair, changes undone", "migration", "repair", "--overwrite")
                    ask_and_start(plan, "Repair and overwrite")


def _proof(found: Certificate) -> None:
    st.subheader("Certificate")
    html = found.html()
    if html is None:
        st.caption("The certificate of this verification is not in the folder of reports any more: verify again.")
        return
    with st.container(horizontal=True):
        for name, label in ((view.HTML, "Download for people (HTML)"), (view.JSON, "Download for machines (JSON)")):
            if found.holds(name):
                downloads.button(label, name)
    with st.expander("Show the certificate", expanded=found.line.clean and not found.outdated):
        # The page itself forbids scripts and anything from elsewhere (its Content-Security-Policy).
        st.iframe(html, height=_FRAME_HEIGHT)


def _table(rows: list[dict[str, object]]) -> None:
    counts = [name for name in (rows[0] if rows else {}) if name not in ("Stream", "Field", "How")]
    st.dataframe(rows, column_config=dict.fromkeys(counts, FIGURE), hide_index=True)


def _word(*, clean: bool) -> str:
    return "Clean" if clean else "Not clean"
