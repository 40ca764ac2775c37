"""What can differ between a customer as it should be and as the shop has it: names of places and kinds, no values."""

from __future__ import annotations

from dataclasses import dataclass

MISSING = "missing"
REMOVED = "removed_in_shop"
CHANGED = "changed_in_shop"
WRONG = "wrong"
EXTRA = "extra"
DOUBLED = "doubled"
KINDS = {
    MISSING: "never arrived",
    REMOVED: "removed in the shop",
    CHANGED: "changed in the shop",
    WRONG: "not as it should be",
    EXTRA: "should be gone",
    DOUBLED: "in the shop more than once",
}
"""Each kind, in words."""
REPAIRABLE = frozenset({MISSING, REMOVED, WRONG, EXTRA})
"""What `migration repair` puts right; what somebody changed only when told to."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        field: `customer`, `email`, `first_name`, `last_name`, `phone`, `note`, `address`, `default_address`, `tag`,
            `metafield`, `order`, `order_total`, `order_date`, `order_customer`.
        kind: One of `KINDS`.
        key: Which one: a tag, a metafield's key, an address's place in the document, an order's Cratejoy id, the
            Shopify id of a doubled customer. Empty where there is one only.
    """

    field: str
    kind: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing a customer.

    Attributes:
        differences: What differs.
        explained: What is otherwise than the document for a reason on record, as `field: reason`.
    """

    differences: tuple[Difference, ...] = ()
    explained: tuple[str, ...] = ()
