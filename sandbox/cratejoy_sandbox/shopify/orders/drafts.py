"""draftOrderCreate, draftOrderComplete and reading: the way to an order without a date of its own."""

from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import customer_of
from cratejoy_sandbox.shopify.customers.rules import clean_email, clean_tags
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid, number_of
from cratejoy_sandbox.shopify.metafields.owners import inline_metafields, remove_of_owner
from cratejoy_sandbox.shopify.orders.building import build
from cratejoy_sandbox.shopify.orders.creating import create
from cratejoy_sandbox.shopify.orders.record import KIND as ORDER
from cratejoy_sandbox.shopify.orders.rules import tag_problems
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, field, mutation, node, query

KIND = "DraftOrder"
SHOWN = ("currencyCode", "presentmentCurrencyCode", "subtotalPriceSet", "totalPriceSet", "totalTaxSet", "taxLines")


@node(KIND)
def draft_node(call: Call, identifier: str) -> Entity | None:
    """A draft order by global id."""
    return call.store.get(KIND, number_of(identifier, KIND))


@query("draftOrder")
def draft_order(call: Call, args: Args) -> Entity | None:
    """A draft order by global id, or null."""
    found: Entity | None = draft_node(call, args["id"])
    return found


@query("draftOrders")
def draft_orders(call: Call, args: Args) -> Entity:
    """All draft orders by page; searches are not modelled."""
    return connection(list(call.store.walk(KIND)), args)


@mutation("draftOrderCreate")
def draft_order_create(call: Call, args: Args) -> Payload:
    """A draft: lines, customer, address, tags, metafields."""
    sent = args["input"]
    found = tag_problems(sent.get("tags") or [])
    if found:
        raise Refused(*(user_error(at, message) for at, message, _ in found))
    if not sent.get("lineItems"):
        raise refuse(None, "Add at least 1 product")
    draft = _draft(call, sent)
    call.store.put(KIND, draft["id"], draft)
    inline_metafields(call, gid(KIND, draft["id"]), sent.get("metafields") or [])
    return Payload(draftOrder=draft)


@mutation("draftOrderComplete")
def draft_order_complete(call: Call, args: Args) -> Payload:
    """Make the order of a draft: paid, unless payment is pending."""
    draft = draft_node(call, args["id"])
    if draft is None:
        raise refuse(["id"], "Draft order does not exist")
    if draft["status"] == "COMPLETED":
        raise Refused(user_error(None, "This order has been paid"), draftOrder=draft)
    status = "PENDING" if args.get("paymentPending") else "PAID"
    order = create(call, {**draft["order_input"], "financialStatus": status})
    draft |= {"status": "COMPLETED", "order": order["id"], "completedAt": call.clock.now()}
    call.store.put(KIND, draft["id"], draft)
    return Payload(draftOrder=draft)


@mutation("draftOrderDelete")
def draft_order_delete(call: Call, args: Args) -> Payload:
    """Remove a draft."""
    draft = draft_node(call, args["input"]["id"])
    if draft is None:
        raise refuse(["id"], "Draft order does not exist")
    call.store.remove(KIND, draft["id"])
    remove_of_owner(call, KIND, draft["id"])
    return Payload(deletedId=gid(KIND, draft["id"]))


def _draft(call: Call, sent: Mapping[str, Any]) -> Entity:
    wanted = _order_input(call, sent)
    order = build(call, wanted)
    customer = (wanted.get("customer") or {}).get("toAssociate", {}).get("id")
    if customer and customer_of(call, customer) is None:
        raise refuse(["input", "customerId"], "Customer does not exist")
    return {
        "id": order["id"],
        "name": f"#D{call.store.count(KIND) + 1}",
        "status": "OPEN",
        "order_input": wanted,
        "order": None,
        "customer": number_of(customer, "Customer") if customer else None,
        "email": clean_email(sent.get("email")),
        "note2": sent.get("note"),
        "tags": clean_tags(list(sent.get("tags") or [])),
        "shippingAddress": order["shippingAddress"],
        "createdAt": call.clock.now(),
        "updatedAt": call.clock.now(),
        "completedAt": None,
        "invoiceSentAt": None,
        "ready": True,
        "lines": order["lines"],
        **{name: order[name] for name in SHOWN},
    }


def _order_input(call: Call, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What orderCreate would be given."""
    kept = ("email", "note", "phone", "poNumber", "shippingAddress", "billingAddress", "tags", "metafields")
    who = (sent.get("purchasingEntity") or {}).get("customerId") or sent.get("customerId")
    wanted = {key: sent[key] for key in kept if sent.get(key)}
    wanted["lineItems"] = [_line(call, line) for line in sent["lineItems"]]
    if who:
        wanted["customer"] = {"toAssociate": {"id": who}}
    return wanted


def _line(call: Call, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line; one with a variant takes price and title from it, whatever was sent."""
    kept = {key: line[key] for key in ("quantity", "sku", "requiresShipping", "taxable") if line.get(key) is not None}
    if line.get("variantId"):
        return {"quantity": line["quantity"], "variantId": line["variantId"]}
    money = line.get("originalUnitPriceWithCurrency") or {}
    amount = money.get("amount") or line.get("originalUnitPrice") or "0"
    currency = money.get("currencyCode") or call.settings.currency
    return {**kept, "title": line.get("title"), "priceSet": {"shopMoney": {"amount": amount, "currencyCode": currency}}}


@field(KIND, "id")
def draft_id(draft: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(KIND, draft["id"])


@field(KIND, "order")
def draft_order_of(draft: Entity, call: Call, _: Args) -> Entity | None:
    """The order that was made of it."""
    return call.store.get(ORDER, draft["order"]) if draft["order"] else None


@field(KIND, "customer")
def draft_customer(draft: Entity, call: Call, _: Args) -> Entity | None:
    """Whose it is."""
    return call.store.get("Customer", draft["customer"]) if draft["customer"] else None


@field(KIND, "lineItems")
def draft_lines(draft: Entity, _: Call, args: Args) -> Entity:
    """Lines by page."""
    return connection(draft["lines"], args)


@field("DraftOrderLineItem", "id")
def draft_line_id(line: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid("DraftOrderLineItem", line["id"])
