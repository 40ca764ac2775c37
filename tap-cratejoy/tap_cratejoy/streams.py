"""The collections of the API: one small class each, with what is particular about it.

Enumerations come as text and, in some embedded objects and filters, as integers (Cratejoy docs: subscription, order,
transaction, shipment). Misspelt names stand in the documentation; the live API uses the others.
"""

from __future__ import annotations

from tap_cratejoy import children
from tap_cratejoy.stream import CratejoyStream


class Customers(CratejoyStream):
    """Buyers; no timestamps of any kind, so always read whole."""

    name = "customers"
    path = "/customers/"
    embed = "addresses,_md"
    relations = ("_md",)


class Subscriptions(CratejoyStream):
    """Current state of subscriptions; changes leave no mark, so always read whole."""

    name = "subscriptions"
    path = "/subscriptions/"
    relations = (
        "customer", "address", "billing", "term", "product", "product_instance", "subscription_gift_info", "_md",
    )  # fmt: skip
    aliases = {"instance": "product_instance"}
    enums = {
        "status": {
            1: "unpaid",
            2: "active",
            3: "cancelled",
            4: "suspended",
            5: "expired",
            6: "past_due",
            7: "pending_renewal",
            8: "renewing",
        }
    }


class Orders(CratejoyStream):
    """Orders and renewals; status and refunds change later without a mark, hence the lookback."""

    name = "orders"
    path = "/orders/"
    incremental_key = "placed_at"
    relations = ("customer", "bill_address", "ship_address", "cart")
    aliases = {"transaction_fes": "transaction_fee", "transaction_fees": "transaction_fee"}
    enums = {
        "status": {1: "open", 2: "closed"},
        "fulfillment_status": {1: "unfulfilled", 2: "partial", 3: "fulfilled"},
        "financial_status": {},
    }


class Products(CratejoyStream):
    """Products, deleted ones among them."""

    name = "products"
    path = "/products/"
    relations = ("billing",)
    enums = {"ship_option": {}}


class Transactions(CratejoyStream):
    """Payments and refunds; nearly append-only."""

    name = "transactions"
    path = "/transactions/"
    incremental_key = "created_at"
    relations = ("order",)
    enums = {"result": {1: "authorized", 2: "captured", 3: "failed", 4: "refunded", 5: "failed refund"}}


class Shipments(CratejoyStream):
    """Boxes; those of a prepaid term are created together, months before they ship, hence the second pass."""

    name = "shipments"
    path = "/shipments/"
    incremental_key = "created_at"
    changed_keys = ("shipped_at",)
    relations = ("customer", "ship_address", "batch", "label_batch", "_md")
    enums = {"status": {1: "unshipped", 2: "shipped", 3: "cancelled"}}


class Inventory(CratejoyStream):
    """Stock by product instance."""

    name = "inventory"
    path = "/inventory/"


class ShipmentBatches(CratejoyStream):
    """Groups of orders that ship together."""

    name = "shipment_batches"
    path = "/shipment_batches/"


class Carts(CratejoyStream):
    """Carts tied to an order or to an attempted checkout."""

    name = "carts"
    path = "/carts/"
    aliases = {"tax_prices": "tax_price"}
    selected_by_default = False


for _child, _parent in (
    (children.CustomerAddresses, Customers),
    (children.CustomerMetadata, Customers),
    (children.SubscriptionMetadata, Subscriptions),
    (children.SubscriptionCoupons, Subscriptions),
    (children.ProductSurveyResults, Subscriptions),
):
    _child.parent_stream_type = _parent

STREAMS: tuple[type[CratejoyStream], ...] = (
    Customers,
    Subscriptions,
    Orders,
    Products,
    Transactions,
    Shipments,
    Inventory,
    ShipmentBatches,
    Carts,
    children.CustomerAddresses,
    children.CustomerMetadata,
    children.SubscriptionMetadata,
    children.SubscriptionCoupons,
    children.ProductSurveyResults,
)
"""In the order they are read: all customers first."""
