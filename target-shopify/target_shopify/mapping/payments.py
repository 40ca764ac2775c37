"""What was paid for an order and given back, as Shopify reads it."""

from __future__ import annotations

import re
from typing import Any

from target_shopify.mapping.rows import named
from target_shopify.mapping.values import Record, cents, flag, money

_GATEWAY = "Cratejoy"
_STATUSES = {
    "paid": "PAID",
    "closed": "PAID",
    "complete": "PAID",
    "unpaid": "PENDING",
    "pending": "PENDING",
    "authorized": "AUTHORIZED",
    "partially_paid": "PARTIALLY_PAID",
    "refunded": "REFUNDED",
    "fully_refunded": "REFUNDED",
    "partial_refund": "PARTIALLY_REFUNDED",
    "partially_refunded": "PARTIALLY_REFUNDED",
    "partial_refunded": "PARTIALLY_REFUNDED",
    "voided": "VOIDED",
    "void": "VOIDED",
    "failed": "VOIDED",
    "cancelled": "VOIDED",
    "canceled": "VOIDED",
    "declined": "VOIDED",
    "expired": "EXPIRED",
}
_SETTLED = frozenset({"PAID", "REFUNDED", "PARTIALLY_REFUNDED"})
_NOT_WORD = re.compile(r"[\W_]+")


def financial_status(order: Record, total: int) -> str | None:
    """Return the OrderCreateFinancialStatus of an order; money given back shows, whatever the status says.

    Args:
        order: Cratejoy order.
        total: Its total in the smallest unit.

    Returns:
        None when Cratejoy's status is not one we know: Shopify then derives it.
    """
    text = named(order.get("financial_status"), {}) or ""
    status = _STATUSES.get(_NOT_WORD.sub("_", text.casefold()).strip("_"))
    refunded = _refunded(order, total)
    if refunded and status in {None, *_SETTLED}:
        return "REFUNDED" if refunded >= total else "PARTIALLY_REFUNDED"
    return status


def transactions(
    order: Record, status: str | None, total: int, placed_at: str | None, currency: str
) -> list[dict[str, Any]]:
    """Return the payments of an order: the sale of its total, and what was given back of it.

    Args:
        order: Cratejoy order.
        status: As `financial_status` returned it.
        total: In the smallest unit.
        placed_at: RFC 3339 UTC, the time of the payment.
        currency: ISO code.
    """
    if not total or (status not in _SETTLED and status != "AUTHORIZED"):
        return []
    test = flag(order.get("is_test")) or False
    paid = _transaction("AUTHORIZATION" if status == "AUTHORIZED" else "SALE", total, currency, test=test)
    if placed_at:
        paid["processedAt"] = placed_at
    refunded = total if status == "REFUNDED" else _refunded(order, total)
    if status == "AUTHORIZED" or not refunded:
        return [paid]
    return [paid, _transaction("REFUND", refunded, currency, test=test)]


def _refunded(order: Record, total: int) -> int:
    return min(max(cents(order.get("refunded_amount")) or 0, 0), total)


def _transaction(kind: str, amount: int, currency: str, *, test: bool) -> dict[str, Any]:
    return {
        "kind": kind,
        "status": "SUCCESS",
        "gateway": _GATEWAY,
        "amountSet": {"shopMoney": {"amount": money(amount, currency), "currencyCode": currency}},
        "test": test,
    }
