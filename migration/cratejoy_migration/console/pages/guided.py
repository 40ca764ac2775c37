"""The page "Guided path": collect, audit, forecast, migrate, verify; the next step opens when the one before holds."""

from __future__ import annotations

import streamlit as st

from cratejoy_migration import meltano_runs
from cratejoy_migration.console import layout, place
from cratejoy_migration.console.parts import live
from cratejoy_migration.console.parts.onward import onward
from cratejoy_migration.console.parts.starting import ask_and_start, start
from cratejoy_migration.console.views import path
from cratejoy_migration.console.views.path import Stage, Turn
from cratejoy_migration.console.work import jobs
from cratejoy_migration.standing.facts import gather
from cratejoy_migration.standing.live import sentence

_MARKS = {
    "done": ":green[:material/check_circle:]",
    "now": ":primary[:material/arrow_circle_right:]",
    "later": ":gray[:material/radio_button_unchecked:]",
}


def page() -> None:
    """Show the five steps, and the one action whose turn it is."""
    layout.page("Guided path", "Five steps, each of which opens when the one before holds. Customers come first.")
    database = meltano_runs.open_database(place.project())
    marks = meltano_runs.bookmarks(database) if database else {}
    with place.connection() as connection:
        facts = gather(connection, marks)
        job = jobs.current(connection)
    turn = path.turn(facts)
    for stage in path.stages(facts):
        _stage(stage, turn if job is None else None)
    if job:
        st.subheader(job.title)
        _stop_button(job.id)
        live.panel(job.id)
    elif facts.running:
        st.info(f"{sentence(facts.running[-1]).capitalize()}. It was started elsewhere: this page can only watch it.")
        st.button("Look again")
    elif facts.holder:
        st.info(f"Another run is going on: {facts.holder}. It was started elsewhere: this page can only watch it.")
        st.button("Look again")
    elif turn and not turn.step:
        _box(turn)


def _stage(stage: Stage, turn: Turn | None) -> None:
    mine = turn is not None and turn.step == stage.name
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        title = f"**{stage.title}**" if stage.state != "later" else f":gray[{stage.title}]"
        left.markdown(f"{_MARKS[stage.state]} {title}  \n:gray[{stage.purpose}]")
        told = " · ".join(part for part in (stage.figures, stage.when) if part)
        right.markdown(f":gray[{told}]" if told else "")
        if mine and turn:
            _action(turn)


def _box(turn: Turn) -> None:
    (st.success if not turn.plan and turn.page and turn.page[0] == "certificate" else st.warning)(turn.says)
    _action(turn, says=False)


def _action(turn: Turn, *, says: bool = True) -> None:
    if says:
        st.markdown(turn.says)
    with st.container(horizontal=True, vertical_alignment="center"):
        if turn.plan and st.button(turn.button, type="primary", key=f"do-{turn.button}"):
            ask_and_start(turn.plan, turn.button) if turn.writes else start(turn.plan)
        if turn.page:
            address, words = turn.page
            onward(address, words)


def _stop_button(number: int) -> None:
    if st.button("Stop", key="guided_stop", help="Ends cleanly what is in flight; it goes on later where it stood."):
        live.stop(number)
