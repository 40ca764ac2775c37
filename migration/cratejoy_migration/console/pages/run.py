"""The page "Runs": the run that goes on, or one of those before it; stop and resume."""

from __future__ import annotations

import re

import streamlit as st
from target_shopify.progress import duration

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.parts import live
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.views import wording
from cratejoy_migration.console.work import jobs, store
from cratejoy_migration.console.work.store import Job
from cratejoy_migration.errors import OperatorError

_MOST = 50
_NUMBER = re.compile(r"[0-9]{1,18}")
_CHOSEN = "run"
"""Name of the query parameter: a run has an address."""


def page() -> None:
    """Show one run, and the list of all."""
    with place.connection() as connection:
        recent = jobs.recent(connection, _MOST)
        job = _chosen(connection, recent)
        resumable = job is not None and jobs.is_resumable(connection, job)
    if job is None and recent:
        layout.page("Runs", "Runs go on without this page: close it, and find them here again.")
        layout.nothing("There is no such run.")
        _earlier(recent)
        return
    if job is None:
        layout.page("Runs", "Runs go on without this page: close it, and find them here again.")
        layout.nothing("Nothing was started from here yet.", "Begin with a quick test", "quick-test")
        return
    layout.page(f"{job.title}", f"Run {job.id}, started {layout.ago(job.started_at)} by {job.started_by}. Runs go on "
                "without this page: close it, and find them here again.")  # fmt: skip
    _actions(job, resumable=resumable)
    live.panel(job.id)
    _earlier(recent)


def _chosen(connection: jobs.Connection, recent: list[Job]) -> Job | None:
    """Return the run that the address names, None when there is none; without a name the latest."""
    named = st.query_params.get(_CHOSEN)
    if named is None:
        return next(iter(recent), None)
    return jobs.get(connection, int(named)) if _NUMBER.fullmatch(named) else None


def _actions(job: Job, *, resumable: bool) -> None:
    if job.is_open:
        if st.button("Stop", disabled=job.stopping, help="Ends cleanly what is in flight; resume goes on there."):
            live.stop(job.id)
            st.rerun()
        return
    if resumable and st.button("Resume", type="primary"):
        _resume(job)
    if job.kind == jobs.ROLLBACK and job.state in store.RESUMABLE:
        onward("undo", "Go on with the rollback")
    elif job.kind == "quick-test" and job.state in ("done", "unheld"):
        onward("quick-test", "What the quick test came to")
    elif job.kind == "rollback-plan" and job.state == "done":
        onward("undo", "The plan, and the way to carry it out")
    elif job.state in ("done", "unheld"):
        onward("guided", "Go on with the guided path")


def _resume(job: Job) -> None:
    try:
        with place.connection() as connection:
            number = jobs.resume(connection, job.id, gate.who())
            trail.record(connection, gate.who(), f"resumed: {job.title}", f"run {job.id} as run {number}")
    except OperatorError as error:
        st.error(layout.literal(str(error)))
        return
    st.query_params.pop(_CHOSEN, None)
    st.rerun()


def _earlier(recent: list[Job]) -> None:
    st.subheader("All runs")
    chosen = st.dataframe(
        [
            {"Run": job.id, "What": job.title, "State": wording.state_in_short(job.state),
             "Started": layout.moment(job.started_at), "By": job.started_by, "Took": _took(job)}
            for job in recent
        ],
        column_config={"Run": st.column_config.NumberColumn(width="small"),
                       "State": st.column_config.TextColumn(width="medium")},
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"all_runs_{recent[0].id}",  # a new run moves the lines: what was chosen is in the address
    )  # fmt: skip
    rows = chosen["selection"]["rows"]
    if rows and st.query_params.get(_CHOSEN) != str(recent[rows[0]].id):
        st.query_params[_CHOSEN] = str(recent[rows[0]].id)
        st.rerun()
    st.caption("Choose a line to see that run with its log.")


def _took(job: Job) -> str:
    return duration((job.ended_at - job.started_at).total_seconds()) if job.ended_at else ""
