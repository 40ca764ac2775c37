"""All tables by name, their indexes, and what is known of each column."""

import typing
from dataclasses import dataclass
from functools import cache
from typing import Any

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
from cratejoy_sandbox.cratejoy.tables.orders import (
    Cart,
    CartCoupon,
    CartProduct,
    Order,
    OrderMetadata,
    Transaction,
)
from cratejoy_sandbox.cratejoy.tables.shipments import Fulfillment, Shipment, ShipmentBatch, ShipmentLabel
from cratejoy_sandbox.cratejoy.tables.subscriptions import (
    ProductSurveyResult,
    Subscription,
    SubscriptionCoupon,
    SubscriptionGiftInfo,
    SubscriptionMetadata,
)

TABLES: dict[str, Any] = {
    "customers": Customer,
    "addresses": Address,
    "customer_metadata": CustomerMetadata,
    "subscription_metadata": SubscriptionMetadata,
    "order_metadata": OrderMetadata,
    "subscriptions": Subscription,
    "subscription_gift_infos": SubscriptionGiftInfo,
    "subscription_coupons": SubscriptionCoupon,
    "orders": Order,
    "cart_products": CartProduct,
    "cart_coupons": CartCoupon,
    "carts": Cart,
    "transactions": Transaction,
    "shipments": Shipment,
    "fulfillments": Fulfillment,
    "shipment_labels": ShipmentLabel,
    "product_billings": ProductBilling,
    "terms": Term,
    "products": Product,
    "product_instances": ProductInstance,
    "term_prices": TermPrice,
    "inventory": Inventory,
    "shipment_batches": ShipmentBatch,
    "product_survey_results": ProductSurveyResult,
    "hooks": Hook,
    "page_redirects": PageRedirect,
}

# What the server looks rows up by. The index on the id alone is narrow: OFFSET walks it, not the wide rows.
INDEXES: dict[str, tuple[str, ...]] = {
    "customers": ("id", "email"),
    "addresses": ("customer_id",),
    "customer_metadata": ("customer_id", "updated_at"),
    "subscription_metadata": ("subscription_id",),
    "order_metadata": ("order_id",),
    "subscriptions": ("id", "customer_id", "start_date"),
    "subscription_gift_infos": ("subscription_id",),
    "subscription_coupons": ("subscription_id",),
    "orders": ("id", "customer_id", "placed_at"),
    "cart_products": ("order_id", "subscription_id"),
    "cart_coupons": ("order_id",),
    "carts": ("id", "customer_id"),
    "transactions": ("id", "order_id", "created_at"),
    "shipments": ("id", "customer_id", "subscription_id", "created_at", "shipped_at"),
    "fulfillments": ("shipment_id", "order_id", "subscription_id"),
    "shipment_labels": ("shipment_id",),
    "product_survey_results": ("id", "subscription_id"),
}


@dataclass(frozen=True)
class Column:
    """What a filter and a fault have to know of a column."""

    name: str
    kind: str
    nullable: bool
    names: dict[str, int] | None = None


@cache
def columns(table: str) -> dict[str, Column]:
    """Describe the columns of a table, in their order."""
    hints = typing.get_type_hints(TABLES[table], include_extras=True)
    return {name: _column(name, hint) for name, hint in hints.items()}


def _column(name: str, hint: Any) -> Column:
    arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    annotated = hasattr(hint, "__metadata__")
    nullable = not annotated and len(arms) != len(typing.get_args(hint))
    inner = arms[0] if nullable else hint
    mark = getattr(inner, "__metadata__", (None,))[0]
    if isinstance(mark, dict):
        return Column(name, "enum", nullable, mark)
    return Column(name, mark or inner.__name__, nullable)
