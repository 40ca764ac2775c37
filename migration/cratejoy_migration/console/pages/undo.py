"""The page "Undo and erase": roll the migration back in the shop; remove all personal data from this side."""

from __future__ import annotations

from contextlib import suppress

import psycopg
import streamlit as st

from cratejoy_migration.console import failures, layout, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.parts.columns import FIGURE
from cratejoy_migration.console.parts.starting import start
from cratejoy_migration.console.views import undo as view
from cratejoy_migration.console.work import jobs, tiers
from cratejoy_migration.console.work.purging import PURGING, State
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.purge import proof, screen
from cratejoy_migration.purge.purge import Purge, Scope, Stock
from cratejoy_migration.staging import StagingError

_STOCK = "purge_stock"
_EVERY_SECONDS = 1


def page() -> None:
    """Show both, each with its plan first and the shop's name to be typed."""
    layout.page("Undo and erase", "Both show first what they would do, and ask for the shop's name before they do it.")
    purging = PURGING.state()
    if purging:
        _purging(purging)
        return
    try:
        _rollback()
    except (StagingError, psycopg.Error) as error:
        # Whatever has become of the database: it can still be erased.
        st.warning(layout.literal(failures.in_words(error)))
    st.divider()
    _purge()


def _rollback() -> None:
    st.subheader("Roll back in the shop")
    st.markdown(
        "Deletes what the migration made, and brings customers that were there before back to what they were. "
        "Customers who have bought something since stay. Nobody is mailed."
    )
    with place.connection() as connection:
        found, shop = view.read(connection), view.shop(connection)
        job = jobs.current(connection)
    # What is undone leaves the ledger, and with it the shop's name: a rollback that has begun has both itself.
    half_done = found is not None and found.is_half_done
    if shop is None and not half_done and (found is None or found.ended_at is None):
        layout.nothing("Nothing was written into a shop from here, so there is nothing to roll back.")
        return
    if found and found.ended_at and shop:
        with st.expander(f"The rollback of {layout.moment(found.ended_at)}; customers were written since"):
            _table(found)
    elif found:
        _last(found)
    name = shop or (found.shop.removesuffix(".myshopify.com") if found else "")
    if shop is None and not half_done:
        return
    if found is None or found.ended_at is not None:
        if st.button("Show what a rollback would do", disabled=job is not None):
            start(tiers.ROLLBACK_PLAN)
        return
    if found.is_plan:
        again = "Plan it again" if found.holds else "Show what a rollback would do now"
        other = found.holds or _STOCK in st.session_state  # one primary action a page
        if st.button(again, type="secondary" if other else "primary", disabled=job is not None):
            start(tiers.ROLLBACK_PLAN)
        if not found.holds:
            return  # what is confirmed must be what was shown
    _confirm("Finish the rollback" if half_done else "Roll back", "rollback", name, running=job is not None)


def _last(found: view.Undoing) -> None:
    if found.is_plan and not found.whole:
        st.warning("A plan was begun and not made to its end.")
        return
    if found.is_plan and found.outdated:
        st.warning(f"The plan of {layout.moment(found.planned_at)} is out of date: customers were written since.")
    elif found.is_plan:
        st.markdown(f"**The plan**, made {layout.ago(found.planned_at)}. Nothing was changed.")
    elif found.ended_at is None:
        st.warning("A rollback has begun and is not finished; it goes on where it stood.")
        st.caption("Counted while it ran: what it did at the very last may not be in these figures.")
    elif found.left:
        st.warning(f"The rollback of {layout.moment(found.ended_at)} left {found.left:,} things undone.")
    else:
        st.success(
            f"Rolled back on {layout.moment(found.ended_at)}, and proven by an export of the whole shop: what the "
            "migration made is gone, but for what is listed as staying."
        )
    _table(found)


def _table(found: view.Undoing) -> None:
    st.dataframe(found.rows(), column_config={"Count": FIGURE}, hide_index=True, width="stretch")


def _confirm(words: str, what: str, shop: str, *, running: bool) -> None:
    """Ask for the shop's name, and do it."""
    with st.form(f"confirm-{what}", border=True):
        typed = st.text_input(f"Type the shop's name to confirm: {shop}", key=f"typed-{what}", autocomplete="off")
        other = what == "rollback" and _STOCK in st.session_state
        sent = st.form_submit_button(words, type="secondary" if other else "primary", disabled=running)
    if running:
        st.caption("A run is going on: wait for its end, or stop it.")
    if not sent:
        return
    if typed.strip().lower().removesuffix(".myshopify.com") != shop:
        st.error(f"That is not the shop's name, which is {shop}. Nothing was done.")
    elif what == "rollback":
        start(tiers.rollback(shop))
    else:
        _start_purge(shop)


def _purge() -> None:
    st.subheader("Erase everything on this side")
    st.markdown(
        "Removes all personal data of the migration from this machine and its database: staged rows, ledger, reports, "
        "logs, bookmarks. Nothing in Shopify or Cratejoy is touched. It is final: nothing can be verified or rolled "
        "back after it."
    )
    if made := proof.last(place.project()):
        words = "The proof of the purge" if made.is_whole else "The purge, which was not finished,"
        with st.expander(f"{words} of {layout.moment(made.at)}"):
            st.code(made.text, language=None, wrap_lines=True)
    if st.button("Show what would be removed"):
        with st.spinner("Looking at everything that is there"):
            st.session_state[_STOCK] = _look()
    if _STOCK not in st.session_state:
        return
    stock, shop = st.session_state[_STOCK]
    if stock.is_empty:
        st.success("There is nothing to remove.")
        return
    rows = [{"What": what, "Count": count, "Size": size} for what, count, size in screen.rows(stock)]
    st.dataframe(rows, hide_index=True, width="stretch")
    if lines := screen.stays(stock):
        st.markdown("**Stays**\n\n" + "\n".join(f"- {line}" for line in lines))
    for line in (stock.warning, stock.trouble):
        if line:
            st.warning(line)
    job = None
    with suppress(StagingError, psycopg.Error), place.connection() as connection:
        job = jobs.current(connection)
    _confirm("Erase everything", "purge", shop, running=job is not None)


def _look() -> tuple[Stock, str]:
    work = Purge(place.project(), Scope())
    stock = work.stock()
    return stock, stock.shop or work.shop or work.folder


def _start_purge(shop: str) -> None:
    with suppress(StagingError, psycopg.Error), place.connection() as connection:  # what cannot be written goes anyway
        trail.record(connection, gate.who(), "started: erasing everything", shop)
    try:
        PURGING.start(shop, gate.who())
    except OperatorError as error:
        st.error(layout.literal(str(error)))
        return
    st.session_state.pop(_STOCK, None)
    st.rerun()


def _purging(state: State) -> None:
    """Show a purge that goes on or has ended, with its proof."""
    st.subheader("Erase everything on this side")
    st.fragment(_course, run_every=_EVERY_SECONDS if state.status is None else None)(running=state.status is None)
    if state.status is None:
        return
    st.button("Begin anew", type="primary", on_click=_begin_anew, args=(state,))
    st.caption("Until then the pages leave the database alone: what is erased does not come back by itself.")


def _course(*, running: bool) -> None:
    state = PURGING.state()
    if state is None:
        return
    if running and state.status is not None:
        st.rerun()
    if state.status is None:
        st.info(f"Started by {state.who} {layout.ago(state.began_at)}. It goes on when this page is closed.")
    elif state.status == 0:
        st.success("Nothing is left: everything was looked for again, and not found.")
    else:
        st.error("Not everything was removed; the last lines say why. The same action goes on where it stood.")
    st.code(state.text or "Looking at what there is ...", language=None, wrap_lines=True)


def _begin_anew(state: State) -> None:
    PURGING.begin_anew()
    with place.connection() as connection:
        word = "erased everything" if state.status == 0 else "tried to erase everything"
        trail.record(connection, state.who, word, layout.moment(state.began_at))
