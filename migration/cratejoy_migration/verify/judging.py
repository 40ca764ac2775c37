"""The verdict on each staged customer: in exactly one class, with the reason where there is one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cratejoy_migration.verify.differences import REMOVED, Compared, Difference

LOADED, MERGED, REFUSED, PENDING, DIFFERENT, ORPHAN = "loaded", "merged", "refused", "pending", "different", "orphan"
LEFT_OUT = "left out"
CLASSES = (LOADED, MERGED, REFUSED, PENDING, DIFFERENT, LEFT_OUT, ORPHAN)
"""Where a staged row can be, in the order in which they are told; customers are never left out or orphans."""
NEVER_SENT = "not sent yet"
UNSEEN = "sent, and nobody has seen the answer"
CHANGED_SINCE = "changed at Cratejoy since it was sent"
BESIDE = "shares its Shopify customer with one that still has to go"
NOWHERE = "recorded as sent, without a Shopify customer"


@dataclass(frozen=True, slots=True)
class Pair:
    """A staged customer beside what the ledger says of it.

    Attributes:
        id: Cratejoy id.
        lead: Lowest id of those who share its Shopify customer.
        status: By the ledger; None when it was never sent.
        reason: Repairs or refusal.
        origin: created, adopted or merged.
        shopify_id: GID.
        changed: Its document is not the one that was sent.
    """

    id: int
    lead: int
    status: str | None
    reason: str | None
    origin: str | None
    shopify_id: str | None
    changed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a staged customer.

    Attributes:
        id: Cratejoy id.
        verdict: One of `CLASSES`.
        reason: Of a refusal, or why it is pending.
        shopify_id: GID.
        differences: What differs.
        explained: What is otherwise for a reason on record.
    """

    id: int
    verdict: str
    reason: str | None = None
    shopify_id: str | None = None
    differences: tuple[Difference, ...] = ()
    explained: tuple[str, ...] = ()


def unsent(pair: Pair) -> Verdict | None:
    """Return the verdict on a customer that cannot be compared; None when it can."""
    reason = _why_pending(pair)
    if reason:
        return Verdict(pair.id, PENDING, reason, pair.shopify_id)
    if pair.status == "refused":
        return Verdict(pair.id, REFUSED, pair.reason or "no reason recorded", pair.shopify_id)
    return None


def beside_unsent(pairs: Sequence[Pair]) -> list[Verdict]:
    """Return the verdicts on customers that cannot be compared because others of theirs still have to go."""
    return [Verdict(pair.id, PENDING, BESIDE, pair.shopify_id) for pair in pairs]


def gone(pairs: Sequence[Pair]) -> list[Verdict]:
    """Return the verdicts on customers whose Shopify customer is not there any more."""
    return judged(pairs, Compared((Difference("customer", REMOVED),)))


def judged(pairs: Sequence[Pair], compared: Compared) -> list[Verdict]:
    """Return the verdicts on customers that share a Shopify customer which was compared."""
    return [
        Verdict(
            pair.id,
            DIFFERENT if compared.differences else (MERGED if pair.origin == "merged" else LOADED),
            None,
            pair.shopify_id,
            compared.differences,
            compared.explained,
        )
        for pair in pairs
    ]


def doubled(verdict: Verdict, others: Sequence[str]) -> Verdict:
    """Return the verdict on a customer who is in the shop more than once.

    Args:
        verdict: As it would be.
        others: Numbers of the Shopify customers that carry its id as well.
    """
    more = tuple(Difference("customer", "doubled", number) for number in others)
    return replace(verdict, verdict=DIFFERENT, differences=(*verdict.differences, *more))


def _why_pending(pair: Pair) -> str | None:
    if pair.status is None:
        return NEVER_SENT
    if pair.status == "unknown":
        return UNSEEN
    if pair.changed:
        return CHANGED_SINCE
    return NOWHERE if pair.status != "refused" and pair.shopify_id is None else None
