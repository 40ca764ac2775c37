"""Whose an order is, and what the order does to its customer (schema, and recorded live answers)."""

import copy
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.addresses import numbered, same
from cratejoy_sandbox.shopify.customers.record import KIND, by_email, by_phone, customer_of, note_order, save
from cratejoy_sandbox.shopify.customers.rules import clean_email, clean_phone
from cratejoy_sandbox.shopify.customers.writing import customer_create, customer_update
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.registry import Entity

Sent = Mapping[str, Any]
UNKNOWN = "Customer does not exist"


def buyer_of(call: Call, order: Sent) -> Entity | None:
    """The customer of an order: named, upserted, or made from its e-mail address."""
    asked = order.get("customer") or {}
    if order.get("customerId"):
        return _named(call, order["customerId"], ["order", "customerId"])
    if asked.get("toAssociate"):
        return _associated(call, asked["toAssociate"])
    if asked.get("toUpsert"):
        return _upserted(call, asked["toUpsert"])
    email = clean_email(order.get("email"))
    return (by_email(call, email) or _made(call, {"email": email})) if email else None


def _named(call: Call, identifier: str, field: list[str]) -> Entity:
    customer = customer_of(call, identifier)
    if customer is None:
        raise refuse(field, UNKNOWN, "INVALID")
    return customer


def _associated(call: Call, asked: Sent) -> Entity:
    field = ["order", "customer", "toAssociate"]
    if asked.get("id"):
        return _named(call, asked["id"], [*field, "id"])
    customer = by_email(call, clean_email(asked.get("email")) or "")
    if customer is None:
        raise refuse([*field, "email"], UNKNOWN, "INVALID")
    return customer


def _upserted(call: Call, asked: Sent) -> Entity:
    """Change the customer that has the id, e-mail address or phone number; else make one."""
    sent = {key: value for key, value in asked.items() if value is not None}
    if sent.get("id"):
        found: Entity | None = _named(call, sent["id"], ["order", "customer", "toUpsert", "id"])
    else:
        found = by_email(call, clean_email(sent.get("email")) or "") or by_phone(
            call, clean_phone(sent.get("phone")) or ""
        )
    if found is None:
        return _made(call, sent)
    return _as_order_error(lambda: customer_update(call, {"input": {**sent, "id": gid(KIND, found["id"])}}))


def _made(call: Call, sent: Sent) -> Entity:
    return _as_order_error(lambda: customer_create(call, {"input": sent}))


def _as_order_error(change: Any) -> Entity:
    """A customer mutation whose errors become those of the order."""
    try:
        customer: Entity = change()["customer"]
    except Refused as refused:
        problems = [
            user_error(["order", "customer", "toUpsert", *(error["field"] or [])], error["message"], "INVALID")
            for error in refused.errors
        ]
        raise Refused(*problems) from None
    return customer


def leave_traces(call: Call, customer: Entity, order: Entity) -> None:
    """The order's address becomes the default one, its names and e-mail address fill empty ones."""
    before = copy.deepcopy(customer)
    address = order["shippingAddress"] or order["billingAddress"]
    if address:
        _make_default(call, customer, address)
        if not customer["firstName"] and not customer["lastName"]:
            customer["firstName"], customer["lastName"] = address["firstName"], address["lastName"]
    if not customer["email"] and order["email"] and not by_email(call, order["email"]):
        customer["email"] = order["email"]
    if customer != before:
        save(call, customer, before)
    note_order(call, customer["id"], orders=1, amount=spent(order))


def spent(order: Entity) -> str:
    """What an order adds to its customer's amountSpent: its price once it is paid, else what was received."""
    paid = order["displayFinancialStatus"] in {"PAID", "PARTIALLY_REFUNDED"}
    name = "totalPriceSet" if paid else "totalReceivedSet"
    return str(order[name]["shopMoney"]["amount"])


def _make_default(call: Call, customer: Entity, address: Entity) -> None:
    known = next((other for other in customer["addresses"] if same(other, address)), None)
    if known is None:
        known = numbered(call, {key: value for key, value in address.items() if key != "id"})
        customer["addresses"].append(known)
    customer["default_address"] = known["id"]
