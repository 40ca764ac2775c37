"""A run as it goes: steps, figures, streams, charts, log; brought up to date in place while it runs."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from target_shopify.progress import duration

from cratejoy_migration.console import charts, layout, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.console.views import progress, wording
from cratejoy_migration.console.views.progress import Program
from cratejoy_migration.console.work import jobs, log
from cratejoy_migration.console.work.store import Job, StepLine
from cratejoy_migration.runs import WRITES
from cratejoy_migration.standing.throughput import UNITS

_EVERY_SECONDS = 2
_LINES = 400
_ICONS = {
    "to do": ":material/radio_button_unchecked:",
    "running": ":material/progress_activity:",
    "done": ":material/check_circle:",
    "unheld": ":material/error:",
    "waiting": ":material/pause_circle:",
    "failed": ":material/error:",
    "stopped": ":material/stop_circle:",
}
_MEASURED = ("collect", *WRITES)
"""Programs whose course is drawn."""
_LEVELS = {"All": ("note", "warning", "error"), "Warnings": ("warning", "error"), "Errors": ("error",)}


def panel(number: int) -> None:
    """Show a run; while it is open the panel brings itself up to date."""
    with place.connection() as connection:
        job = jobs.get(connection, number)
    if job is None:
        layout.nothing(f"There is no run {number}.")
        return
    st.fragment(_panel, run_every=_EVERY_SECONDS if job.is_open else None)(number, was_open=job.is_open)


def _panel(number: int, *, was_open: bool) -> None:
    with place.connection() as connection:
        job = jobs.get(connection, number)
        found = progress.programs(connection, job) if job else []
    if job is None:
        return
    if was_open and not job.is_open:
        st.rerun()  # buttons outside this panel depend on it
    _end(job)
    _steps(job)
    for program in found:
        if program.run.command in _MEASURED and (program.course or program.run.figures):
            _program(program)
    if any(line.step.name in ("collect", "backfill", "quick-test") for line in job.steps):
        _streams(job.started_at, job.ended_at)
    _log(job)


def _end(job: Job) -> None:
    """Say in a box how a run ended."""
    if job.is_open:
        if job.stopping:
            st.info("Stopping: what is in flight is ended first, which takes some seconds.")
        return
    text = job.sentence or next((line.sentence for line in reversed(job.steps) if line.sentence), None) or ""
    text = wording.without_commands(text)
    told = layout.literal(f"{wording.state(job.state)}. {text[:1].upper()}{text[1:]}".strip())
    if job.state == "done":
        st.success(f"Done in {_took(job.started_at, job.ended_at)}.")
    elif job.state in ("failed", "killed"):
        st.error(told)
    else:
        st.warning(told)


def _steps(job: Job) -> None:
    for line in job.steps:
        took = _took(line.began_at, line.ended_at)
        st.markdown(f"{_ICONS.get(line.state, '')} **{line.step.title}** :gray[{_told(line, took)}]")


def _told(line: StepLine, took: str) -> str:
    if line.state == "to do":
        return "comes next"
    if line.state == "running":
        return f"for {took}"
    return f"{wording.state(line.state).lower()}, {took}"


def _program(program: Program) -> None:
    run, unit = program.run, UNITS[program.run.command]
    figures = run.figures
    total = figures.get("total")
    columns = st.columns(4)
    whole = f"of {total:,}" if isinstance(total, int) and total else None
    columns[0].metric(f"{unit.capitalize()} done", layout.number(program.done), whole, "off", delta_arrow="off")
    rate = program.rate if run.state == "running" else (program.done / run.seconds if run.seconds else None)
    columns[1].metric(f"{unit.capitalize()} a second", f"{rate:,.1f}" if rate else "-")
    if run.command in WRITES:
        columns[2].metric(
            "Points used", layout.number(figures.get("points")), _spent(program), "off", delta_arrow="off"
        )
    if run.state == "running":
        left = program.seconds_left
        columns[3].metric("Time left", duration(left) if left is not None else "-")
    else:
        columns[3].metric("Took", duration(run.seconds))
    if isinstance(total, int) and total and run.state == "running":
        st.progress(min(1.0, program.done / total))
    if run.command in WRITES and figures.get("outcomes"):
        told = ", ".join(f"{count:,} {name}" for name, count in figures["outcomes"].items() if count)
        st.markdown(f"Outcomes: {told}")
    _charts(program, unit)


def _spent(program: Program) -> str | None:
    used, allowed = program.points_rate, program.allowed
    if used is None:
        return f"{allowed:,.0f} a second allowed" if allowed else None
    return f"{used:,.0f} of {allowed:,.0f} a second" if allowed else f"{used:,.0f} a second"


def _charts(program: Program, unit: str) -> None:
    rows = progress.speeds(program.course)
    if len(rows) < 2:
        return
    with_points = any(row["points"] is not None for row in rows)
    places = st.columns(2) if with_points else [st.container()]
    places[0].altair_chart(charts.speed(rows, unit), width="stretch", key=f"speed-{program.run.started_at}")
    if with_points:
        places[1].altair_chart(
            charts.points(rows, program.allowed), width="stretch", key=f"points-{program.run.started_at}"
        )


def _streams(since: datetime, until: datetime | None) -> None:
    found = progress.streams(place.project(), since, until)
    if not found:
        return
    st.dataframe(
        [
            {"Stream": one.stream, "Read": one.share, "Records": one.records, "At Cratejoy": one.count,
             "Page": one.page, "State": one.word}
            for one in found
        ],
        column_config={
            "Read": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Records": FIGURE, "At Cratejoy": FIGURE, "Page": FIGURE,
        },
        hide_index=True,
        width="stretch",
    )  # fmt: skip


def _log(job: Job) -> None:
    entries = log.read(jobs.log_file(job.id), _LINES)
    with st.expander(f"Log, {len(entries):,} lines", expanded=job.state in ("failed", "unheld")):
        left, right = st.columns(2, vertical_alignment="bottom")
        level = (
            left.segmented_control(
                "Show", list(_LEVELS), default="All", key=f"level-{job.id}", help="Errors are among the warnings too."
            )
            or "All"
        )
        words = right.text_input("Only lines with", key=f"words-{job.id}", placeholder="such as customers")
        chosen = [one for one in entries if one.level in _LEVELS[level] and words.lower() in one.text.lower()]
        if not chosen:
            st.caption("No such lines yet.")
            return
        lines = "\n".join(f"{one.at.astimezone():%H:%M:%S}  {_mark(one.level)}{one.text}" for one in reversed(chosen))
        st.code(lines, language=None, height=320, wrap_lines=False)


def _mark(level: str) -> str:
    return "" if level == "note" else f"{level.upper()}: "


def _took(began: datetime | None, ended: datetime | None) -> str:
    if began is None:
        return ""
    until = ended or datetime.now(began.tzinfo)
    return duration(max(0.0, (until - began).total_seconds()))


def stop(number: int) -> None:
    """Ask a run to stop, as the person who is signed in."""
    with place.connection() as connection:
        jobs.stop(connection, number, gate.who())
        trail.record(connection, gate.who(), "stopped a run", f"run {number}")
