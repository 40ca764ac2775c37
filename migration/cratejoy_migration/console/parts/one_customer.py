"""One customer on a page: what is known of it, Cratejoy, what is sent and Shopify side by side, sending it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import psycopg
import streamlit as st
from target_shopify.settings import Settings

from cratejoy_migration.console import layout, place
from cratejoy_migration.console.parts.starting import start
from cratejoy_migration.console.search_indexes import slow
from cratejoy_migration.console.views import customer as view
from cratejoy_migration.console.views import shop, side_by_side
from cratejoy_migration.console.views.customer import Customer
from cratejoy_migration.console.views.shop import Live
from cratejoy_migration.console.views.side_by_side import Row, Sent
from cratejoy_migration.console.work.plan import single
from cratejoy_migration.documents.staged import Staged
from cratejoy_migration.verify.differences import KINDS

_LIVE = "customer_live"
_MARKED = "background-color: rgba(200, 50, 63, 0.18); font-weight: 600"
_COLUMNS = {"What": st.column_config.TextColumn(pinned=True, width=140)}
_MOST_ROWS = 200


@st.cache_resource(ttl="2m", show_spinner="Reading the settings ...")
def _settings(project: str) -> Settings | str:
    """Return the target's settings, which Meltano takes a second to tell."""
    del project
    return shop.settings(place.project())


def show(there: Staged, number: int) -> None:
    """Show a customer, and what can be done about it.

    Args:
        there: What is staged.
        number: Its Cratejoy id.
    """
    try:
        with place.connection() as connection:
            customer = view.look(connection, there, number, slow(connection, there))
    except psycopg.errors.QueryCanceled:
        st.warning("The rows of this customer are still being looked up: try again in a minute.")
        return
    if customer is None:
        layout.nothing("This customer is not staged any more.")
        return
    _heading(customer)
    chosen = _settings(str(place.project()))
    if isinstance(chosen, str):
        st.caption(f"What is sent is shown as by the default settings. {chosen}")
    _actions(customer, chosen)
    live = _live(customer, chosen)
    made = side_by_side.sent(customer.documents, live.rules.options if live else shop.options(chosen))
    _compare(customer, made, live)
    _records(customer)


def _heading(customer: Customer) -> None:
    name = " ".join(filter(None, (customer.document.get("first_name"), customer.document.get("last_name"))))
    shown = layout.masked(name or customer.document.get("name"))
    # Without an anchor: a name has no place in the page's address.
    st.subheader(layout.literal(shown) or f"Customer {customer.id}", anchor=False)
    told = {
        "Cratejoy id": str(customer.id),
        "Ledger": str(customer.line.get("status") or "not sent yet"),
        "Verification": customer.verdict.verdict if customer.verdict else "none yet",
        "Shopify id": _number(customer.shopify_id) or "none",
    }
    with st.container(horizontal=True, gap="medium"):
        for name, value in told.items():
            st.markdown(f":gray[{name}] **{value}**", width="content")
    for note in _notes(customer):
        st.caption(layout.literal(note))


def _notes(customer: Customer) -> Iterator[str]:
    """Yield what there is to know of a customer beside its values."""
    if customer.crowd:
        yield f"{customer.crowd:,} customers share its e-mail, too many to be shown together: here are its own rows."
    others = [str(one["id"]) for one in customer.documents if one["id"] != customer.id]
    if others:
        yield f"Shares its e-mail with {', '.join(others)}: together they are one customer in Shopify."
    for reason in view.reasons(customer.line.get("reason")):
        yield f"Ledger: {reason}"
    if customer.changed:
        yield "It has changed at Cratejoy since it was sent."
    if customer.verdict:
        yield _verdict(customer.verdict)
    if customer.left_out:
        yield f"Not shown until the search is prepared: {', '.join(customer.left_out)}."


def _actions(customer: Customer, chosen: Settings | str) -> None:
    with st.container(horizontal=True):
        again = "Send again" if customer.line else "Send now"
        if st.button(again, type="primary", help="Just this customer, and whoever shares its e-mail."):
            start(single("retry", f"Customer {customer.id} again", "migration", "retry", str(customer.id)))
        if isinstance(chosen, str):
            return
        if st.button("Read from Shopify", help="One look at the shop, nothing is written."):
            with st.spinner("Reading from Shopify ..."):
                answer = shop.read(chosen, customer.id, customer.shopify_id)
                st.session_state[_LIVE] = (customer.id, answer, datetime.now(UTC))
        if number := _number(customer.shopify_id):
            st.link_button("Open in Shopify", f"https://admin.shopify.com/store/{chosen.shop}/customers/{number}")


def _number(gid: str | None) -> str:
    return (gid or "").rpartition("/")[2]


def _verdict(verdict: view.Verdict) -> str:
    told = [
        " ".join(filter(None, (str(one["field"]).replace("_", " "), one["key"], KINDS.get(one["kind"], one["kind"]))))
        for one in verdict.differences
    ]
    parts = [verdict.reason or "", "; ".join(told), "; ".join(verdict.explained)]
    text = ". ".join(filter(None, parts))
    return f"Verified {layout.ago(verdict.checked_at)}{': ' + text if text else '.'}"


def _live(customer: Customer, chosen: Settings | str) -> Live | None:
    """Return what the shop answered when it was asked for this customer; a sentence when it could not answer."""
    asked, answer, when = st.session_state.get(_LIVE, (None, None, None))
    if asked != customer.id or isinstance(chosen, str):
        return None
    if isinstance(answer, str):
        st.warning(layout.literal(f"The shop could not be read. {answer}"))
        return None
    if answer.found is None:
        st.info("The shop has no such customer.")
    else:
        st.caption(f"Read from Shopify {layout.ago(when)}.")
    return answer  # type: ignore[no-any-return]  # what `_actions` put there


def _compare(customer: Customer, made: Sent, live: Live | None) -> None:
    if made.refusal:
        st.warning(layout.literal(made.refusal))
    compared = None
    if live and made.members and customer.whole:
        sent = customer.shopify_id is not None
        compared = shop.compared(live, made.members, customer.line.get("origin"), sent=sent)
    rows = side_by_side.rows(customer.documents, made, live.found if live else None, compared, asked=live is not None)
    if compared is not None:
        differing = [f"- {row.field}: {row.difference}" for row in rows if row.difference]
        count = len(compared.differences)
        told = f"{count} thing{'s differ' if count != 1 else ' differs'} in the shop."
        if count:
            st.warning("\n".join([told, "", *differing]))
        else:
            st.success("Nothing differs.")
        for why in compared.explained:
            st.caption(layout.literal(f"Otherwise for a reason: {why}"))
    frame = pd.DataFrame([_row(row, asked=live is not None) for row in rows])
    marked = [bool(row.difference) for row in rows]
    shown = frame.style.apply(lambda row: [_MARKED if marked[row.name] else ""] * len(row), axis=1)
    st.dataframe(shown, column_config=_COLUMNS, hide_index=True, height="content")


def _row(row: Row, *, asked: bool) -> dict[str, str]:
    def shown(text: str | None) -> str:
        if row.personal == side_by_side.TEXT and text and not st.session_state.get(layout.REVEAL):
            return "•••"
        return layout.masked(text) if row.personal else (text or "")

    told = {"What": row.field, "Cratejoy": shown(row.cratejoy), "Sent": shown(row.sent)}
    return told | ({"Shopify": shown(row.shopify)} if asked else {})


def _records(customer: Customer) -> None:
    for name in ("subscriptions", "orders"):
        rows = [row for one in customer.documents for row in one.get(name) or ()]
        if rows:
            with st.expander(f"{name.capitalize()} at Cratejoy ({len(rows):,})"):
                st.dataframe([_flat(row) for row in rows[:_MOST_ROWS]], hide_index=True)


_SHOWN = ("id", "status", "financial_status", "fulfillment_status", "start_date", "end_date", "placed_at", "total",
          "autorenew", "is_renewal", "is_gift", "is_test")  # fmt: skip


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of a record: its own values, no gift messages or addresses."""
    return {name.replace("_", " "): str(row[name]) for name in _SHOWN if name in row}
