"""The page "Enhanced": a collection or a migration with choices of one's own."""

from __future__ import annotations

import re

import streamlit as st

from cratejoy_migration.console import layout
from cratejoy_migration.console.parts.starting import ask_and_start, start
from cratejoy_migration.console.work import tiers
from cratejoy_migration.console.work.tiers import Collection, Migration

STREAMS = (
    "customers", "subscriptions", "orders", "products", "transactions", "shipments", "inventory", "shipment_batches",
    "carts", "customer_addresses", "customer_metadata", "subscription_metadata", "subscription_coupons",
    "product_survey_results",
)  # fmt: skip
"""All streams of the tap, in the order in which they run."""
_DEFAULT = STREAMS[:8]
_PAGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
_AS_SET = "As in the settings"
_LANES = {_AS_SET: "", "Whichever ends sooner": "auto", "Single calls": "direct", "Bulk operations": "bulk"}
_ORDERS = {
    _AS_SET: "",
    "History as a customer metafield": "history",
    "Shopify orders in the past": "create",
    "Not carried": "none",
}
_ALL = "All who have to go"
_OTHER = "Another number"


def page() -> None:
    """Offer a collection and a migration with choices."""
    layout.page("Enhanced", "Choose what is read and how it travels. What has no choice here stays as in the settings.")
    which = st.segmented_control("What to do", ["Collect", "Migrate"], default="Collect", required=True, key="which")
    _migrate() if which == "Migrate" else _collect()


def _collect() -> None:
    streams = st.multiselect("Streams", STREAMS, default=list(_DEFAULT), help="Customers always come first.")
    left, right = st.columns(2)
    size = left.select_slider(
        "Rows a page", tiers.ROWS_A_PAGE, value=500, help="500 to 1,000 need the fewest requests; smaller pages are "
        "gentler on a slow store. A scan that goes on keeps the size it began with."
    )  # fmt: skip
    limit = right.number_input(
        "Records of each stream at most",
        0,
        None,
        0,
        100,
        help="0 reads all. A stream that is cut short is not complete.",
    )
    pages = ""
    if len(streams) == 1:
        pages = st.text_input(
            "Only these pages", placeholder="such as 118-119,205", help="In Cratejoy's numbering; bookmarks stay."
        ).replace(" ", "")
    else:
        st.caption("To read single pages, choose one stream alone.")
    audit = st.checkbox("Compare the counts with Cratejoy afterwards", value=True)
    wrong = pages and not _PAGES.fullmatch(pages)
    if wrong:
        st.error("Pages are numbers and ranges with commas between them, such as 118-119,205.")
    if st.button("Start the collection", type="primary", disabled=not streams or bool(wrong)):
        chosen = tuple(name for name in STREAMS if name in streams)
        start(tiers.collect(Collection(chosen, int(size), pages, int(limit) or None, audit)))


def _migrate() -> None:
    left, right = st.columns(2)
    lane = left.selectbox("How customers travel", list(_LANES), help="Bulk operations take files; they cost no points.")
    orders = right.selectbox("What becomes of orders", list(_ORDERS))
    sizes = [_ALL, *(f"{count} customers" for count in tiers.CUSTOMERS_A_BATCH), _OTHER]
    how_many = st.segmented_control("Customers in this run", sizes, default=_ALL, required=True, key="how_many")
    customers: int | None = None
    if how_many == _OTHER:
        customers = int(st.number_input("How many", 1, None, 500, 50))
    elif how_many and how_many != _ALL:
        customers = int(how_many.split()[0])
    dry = st.toggle("Dry run: write nothing into the shop", value=True)
    if not dry:
        st.caption("This writes customers into the shop. Nobody is mailed. A rollback undoes it.")
    if st.button("Start the dry run" if dry else "Write into the shop", type="primary"):
        plan = tiers.migrate(Migration(customers, _LANES[lane], _ORDERS[orders], dry))
        start(plan) if dry else ask_and_start(plan, "Write")
