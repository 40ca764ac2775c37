"""The metafield definitions that make our metafields readable in the admin, and ids unique."""

from __future__ import annotations

import re
from typing import NamedTuple


class Definition(NamedTuple):
    """One metafield definition of our namespace.

    Attributes:
        key: Key of the metafield.
        type: Shopify's name of its type.
        name: Its title in the admin.
        description: What a merchant reads beside it; at most 100 characters.
        pinned: Whether the admin shows it on the page.
    """

    key: str
    type: str
    name: str
    description: str
    pinned: bool = False


CUSTOMER_DEFINITIONS = (
    Definition("customer_id", "id", "Cratejoy customer", "Id of this customer in Cratejoy.", pinned=True),
    Definition(
        "subscription_status",
        "single_line_text_field",
        "Cratejoy subscription status",
        "Status of all Cratejoy subscriptions together: active, cancelled, expired, past-due, mixed, none.",
        pinned=True,
    ),
    Definition("order_count", "number_integer", "Cratejoy orders", "Number of orders placed in Cratejoy.", pinned=True),
    Definition(
        "lifetime_value", "money", "Cratejoy lifetime value", "What was paid in Cratejoy altogether.", pinned=True
    ),
    Definition(
        "first_order_at", "date_time", "First Cratejoy order", "When the first Cratejoy order was placed.", pinned=True
    ),
    Definition(
        "last_order_at", "date_time", "Last Cratejoy order", "When the last Cratejoy order was placed.", pinned=True
    ),
    Definition("subscription_history", "json", "Cratejoy subscriptions", "All Cratejoy subscriptions, newest first."),
    Definition("order_history", "json", "Cratejoy orders, in full", "All Cratejoy orders, newest first."),
    Definition(
        "source_email", "single_line_text_field", "E-mail in Cratejoy", "The e-mail as it was, which Shopify refuses."
    ),
    Definition("sync_state", "json", "Migration bookkeeping", "What the migration wrote; do not change."),
)
"""For customers; the five figures and the id are pinned. Further parts of a history need no definition."""

ORDER_DEFINITIONS = (Definition("order_id", "id", "Cratejoy order", "Id of this order in Cratejoy.", pinned=True),)
"""For orders, when past orders are created."""

_PARTS = re.compile(r"(subscription_history|order_history|sync_state)_\d{3}")


def is_ours(key: str) -> bool:
    """Whether a customer's metafield of our namespace is one that we write, a further part of one among them."""
    return key in {one.key for one in CUSTOMER_DEFINITIONS} or _PARTS.fullmatch(key) is not None
