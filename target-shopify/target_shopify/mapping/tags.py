"""The tags of a customer, all with our prefix."""

from __future__ import annotations

from collections.abc import Sequence

from target_shopify.mapping.member import Member
from target_shopify.mapping.options import MappingOptions
from target_shopify.rules import LIST_LENGTH, TEXT_LENGTH

_OTHERS = 5
"""Tags beside those with an id."""


def tags_of(
    members: Sequence[Member], status: str | None, repairs: Sequence[str], options: MappingOptions
) -> tuple[str, ...]:
    """Return the tags of one customer.

    Args:
        members: The Cratejoy customers it unites.
        status: Slug of all subscriptions together; None when unknown.
        repairs: Codes; any is worth a look.
        options: Prefix.
    """
    ids = [f"id-{member.cratejoy_id}" for member in members[: LIST_LENGTH - _OTHERS]]
    names = ["migrated", *ids]
    if status:
        names.append(f"status-{status}")
    if any(member.subscribed for member in members) or (status or "none") != "none":
        names.append("subscriber")
    if only_tests(members):
        names.append("test")
    if repairs:
        names.append("check")
    prefix = options.tag_prefix
    return tuple([f"{prefix}{name}"[:TEXT_LENGTH] for name in names])


def too_many(members: Sequence[Member]) -> bool:
    """Tell whether there are more ids than tags."""
    return len(members) > LIST_LENGTH - _OTHERS


def only_tests(members: Sequence[Member]) -> bool:
    """Tell whether all rows of all members are test rows, and there is one."""
    with_rows = [member for member in members if member.is_test or member.subscriptions or member.orders]
    return bool(with_rows) and all(member.is_test for member in with_rows)
