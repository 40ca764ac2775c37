"""How lines and payments of an order are read, and the orders of a customer."""

from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND as CUSTOMER
from cratejoy_sandbox.shopify.orders.record import of_customer
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, field


@field(CUSTOMER, "orders")
def customer_orders(owner: Entity, call: Call, args: Args) -> Entity:
    """Orders of a customer by page."""
    return connection(list(of_customer(call, owner["id"])), args)


@field(CUSTOMER, "lastOrder")
def last_order(owner: Entity, call: Call, _: Args) -> Entity | None:
    """The newest order of a customer."""
    return max(of_customer(call, owner["id"]), key=lambda order: (order["processedAt"], order["id"]), default=None)


@field("LineItem", "name")
def line_name(line: Entity, _: Call, __: Args) -> str:
    """Title with the variant's."""
    return " - ".join(part for part in (line["title"], line["variantTitle"]) if part)


@field("LineItem", "currentQuantity", "refundableQuantity", "unfulfilledQuantity", "fulfillableQuantity")
def line_quantity(line: Entity, _: Call, __: Args) -> int:
    """All of it, as nothing is removed."""
    number: int = line["quantity"]
    return number


@field("LineItem", "variant")
def line_variant(line: Entity, call: Call, _: Args) -> Entity | None:
    """Variant of a line."""
    return call.store.get("ProductVariant", line["variant"]) if line["variant"] else None


@field("LineItem", "product")
def line_product(line: Entity, call: Call, _: Args) -> Entity | None:
    """Product of a line."""
    return call.store.get("Product", line["product"]) if line["product"] else None


@field("LineItem", "discountAllocations", "duties")
def line_lists(_: Entity, __: Call, ___: Args) -> list[Any]:
    """Not modelled: none."""
    return []


@field("LineItem", "contract", "image", "lineItemGroup", "sellingPlan", "staffMember", "weight")
def line_never(_: Entity, __: Call, ___: Args) -> None:
    """What an imported line has none of."""


@field("OrderTransaction", "parentTransaction", "paymentId", "errorCode", "location", "user")
def transaction_never(_: Entity, __: Call, ___: Args) -> None:
    """What an imported payment has none of."""
