"""What becomes of orders: made in the past, deleted again, and their customer after them."""

from __future__ import annotations

from typing import Any

from target_shopify.settings import Settings

from cratejoy_migration.pilot.workbench import Workbench, said
from cratejoy_migration.probe.findings import Finding, Verdict, compared, seconds, shopify

NEEDED = frozenset({"read_orders", "write_orders"})
_PLACED = "2020-01-15T12:00:00Z"
_KEY = "cj-pilot-order"


def on_orders(bench: Workbench, settings: Settings, currency: str, scopes: frozenset[str] | None) -> list[Finding]:
    """Try what concerns orders, on a customer of their own; none where the app has no right to orders."""
    if scopes is not None and not scopes >= NEEDED:
        return [_untried("the app has no right to orders")]
    gid, answer = bench.create(2, "cj-pilot-3")
    gid = gid or bench.find_by_key("cj-pilot-3")
    if gid is None:
        return [_untried(f"the customer for it was refused: {said(answer)}")]
    wanted = _order(gid, settings, currency)
    made = bench.send("OrderCreate", {"order": wanted})
    order = (made.value.get("order") or {}).get("id")
    found = [_made(order, said(made))]
    if order is None:
        return found
    if settings.orders == "create":
        found.append(_twice(bench, wanted))
    found.append(_kept(bench, gid))
    found.append(_deleted(bench, gid))
    return [*found, _customer_after(bench, gid)]


def _order(gid: str, settings: Settings, currency: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "customer": {"toAssociate": {"id": gid}},
        "processedAt": _PLACED,
        "test": True,
        "currency": currency,
        "financialStatus": "PAID",
        "tags": ["cj-pilot"],
        "lineItems": [
            {"title": "Pilot", "quantity": 1, "priceSet": {"shopMoney": {"amount": "1.00", "currencyCode": currency}}}
        ],
    }
    if settings.orders == "create":
        mark = {"namespace": settings.namespace, "key": "order_id", "type": "id", "value": _KEY}
        wanted["metafields"] = [mark]
    return wanted


def _untried(why: str) -> Finding:
    return shopify("orders in the past", "not tried", why, "made, and deleted again", Verdict.UNKNOWN)


def _made(order: str | None, words: str) -> Finding:
    return shopify(
        "orderCreate with this token",
        f"a test order of {_PLACED[:4]}",
        "made" if order else f"refused: {words}",
        "made",
        compared(bool(order), [True]),
        follows="" if order else "orders: create does not work here",
    )


def _twice(bench: Workbench, wanted: dict[str, Any]) -> Finding:
    answer = bench.send("OrderCreate", {"order": wanted})
    refused = not (answer.value.get("order") or {}).get("id")
    return shopify(
        "a second order with the same id metafield",
        "orderCreate again",
        f"refused: {said(answer)}" if refused else "made: orders can be doubled",
        "refused",
        compared(refused, [True]),
        prevents=not refused,
        follows="" if refused else "a repeated create would double orders: tell us before you migrate",
    )


def _kept(bench: Workbench, gid: str) -> Finding:
    customer = bench.read(gid)
    refused = bench.send("CustomerDelete", {"input": {"id": gid}}) if customer.get("canDelete") is False else None
    kept = refused is not None and bool(refused.errors)
    return shopify(
        "a customer with an order",
        "canDelete, and customerDelete where it says no",
        f"cannot be deleted: {said(refused)}" if kept and refused else "canDelete says that it can",
        "cannot be deleted",
        compared(kept, [True]),
    )


def _deleted(bench: Workbench, gid: str) -> Finding:
    nodes = (bench.read(gid).get("orders") or {}).get("nodes") or ()
    answers = [bench.send("OrderDelete", {"orderId": node["id"]}) for node in nodes]
    words = "; ".join(said(one) for one in answers if one.errors)
    good = bool(answers) and not words
    return shopify(
        "orderDelete",
        "on orders that the API made",
        "deleted" if good else f"refused: {words}" if words else "the customer's orders are not listed",
        "deleted",
        compared(good, [True]),
        follows="" if good else "a rollback cannot take orders back: try orders: history",
    )


def _customer_after(bench: Workbench, gid: str) -> Finding:
    answer, waited = bench.until(lambda: bench.delete(gid), lambda one: not one.errors, bench.removal_seconds)
    gone = not answer.errors
    return shopify(
        "customerDelete after the orders went",
        "again and again until it works",
        f"works after {seconds(waited)}" if gone else f"refused for {seconds(waited)}: {said(answer)}",
        "refused in the next call, works later",
        Verdict.NEW if gone else Verdict.DIFFERS,
        follows="" if gone else "a rollback leaves customers that had orders: run it again later",
        figures={"seconds": round(waited, 2), "deleted": gone},
    )
