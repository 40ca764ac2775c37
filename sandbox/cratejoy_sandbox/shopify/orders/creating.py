"""orderCreate."""

import time
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.owners import inline_metafields
from cratejoy_sandbox.shopify.orders.building import build
from cratejoy_sandbox.shopify.orders.buyers import buyer_of, leave_traces
from cratejoy_sandbox.shopify.orders.record import KIND, save
from cratejoy_sandbox.shopify.orders.rules import order_problems
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation

DEVELOPMENT_RATE = 5
"""Orders that a development store may create in a minute (schema)."""
TOO_MANY = "Too many attempts. Please try again later."


@mutation("orderCreate")
def order_create(call: Call, args: Args) -> Payload:
    """A new order with its customer, totals and metafields; or nothing at all."""
    sent, options = args["order"], args.get("options") or {}
    _check_rate(call)
    order = create(call, sent)
    _count_mails(call, sent, options)
    return Payload(order=order)


def create(call: Call, sent: Mapping[str, Any]) -> Entity:
    """Check, build, store; and let the order leave its traces on the customer."""
    problems = order_problems(call, sent)
    if problems:
        raise Refused(*(user_error(["order", *field], text, code) for field, text, code in problems))
    customer = buyer_of(call, sent)
    order = build(call, sent)
    if customer:
        order["customer"] = customer["id"]
        order["email"] = order["email"] or customer["email"]
    save(call, order)
    _write_metafields(call, order, sent.get("metafields") or [])
    if customer:
        leave_traces(call, customer, order)
    return order


def _check_rate(call: Call) -> None:
    """Refuse the sixth order of a minute in a development store."""
    if not call.settings.plan.development:
        return
    now = time.time()
    sql = "SELECT COUNT(*) FROM order_times WHERE at > ?"
    row = call.store.execute(sql, (now - call.clock.real(60),)).fetchone()
    if row[0] >= DEVELOPMENT_RATE:
        raise refuse(None, TOO_MANY)
    call.store.execute("INSERT INTO order_times VALUES (?)", (now,))


def _write_metafields(call: Call, order: Entity, entries: list[Mapping[str, Any]]) -> None:
    """Metafields in the order's input; their errors are the order's."""
    try:
        inline_metafields(call, gid(KIND, order["id"]), entries)
    except Refused as refused:
        problems = [user_error(["order", *error["field"]], error["message"], "INVALID") for error in refused.errors]
        raise Refused(*problems) from None


def _count_mails(call: Call, sent: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Note what would send mail to the buyer."""
    if options.get("sendReceipt"):
        call.mail("orderCreate sendReceipt")
    if options.get("sendFulfillmentReceipt"):
        call.mail("orderCreate sendFulfillmentReceipt")
    if (sent.get("fulfillment") or {}).get("notifyCustomer"):
        call.mail("orderCreate notifyCustomer")
