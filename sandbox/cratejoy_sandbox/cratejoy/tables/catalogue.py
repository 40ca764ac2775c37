"""What the store sells and how it is billed; the storefront bits without data of their own."""

from typing import NamedTuple

from cratejoy_sandbox.cratejoy.tables.kinds import Json, Moment


class ProductBilling(NamedTuple):
    """When subscribers of a product pay."""

    id: int
    name: str
    rebill_day: int | None
    rebill_months: int
    rebill_weeks: int | None
    rebill_window: int | None


class Term(NamedTuple):
    """How many boxes are paid at once."""

    id: int
    name: str
    description: str
    enabled: bool
    num_cycles: int


class Product(NamedTuple):
    """Something the store sells."""

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
    """One variant of a product."""

    id: int
    product_id: int
    name: str
    sku: str
    price: int
    ship_weight: float
    deleted: bool = False
    gift: bool = False


class TermPrice(NamedTuple):
    """Price of a variant for one term."""

    id: int
    product_instance_id: int
    term_id: int
    price: int


class Inventory(NamedTuple):
    """Stock of a variant."""

    id: int
    product_id: int
    product_instance_id: int
    quantity_on_hand: int
    confidence: int
    track_inventory: bool
    out_of_stock_purchases: bool


class Hook(NamedTuple):
    """A webhook of the merchant."""

    id: int
    name: str
    target: str
    event: str
    request_type: str
    querystring: str | None
    enabled: bool
    created_at: Moment


class PageRedirect(NamedTuple):
    """A redirect on the storefront."""

    id: int
    source: str
    target: str
