"""How rows look in JSON: which columns of a table show, under which names, and what is nested in them.

After Cratejoy's object pages and public captures: embedded objects are summaries of the full ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cratejoy_sandbox.cratejoy.tables import STORE_ID, columns


@dataclass(frozen=True, eq=False)
class Shape:
    """One JSON form of the rows of a table."""

    table: str
    type: str | None = None
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    links: "Mapping[str, Link]" = field(default_factory=dict)
    url: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that show."""
        return self.shows or tuple(name for name in columns(self.table) if name not in self.hides)


@dataclass(frozen=True, eq=False)
class Link:
    """How to get from a row to the related rows: its column `here` equals their column `there`.

    With `through`, a third table holds the pairs: (table, column like `here`, column like `there`).
    """

    shape: Shape
    here: str = "id"
    there: str = "id"
    many: bool = False
    through: tuple[str, str, str] | None = None


def to_one(shape: Shape, here: str) -> Link:
    """The row that our column `here` names."""
    return Link(shape, here=here)


def to_many(shape: Shape, there: str) -> Link:
    """The rows whose column `there` names us."""
    return Link(shape, there=there, many=True)


STORE = {"store_id": STORE_ID}

CUSTOMER = Shape("customers", "customer", url="customers")
CUSTOMER_SUMMARY = Shape(
    "customers",
    "customer",
    shows=("country", "email", "first_name", "id", "last_name", "location", "name", "status"),
)
GIFT_SENDER = Shape("customers", shows=("id", "email", "first_name", "last_name", "location", "country"))
ADDRESS = Shape("addresses", "address", hides=("customer_id",))
CUSTOMER_METADATA = Shape("customer_metadata", fixed=STORE)
SUBSCRIPTION_METADATA = Shape("subscription_metadata", fixed=STORE)
ORDER_METADATA = Shape("order_metadata", fixed=STORE)

BILLING = Shape("product_billings", "product_billing", hides=("name",), fixed=STORE)
TERM = Shape("terms", "subscription_type_term", fixed={"images": []})
PRODUCT_NAME = Shape("products", shows=("id", "name", "deleted", "single_purchasable"))
PRODUCT_SUMMARY = Shape(
    "products",
    hides=("has_subscribers",),
    fixed={**STORE, "ship_option": 1},
)
INSTANCE_SUMMARY = Shape("product_instances", shows=("id", "name", "price", "product_id", "sku"))
TERM_PRICE = Shape("term_prices", "product_instance_subscription_type_term_price", hides=("product_instance_id",))
INSTANCE = Shape(
    "product_instances",
    "product_instance",
    hides=("name",),
    fixed={"images": [], "inventory": None, "variants": []},
    links={
        "product": to_one(PRODUCT_NAME, "product_id"),
        "term_prices": to_many(TERM_PRICE, "product_instance_id"),
    },
)
PRODUCT = Shape(
    "products",
    "product",
    hides=("display_order", "max_subs", "meta", "mp_visible", "subscribe_flow", "subscribe_flow_data"),
    fixed={**STORE, "images": []},
    url="products",
)

SUBSCRIPTION = Shape(
    "subscriptions",
    "subscription",
    hides=("customer_id", "address_id", "product_id", "product_instance_id", "term_id"),
    fixed=STORE,
    url="subscriptions",
)
SUBSCRIPTION_NESTED = Shape(
    "subscriptions",
    "subscription",
    shows=(
        "autorenew",
        "end_date",
        "id",
        "is_test",
        "product_billing_id",
        "skipped_date",
        "start_date",
        "status",
    ),
    fixed=STORE,
    links={
        "billing": to_one(BILLING, "product_billing_id"),
        "customer": to_one(CUSTOMER_SUMMARY, "customer_id"),
        "term": to_one(TERM, "term_id"),
    },
)
GIFT_INFO = Shape(
    "subscription_gift_infos",
    hides=("subscription_id", "customer_id"),
    links={"gift_sender": to_one(GIFT_SENDER, "customer_id")},
)
SUBSCRIPTION_COUPON = Shape("subscription_coupons", "subscription_coupon", hides=("subscription_id",))

ORDER = Shape("orders", "order", hides=("cart_id", "bill_address_id", "ship_address_id"), fixed=STORE, url="orders")
ORDER_NESTED = Shape(
    "orders",
    "order",
    shows=(
        "customer_id",
        "financial_status",
        "fulfillment_status",
        "gift_message",
        "id",
        "is_renewal",
        "is_test",
        "placed_at",
        "status",
        "total",
        "transaction_fee",
        "transaction_fee_status",
    ),
    fixed={**STORE, "received_gift": None, "sent_gift": None},
    links={
        "subscriptions": Link(SUBSCRIPTION_NESTED, many=True, through=("cart_products", "order_id", "subscription_id"))
    },
)
CART_PRODUCT = Shape(
    "cart_products",
    "cart_product",
    hides=("product_instance_id",),
    links={"instance": to_one(INSTANCE, "product_instance_id")},
)
CART_COUPON = Shape("cart_coupons", "cart_coupon")
CART = Shape("carts", "cart", fixed={**STORE, "tax_rates": []}, url="carts")
TRANSACTION = Shape(
    "transactions",
    "transaction",
    shows=("created_at", "id", "is_test", "result", "total"),
    url="transactions",
)

BATCH = Shape("shipment_batches", "shipment_batch", url="shipment_batches")
LABEL = Shape("shipment_labels", "shipment_label", hides=("shipment_id",), renames={"link": "url"})
FULFILLMENT = Shape(
    "fulfillments",
    "fulfillment",
    hides=("order_id", "product_instance_id"),
    links={
        "instance": to_one(INSTANCE, "product_instance_id"),
        "order": to_one(ORDER_NESTED, "order_id"),
    },
)
STATS = Shape("shipments", shows=("customer_cycle", "subscription_cycle", "has_addon"))
SHIPMENT = Shape(
    "shipments",
    "shipment",
    hides=(
        "subscription_id",
        "address_id",
        "batch_id",
        "billing_type",
        "customer_cycle",
        "subscription_cycle",
        "has_addon",
    ),
    url="shipments",
)

SIMPLE_ADDRESS = Shape("addresses", hides=("customer_id", "status", "status_message", "icon"))
SIMPLE_INSTANCE = Shape("product_instances", shows=("id", "product_id", "sku"))
SIMPLE_ORDER = Shape("orders", shows=("id", "order_gift_info"))
SIMPLE_FULFILLMENT = Shape(
    "fulfillments",
    shows=("fulfillment_date", "subscription_id"),
    links={
        "instance": to_one(SIMPLE_INSTANCE, "product_instance_id"),
        "order": to_one(SIMPLE_ORDER, "order_id"),
    },
)
SIMPLE_SHIPMENT = Shape(
    "shipments",
    shows=("adjusted_ordered_at", "customer_cycle", "id", "status", "subscription_cycle", "tracking_number"),
    renames={"customer_cycle": "cust_cycle", "subscription_cycle": "sub_cycle"},
    links={
        "batch": to_one(BATCH, "batch_id"),
        "fulfillments": to_many(SIMPLE_FULFILLMENT, "shipment_id"),
        "ship_address": to_one(SIMPLE_ADDRESS, "address_id"),
    },
)
