"""Changes of an order: update, cancel, close, open, pay, delete, and whose it is."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.addresses import read_address
from cratejoy_sandbox.shopify.customers.record import KIND as CUSTOMER
from cratejoy_sandbox.shopify.customers.record import customer_of, note_order
from cratejoy_sandbox.shopify.customers.rules import (
    clean_email,
    clean_phone,
    clean_tags,
    email_problems,
    phone_problems,
)
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.owners import inline_metafields, remove_of_owner
from cratejoy_sandbox.shopify.orders.buyers import spent
from cratejoy_sandbox.shopify.orders.money import Money, bag
from cratejoy_sandbox.shopify.orders.record import KIND, order_of, remove, save
from cratejoy_sandbox.shopify.orders.rules import tag_problems
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation, node, tables
from cratejoy_sandbox.shopify.schema import SUPPORTED
from cratejoy_sandbox.shopify.simulator import Simulator

UNKNOWN = "Order does not exist"
FREED = 5.0
"""Seconds of shop time after which a deleted order no longer keeps its customer from being deleted: more than one call
was needed live, how long is inferred."""
WORDS = {"lastName": "Enter a last name", "zip": "Enter a ZIP code"}
tables("CREATE TABLE IF NOT EXISTS order_releases (customer INTEGER, amount TEXT, at REAL);")


@mutation("orderUpdate")
def order_update(call: Call, args: Args) -> Payload:
    """Change the fields that are sent; on an error the order is returned unchanged (seen live)."""
    sent = {key: value for key, value in args["input"].items() if key != "id"}
    order = order_of(call, args["input"]["id"])
    if order is None:
        raise refuse(["id"], UNKNOWN)
    if not sent:
        raise Refused(user_error(None, "No valid update parameters have been provided"), order=order)
    problems = _update_problems(sent)
    if problems:
        raise Refused(*problems, order=order)
    _apply(call, order, sent)
    save(call, order)
    inline_metafields(call, gid(KIND, order["id"]), sent.get("metafields") or [])
    return Payload(order=order)


def _update_problems(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[Any] = list(tag_problems(sent.get("tags") or []))
    email, phone = clean_email(sent.get("email")), clean_phone(sent.get("phone"))
    found += email_problems(email) if email else []
    found += phone_problems(phone) if phone else []
    found += _address_problems(sent["shippingAddress"]) if sent.get("shippingAddress") else []
    return [user_error(field, message) for field, message, _ in found]


def _address_problems(sent: Mapping[str, Any]) -> list[tuple[list[str], str, str]]:
    """An address of an order is checked more strictly here than when the order is created (seen live)."""
    at = "shippingAddress"
    found = [([at, key], text, "INVALID") for key, text in WORDS.items() if not (sent.get(key) or "").strip()]
    address, problems = read_address(sent, {"firstName": None, "lastName": None})
    for field, message, code in problems:
        text = message
        if field == ["province"] and address["countryCodeV2"] == "US":
            text = "State is not a valid state in United States"
        found.append(([at, *field], text, code))
    return found


def _apply(call: Call, order: Entity, sent: Mapping[str, Any]) -> None:
    clean: dict[str, Any] = {"email": clean_email, "phone": clean_phone, "tags": lambda tags: clean_tags(tags or [])}
    for key in ("email", "phone", "note", "poNumber", "tags", "customAttributes"):
        if key in sent:
            order[key] = clean[key](sent[key]) if key in clean else sent[key]
    if sent.get("shippingAddress"):
        address, _ = read_address(sent["shippingAddress"], {"firstName": None, "lastName": None})
        order["shippingAddress"] = {"id": call.store.new_id(), **address}


@mutation("orderDelete")
def order_delete(call: Call, args: Args) -> Payload:
    """Remove an order; its customer is free only a while later (seen live)."""
    order = _wanted(call, args["orderId"])
    remove(call, order)
    remove_of_owner(call, KIND, order["id"])
    if order["customer"]:
        release = (order["customer"], spent(order), time.time() + call.clock.real(FREED))
        call.store.execute("INSERT INTO order_releases VALUES (?, ?, ?)", release)
    return Payload(deletedId=gid(KIND, order["id"]))


def release_customers(call: Call) -> bool:
    """Take deleted orders off their customers' counts when it is time; True when there were any."""
    due = call.store.execute(
        "SELECT rowid, customer, amount FROM order_releases WHERE at <= ?", (time.time(),)
    ).fetchall()
    for number, customer, amount in due:
        note_order(call, customer, orders=-1, amount=f"-{amount}")
        call.store.execute("DELETE FROM order_releases WHERE rowid = ?", (number,))
    return bool(due)


def system_call(simulator: Simulator) -> Call:
    """A call that nobody asked for."""
    return Call(simulator, SUPPORTED[0], simulator.settings.scopes)


@mutation("orderCancel")
def order_cancel(call: Call, args: Args) -> Payload:
    """Cancel an order; what is paid is not refunded here."""
    order = order_of(call, args["orderId"])
    if order is None:
        raise _not_canceled(["orderId"], UNKNOWN, "NOT_FOUND")
    if len(args.get("staffNote") or "") > 255:
        raise _not_canceled(["staffNote"], "Staff note is too long. Maximum length is 255 characters.")
    if args.get("refund") is not None and args.get("refundMethod") is not None:
        raise _not_canceled(["refund"], "Only one of the arguments `refund` or `refund_method` is allowed.")
    if order["cancelledAt"]:
        raise _not_canceled(["orderId"], "Cannot cancel an order that has already been canceled")
    _cancel(call, order, args["reason"])
    if args.get("notifyCustomer"):
        call.mail("orderCancel notifyCustomer")
    return Payload(job={"id": f"gid://shopify/Job/{secrets.token_hex(16)}", "done": False})


def _not_canceled(field: list[str], message: str, code: str = "INVALID") -> Refused:
    """The same error in the field of today and in the deprecated one."""
    return Refused(user_error(field, message, code), userErrors=[user_error(field, message)])


def _cancel(call: Call, order: Entity, reason: str) -> None:
    now = call.clock.now()
    nothing = bag(Money(), (order["currencyCode"], order["presentmentCurrencyCode"]))
    order |= {"cancelledAt": now, "closedAt": now, "cancelReason": reason}
    order |= {"totalOutstandingSet": nothing, "currentTotalPriceSet": nothing, "totalCapturableSet": nothing}
    if order["displayFinancialStatus"] in {"AUTHORIZED", "PENDING"}:
        order["displayFinancialStatus"] = "VOIDED"
    save(call, order)


@node("Job")
def job(_: Call, identifier: str) -> Entity | None:
    """A job, which is always done by now."""
    return {"id": identifier, "done": True, "query": None}


@mutation("orderCustomerSet")
def order_customer_set(call: Call, args: Args) -> Payload:
    """Make an order another customer's."""
    order, customer = _wanted(call, args["orderId"]), customer_of(call, args["customerId"])
    if customer is None:
        raise refuse(["customerId"], "Customer does not exist", "NOT_FOUND")
    return Payload(order=_hand_over(call, order, customer["id"]))


@mutation("orderCustomerRemove")
def order_customer_remove(call: Call, args: Args) -> Payload:
    """Make an order nobody's."""
    return Payload(order=_hand_over(call, _wanted(call, args["orderId"]), None))


def _hand_over(call: Call, order: Entity, customer: int | None) -> Entity:
    if order["customer"] and call.store.get(CUSTOMER, order["customer"]):
        note_order(call, order["customer"], orders=-1, amount=f"-{spent(order)}")
    if customer:
        note_order(call, customer, orders=1, amount=spent(order))
    order["customer"] = customer
    return save(call, order)


@mutation("orderClose")
def order_close(call: Call, args: Args) -> Payload:
    """Archive an order."""
    return _set_closed(call, args["input"]["id"], close=True)


@mutation("orderOpen")
def order_open(call: Call, args: Args) -> Payload:
    """Take an order out of the archive."""
    return _set_closed(call, args["input"]["id"], close=False)


def _set_closed(call: Call, identifier: str, *, close: bool) -> Payload:
    order = order_of(call, identifier)
    if order is None:
        raise refuse(["id"], UNKNOWN)
    if bool(order["closedAt"]) != close:
        order["closedAt"] = call.clock.now() if close else None
        save(call, order)
    return Payload(order=order)


@mutation("orderMarkAsPaid")
def order_mark_as_paid(call: Call, args: Args) -> Payload:
    """Note a manual payment of all that is left."""
    order = order_of(call, args["input"]["id"])
    if order is None:
        raise refuse(["id"], UNKNOWN)
    if order["displayFinancialStatus"] == "PAID" or order["cancelledAt"]:
        raise Refused(user_error(["id"], "Order cannot be marked as paid."), order=order)
    now, left = call.clock.now(), order["totalOutstandingSet"]
    payment = {"id": call.store.new_id(), "kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": left}
    order["payments"].append(
        {**payment, "test": False, "authorizationCode": None, "createdAt": now, "processedAt": now}
    )
    order |= {"displayFinancialStatus": "PAID", "totalReceivedSet": order["totalPriceSet"]}
    order |= {"netPaymentSet": order["totalPriceSet"]}
    order["totalOutstandingSet"] = bag(Money(), (order["currencyCode"], order["presentmentCurrencyCode"]))
    return Payload(order=save(call, order))


def _wanted(call: Call, identifier: str) -> Entity:
    order = order_of(call, identifier)
    if order is None:
        raise refuse(["orderId"], UNKNOWN, "NOT_FOUND")
    return order
