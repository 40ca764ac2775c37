"""Orders that were made in the shop against the orders of the documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from target_shopify.mapping.member import Member
from target_shopify.mapping.orders import order_total
from target_shopify.mapping.values import identifier, moment, money

from cratejoy_migration.verify.compare import GIVEN_UP, Verdict
from cratejoy_migration.verify.differences import MISSING, WRONG, Difference

AHEAD = "in the future, so Shopify took the day it was made"
"""Platform fact (schema): from 2026-07 a later `processedAt` is taken for now."""
_REFUSED = re.compile(r"\border (\d+) refused")


@dataclass(frozen=True, slots=True)
class Placed:
    """An order as the shop has it: its customer's GID, total, ISO code, when it was processed, made (RFC 3339 UTC)."""

    customer: str | None
    amount: Decimal
    currency: str
    processed_at: str | None
    created_at: str | None = None


def compare_orders(
    members: Sequence[Member], there: Mapping[int, Placed], owner: str, currency: str, reasons: Sequence[str]
) -> Iterator[Verdict]:
    """Yield what differs in the orders of a customer's documents, and what is otherwise for a reason.

    Args:
        members: The documents.
        there: Orders of the shop by Cratejoy id.
        owner: GID of the customer.
        currency: ISO code of Cratejoy's amounts.
        reasons: What the ledger says of the documents: refused orders are named there.
    """
    refused = {int(number) for reason in reasons for number in _REFUSED.findall(reason)}
    for order in (order for member in members for order in member.source_orders):
        number = identifier(order.get("id"))
        if number is None or number in refused:
            yield f"order: {GIVEN_UP}"
        elif number not in there:
            yield Difference("order", MISSING, str(number))
        else:
            yield from _compare(order, str(number), there[number], owner, currency)


def _compare(order: Mapping[str, Any], number: str, there: Placed, owner: str, currency: str) -> Iterator[Verdict]:
    if there.customer != owner:
        yield Difference("order_customer", WRONG, number)
    if (there.amount, there.currency) != (Decimal(money(order_total(order), currency)), currency):
        yield Difference("order_total", WRONG, number)
    placed_at = moment(order.get("placed_at"))
    if placed_at is not None and there.processed_at != placed_at:
        ahead = there.created_at is not None and placed_at > there.created_at
        yield f"order_date: {AHEAD}" if ahead else Difference("order_date", WRONG, number)
