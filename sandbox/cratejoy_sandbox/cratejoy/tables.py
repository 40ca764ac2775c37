"""The tables of a store: one named tuple a table, which the generator fills and the server reads.

The annotations say what SQLite and the filters have to know: `Moment` is a date-time as text
(`2026-03-14T16:16:06Z`), `Json` is JSON as text, an annotated dictionary is an enumeration with the
integers that Cratejoy's filters use. Money is in cents.
"""

import typing
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

STORE_ID = 4800001

Moment = Annotated[str, "moment"]
Json = Annotated[str, "json"]
SubscriptionStatus = Annotated[
    str,
    {
        "unpaid": 1,
        "active": 2,
        "cancelled": 3,
        "suspended": 4,
        "expired": 5,
        "past_due": 6,
        "pending_renewal": 7,
        "renewing": 8,
    },
]
OrderStatus = Annotated[str, {"open": 1, "closed": 2}]
FulfillmentStatus = Annotated[str, {"unfulfilled": 1, "partial": 2, "fulfilled": 3}]
Result = Annotated[str, {"authorized": 1, "captured": 2, "failed": 3, "refunded": 4, "failed_refund": 5}]
ShipmentStatus = Annotated[str, {"unshipped": 1, "shipped": 2, "cancelled": 3}]


class Customer(NamedTuple):
    id: int
    country: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    location: str | None
    name: str | None
    note: str | None
    num_orders: int
    num_subscriptions: int
    subscription_status: str | None
    total_revenue: int
    status: str | None = None
    store_settings: str | None = None


class Address(NamedTuple):
    id: int
    customer_id: int
    to: str | None
    street: str | None
    unit: str | None
    city: str | None
    state: str | None
    zip_code: str | None
    country: str | None
    company: str | None
    phone_number: str | None
    status: int
    status_message: str | None
    icon: str | None


class CustomerMetadata(NamedTuple):
    id: int
    customer_id: int
    data: Json
    created_at: Moment
    updated_at: Moment


class SubscriptionMetadata(NamedTuple):
    id: int
    subscription_id: int
    data: Json
    created_at: Moment
    updated_at: Moment


class OrderMetadata(NamedTuple):
    id: int
    order_id: int
    data: Json
    created_at: Moment
    updated_at: Moment


class Subscription(NamedTuple):
    id: int
    customer_id: int
    address_id: int | None
    product_id: int
    product_instance_id: int
    product_billing_id: int
    term_id: int
    autorenew: bool
    billing_name: str
    start_date: Moment
    end_date: Moment | None
    skipped_date: Moment | None
    status: SubscriptionStatus
    is_test: bool
    note: str | None = ""
    credit: int | None = None
    source: int | None = 1


class SubscriptionGiftInfo(NamedTuple):
    id: int
    subscription_id: int
    customer_id: int
    gift_message: str | None
    gift_recipient_email: str | None
    gift_recipient_name: str | None


class SubscriptionCoupon(NamedTuple):
    id: int
    subscription_id: int
    coupon_id: int
    code_used: str
    enabled: bool
    num_renewals: int


class Order(NamedTuple):
    id: int
    customer_id: int
    cart_id: int | None
    bill_address_id: int | None
    ship_address_id: int | None
    placed_at: Moment
    status: OrderStatus
    financial_status: str
    fulfillment_status: FulfillmentStatus
    is_renewal: bool
    is_gift: bool
    is_test: bool
    order_gift_info: Json | None
    gift_message: str | None
    note: str | None
    sub_total: int
    total: int
    total_price: int
    total_shipping: int
    gross_shipping: int
    total_tax: int
    transaction_fee: int
    refunded_amount: int = 0
    card_refunded_amount: int = 0
    credit_applied: int = 0
    gift_card_discount: int = 0
    gift_renewal_notif: bool = False
    prorated_charge: int | None = None
    refund_applied: int | None = None
    total_app_fees: int | None = None
    total_label_cost: int | None = None
    total_pending_fees: int | None = None
    transaction_fee_status: int | None = 1


class CartProduct(NamedTuple):
    id: int
    order_id: int | None
    subscription_id: int | None
    product_instance_id: int
    quantity: int
    price: int
    discount: int
    shipping: int
    tax: int
    ship_weight: float


class CartCoupon(NamedTuple):
    id: int
    order_id: int | None
    cart_id: int | None
    coupon_id: int
    code_used: str
    code_primary: str
    name: str
    num_renewals: int
    subscription_coupon_id: int | None


class Cart(NamedTuple):
    id: int
    customer_id: int
    order_id: int | None
    completed: bool
    is_test: bool
    ship_price: int
    tax_price: int


class Transaction(NamedTuple):
    id: int
    order_id: int
    created_at: Moment
    result: Result
    total: int
    is_test: bool
    reference_id: str | None
    pay_provider_id: int = 55000200
    customer_pay_id: int | None = None
    pay_id: int | None = None


class Shipment(NamedTuple):
    id: int
    customer_id: int
    subscription_id: int | None
    address_id: int | None
    batch_id: int | None
    created_at: Moment
    adjusted_ordered_at: Moment
    shipped_at: Moment | None
    target_at: Moment
    status: ShipmentStatus
    tracking_number: str | None
    is_ecom: bool
    is_gift: bool
    is_test: bool
    billing_type: str
    customer_cycle: int
    subscription_cycle: int | None
    has_addon: bool = False


class Fulfillment(NamedTuple):
    id: int
    shipment_id: int
    order_id: int
    subscription_id: int | None
    product_instance_id: int
    cycle_number: int | None
    total_cycles: int | None
    status: str
    fulfillment_date: Moment
    adjusted_fulfillment_date: Moment
    shipping: int
    tax: int
    is_test: bool
    test: bool


class ShipmentLabel(NamedTuple):
    id: int
    shipment_id: int
    carrier: str
    cost: int
    created_at: Moment
    ezp_created_at: Moment
    ezp_updated_at: Moment
    tracking: str
    overlay_cdn: str
    overlay_s3: str
    link: str
    is_test: bool
    is_void: bool = False
    api: int = 2
    filetype: str = "image/png"
    financial_status: int = 1
    height: float = 4.0
    length: float = 9.0
    width: float = 6.0
    predefined_package: int = 0
    prepaid: bool = True


class ProductBilling(NamedTuple):
    id: int
    name: str
    rebill_day: int | None
    rebill_months: int
    rebill_weeks: int | None
    rebill_window: int | None


class Term(NamedTuple):
    id: int
    name: str
    description: str
    enabled: bool
    num_cycles: int


class Product(NamedTuple):
    id: int
    name: str
    description: str
    sku: str
    slug: str
    product_type: int
    product_billing_id: int | None
    flat_ship_price: int
    ship_weight: float
    ship_option: str
    single_purchasable: bool
    has_subscribers: bool
    giftable: bool
    deleted: bool
    listed: bool
    visible: bool
    display_order: int
    gift_shipping: int = 0
    reviewable: bool = True
    max_subs: int | None = None
    meta: Json = "{}"
    mp_visible: bool = True
    subscribe_flow: bool = True
    subscribe_flow_data: Json | None = None


class ProductInstance(NamedTuple):
    id: int
    product_id: int
    name: str
    sku: str
    price: int
    ship_weight: float
    deleted: bool = False
    gift: bool = False


class TermPrice(NamedTuple):
    id: int
    product_instance_id: int
    term_id: int
    price: int


class Inventory(NamedTuple):
    id: int
    product_id: int
    product_instance_id: int
    quantity_on_hand: int
    confidence: int
    track_inventory: bool
    out_of_stock_purchases: bool


class ShipmentBatch(NamedTuple):
    id: int
    product_billing_id: int
    start: Moment
    end: Moment


class ProductSurveyResult(NamedTuple):
    id: int
    subscription_id: int
    answers: Json


class Hook(NamedTuple):
    id: int
    name: str
    target: str
    event: str
    request_type: str
    querystring: str | None
    enabled: bool
    created_at: Moment


class PageRedirect(NamedTuple):
    id: int
    source: str
    target: str


Row = type[NamedTuple]

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
