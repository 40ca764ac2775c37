"""One subscription status for a customer, from all that is known of its subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from target_shopify.mapping.member import Member
from target_shopify.mapping.rows import Row, status_slug

NONE = "none"
MIXED = "mixed"
_UNNAMED = "unknown"


def status_of(members: Sequence[Member], subscriptions: Iterable[Row] | None) -> str | None:
    """Return the status that all subscriptions have in common.

    Args:
        members: Those whose subscriptions are unknown add what their record says.
        subscriptions: The known ones of all members.

    Returns:
        A slug; `mixed` for several, `none` without any subscription, None when nothing is known.
    """
    found = {slug(row) for row in subscriptions or ()}
    found.update(member.status for member in members if member.subscriptions is None and member.status)
    if len(found) > 1:
        found.discard(NONE)
    if not found:
        return None if subscriptions is None else NONE
    return found.pop() if len(found) == 1 else MIXED


def slug(row: Row) -> str:
    """Return the status of a subscription as our tags write it."""
    status = row["status"]
    return (status_slug(status) if status else None) or _UNNAMED
