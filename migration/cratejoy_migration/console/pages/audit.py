"""The page "Audit": whether everything is staged, where the holes are, and the way to close them."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from cratejoy_migration.console import layout, map_chart, place
from cratejoy_migration.console.parts.accepting import accepting
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.console.parts.figures import figures
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.parts.starting import start
from cratejoy_migration.console.views import audit as view
from cratejoy_migration.console.views.audit import Audited
from cratejoy_migration.console.views.wording import without_commands
from cratejoy_migration.console.work import tiers
from cratejoy_migration.console.work.plan import single

_MOST_RANGES = 500


def page() -> None:
    """Show the last audit, and what can be done about it."""
    layout.page("Audit", "Compares what Cratejoy holds with what is staged, and closes the holes.")
    with place.connection() as connection:
        found = view.read(connection)
    if found is None:
        layout.nothing("Nothing was audited yet. An audit counts each stream at Cratejoy, with one request a stream.")
        _actions(None)
        return
    _figures(found)
    _actions(found)
    _table(found)
    if found.mapped:
        _map(found)
    if found.collected:
        accepting("missing", "Accept that rows are missing", _acceptable(found))


def _figures(found: Audited) -> None:
    figures(
        Streams_audited=layout.number(len(found.lines)),
        Rows_staged=layout.number(sum(line.staged for line in found.lines)),
        Rows_missing=layout.number(found.missing),
        Last_audit=layout.ago(found.checked_at),
    )
    if not found.collected:
        st.info("Nothing was collected yet when this audit was made. Collecting comes first.")
        onward("guided", "Go to the guided path")
        return
    told = without_commands(found.sentence)
    if not found.beyond:
        st.success(told)
        onward("forecast", "Go on with the forecast")
    elif found.missing:
        st.warning(f"{told} Backfill reads just these rows; what may stay missing can be accepted below.")
    else:
        st.warning(told)


def _actions(found: Audited | None) -> None:
    empty = found is not None and not found.collected
    holes = found is not None and not empty and bool(found.beyond)
    kind: Literal["primary", "secondary"] = "secondary" if holes or empty else "primary"
    row = st.container(horizontal=True)
    if holes and row.button("Backfill", type="primary", help="Reads exactly what is missing, and audits it again."):
        start(tiers.BACKFILL)
    if row.button("Audit", type=kind, help="Compares the counts: one request a stream."):
        start(tiers.AUDIT)
    with row.popover("Audit every page", help="Reads every page, ids only, and names each missing row."):
        _every_page(found)


def _every_page(found: Audited | None) -> None:
    streams = [line.stream for line in found.lines] if found else []
    chosen = st.multiselect("Only these streams", streams, placeholder="All streams") if streams else []
    st.caption("Reads every page of Cratejoy, which takes as long as a collection. It can be stopped, and goes on.")
    if st.button("Start", key="audit_deep"):
        only = [word for stream in chosen for word in ("--stream", stream)]
        start(single("audit", "Audit of every page", "migration", "audit", "--deep", *only))


def _table(found: Audited) -> None:
    rows = [
        {
            "Stream": line.stream,
            "State": found.state(line),
            "At Cratejoy": line.api_count,
            "Staged": line.staged,
            "Missing": line.missing,
            "Accepted": found.accepted.get(line.stream, 0),
            "New since": line.new,
            "Extra": line.extra,
            "Audited": layout.ago(line.checked_at),
        }
        for line in found.lines
    ]
    optional = [name for name in ("Accepted", "New since", "Extra") if not any(row[name] for row in rows)]
    shown = [{name: value for name, value in row.items() if name not in optional} for row in rows]
    counts = ("At Cratejoy", "Staged", "Missing", "Accepted", "New since", "Extra")
    st.dataframe(shown, column_config=dict.fromkeys(counts, FIGURE), hide_index=True, width="stretch")
    for line in (line for line in found.lines if line.trouble):
        st.caption(layout.literal(f"{line.stream}: {line.trouble}"))


def _map(found: Audited) -> None:
    st.subheader("Map of pages")
    holey = [line.stream for line in found.lines if line.missing and line.stream in found.mapped]
    order = list(dict.fromkeys([*holey, *found.mapped]))
    stream = st.selectbox("Stream", order, key="audit_stream")
    with place.connection() as connection:
        cells = view.cells(connection, stream)
        missing = view.missing_ids(connection, stream)
    pages = sum(cell.pages for cell in cells)
    each = f"; each rectangle stands for {cells[0].pages:,} pages" if cells and cells[0].pages > 1 else ""
    holes = sum(cell.holey for cell in cells)
    read = "1 page was" if pages == 1 else f"{pages:,} pages were"
    st.caption(f"{read} read, {holes:,} {'has' if holes == 1 else 'have'} holes{each}.")
    if cells:
        st.markdown(map_chart.LEGEND)
        st.altair_chart(map_chart.chart(cells), width="stretch")
    if missing:
        st.markdown("**Missing ids**")
        told = [{"Page": one.pages, "Missing": one.count, "Ids": one.ids} for one in missing[:_MOST_RANGES]]
        st.dataframe(told, hide_index=True, width="stretch")
        if len(missing) > _MOST_RANGES:
            st.caption(f"The first {_MOST_RANGES:,} of {len(missing):,} ranges.")


def _acceptable(found: Audited) -> dict[str, int]:
    return {line.stream: line.missing for line in found.lines if line.missing}
