"""The tables of a store: one named tuple a table, which the generator fills and the server reads."""

from cratejoy_sandbox.cratejoy.tables.catalogue import (
    Hook,
    Inventory,
    PageRedirect,
    Product,
    ProductBilling,
    ProductInstance,
    Term,
    TermPrice,
)
from cratejoy_sandbox.cratejoy.tables.customers import Address, Customer, CustomerMetadata
from cratejoy_sandbox.cratejoy.tables.kinds import STORE_ID
from cratejoy_sandbox.cratejoy.tables.orders import (
    Cart,
    CartCoupon,
    CartProduct,
    Order,
    OrderMetadata,
    Transaction,
)
from cratejoy_sandbox.cratejoy.tables.schema import INDEXES, TABLES, Column, columns
from cratejoy_sandbox.cratejoy.tables.shipments import Fulfillment, Shipment, ShipmentBatch, ShipmentLabel
from cratejoy_sandbox.cratejoy.tables.subscriptions import (
    ProductSurveyResult,
    Subscription,
    SubscriptionCoupon,
    SubscriptionGiftInfo,
    SubscriptionMetadata,
)

__all__ = [
    "INDEXES",
    "STORE_ID",
    "TABLES",
    "Address",
    "Cart",
    "CartCoupon",
    "CartProduct",
    "Column",
    "Customer",
    "CustomerMetadata",
    "Fulfillment",
    "Hook",
    "Inventory",
    "Order",
    "OrderMetadata",
    "PageRedirect",
    "Product",
    "ProductBilling",
    "ProductInstance",
    "ProductSurveyResult",
    "Shipment",
    "ShipmentBatch",
    "ShipmentLabel",
    "Subscription",
    "SubscriptionCoupon",
    "SubscriptionGiftInfo",
    "SubscriptionMetadata",
    "Term",
    "TermPrice",
    "Transaction",
    "columns",
]
