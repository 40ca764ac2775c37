"""Orders with their carts, lines, coupons and payments; money in cents."""

from typing import NamedTuple

from cratejoy_sandbox.cratejoy.tables.kinds import FulfillmentStatus, Json, Moment, OrderStatus, Result


class Order(NamedTuple):
    """One purchase or renewal."""

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
    """One line of an order; `price` is of the whole line."""

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
    """A coupon used on an order."""

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
    """What led to an order, or was left at the checkout."""

    id: int
    customer_id: int
    order_id: int | None
    completed: bool
    is_test: bool
    ship_price: int
    tax_price: int


class Transaction(NamedTuple):
    """One attempt to move money; a refund is a row of its own."""

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


class OrderMetadata(NamedTuple):
    """What the merchant keeps about an order."""

    id: int
    order_id: int
    data: Json
    created_at: Moment
    updated_at: Moment
