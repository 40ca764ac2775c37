"""Members by id, each once: what a newer arrival does not know, the earlier one keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from target_shopify.mapping.member import Member

_KEPT = ("addresses", "subscriptions", "orders", "order_count", "lifetime_value", "first_order_at", "last_order_at")


def by_id(members: Sequence[Member]) -> Sequence[Member]:
    """Return members by id, lowest first; of two with one id the later, completed from the earlier."""
    if len(members) == 1:
        return members
    found: dict[int, Member] = {}
    for member in members:
        earlier = found.get(member.cratejoy_id)
        found[member.cratejoy_id] = _completed(member, earlier) if earlier else member
    return [found[number] for number in sorted(found)]


def _completed(newer: Member, earlier: Member) -> Member:
    kept = {name: getattr(earlier, name) for name in _KEPT if getattr(newer, name) is None}
    united = replace(newer, **kept)
    flags = [row["is_test"] for row in (*(united.subscriptions or ()), *(united.orders or ()))]
    return replace(
        united,
        is_test=all(flags) if flags else newer.is_test,
        subscribed=newer.subscribed or earlier.subscribed or bool(united.subscriptions),
    )
