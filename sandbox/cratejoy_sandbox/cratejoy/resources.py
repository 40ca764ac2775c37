"""Every resource the API answers for: its shape, its relations, its page numbering."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cratejoy_sandbox.cratejoy import shapes as s
from cratejoy_sandbox.cratejoy.shapes import Link, Shape, to_many, to_one


class Shown(Enum):
    """How a relation appears when the request says nothing about it."""

    EMBEDDED = "embedded"
    URL = "url"
    ABSENT = "absent"


@dataclass(frozen=True)
class Relation:
    """A relation that `with` can name; without a link it is always empty."""

    link: Link | None = None
    shown: Shown = Shown.ABSENT
    filterable: bool = True
    many: bool = False

    @property
    def is_list(self) -> bool:
        """Whether its value is an array."""
        return self.link.many if self.link else self.many


@dataclass(frozen=True)
class Resource:
    """One collection of the API."""

    name: str
    shape: Shape
    relations: Mapping[str, Relation] = field(default_factory=dict)
    page_base: int = 0
    max_limit: int = 1000
    has_elements: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)


def _shown(link: Link, *, filterable: bool = True) -> Relation:
    return Relation(link, Shown.EMBEDDED, filterable=filterable)


EMPTY_LIST = Relation(many=True)
CUSTOMER_OF = _shown(to_one(s.CUSTOMER_SUMMARY, "customer_id"))
ORDERS_OF = Link(s.ORDER, many=True, through=("cart_products", "subscription_id", "order_id"))
SUBSCRIPTIONS_OF = Link(s.SUBSCRIPTION, many=True, through=("cart_products", "order_id", "subscription_id"))
SUBSCRIPTION_OF_BOX = Link(s.SUBSCRIPTION, here="subscription_id", many=True)

CUSTOMERS = Resource(
    "customers",
    s.CUSTOMER,
    {
        "_md": Relation(Link(s.CUSTOMER_METADATA, there="customer_id")),
        "addresses": Relation(to_many(s.ADDRESS, "customer_id")),
        "carts": Relation(to_many(s.CART, "customer_id")),
        "logs": EMPTY_LIST,
        "notes": EMPTY_LIST,
        "orders": Relation(to_many(s.ORDER, "customer_id")),
        "shipments": Relation(to_many(s.SHIPMENT, "customer_id")),
        "subscriptions": Relation(to_many(s.SUBSCRIPTION, "customer_id")),
    },
)
SUBSCRIPTIONS = Resource(
    "subscriptions",
    s.SUBSCRIPTION,
    {
        "address": _shown(to_one(s.ADDRESS, "address_id"), filterable=False),
        "billing": _shown(to_one(s.BILLING, "product_billing_id")),
        "customer": CUSTOMER_OF,
        "product": _shown(to_one(s.PRODUCT_SUMMARY, "product_id"), filterable=False),
        "product_instance": _shown(to_one(s.INSTANCE_SUMMARY, "product_instance_id"), filterable=False),
        "term": _shown(to_one(s.TERM, "term_id")),
        "_md": Relation(Link(s.SUBSCRIPTION_METADATA, there="subscription_id")),
        "cart_products": Relation(to_many(s.CART_PRODUCT, "subscription_id")),
        "coupons": Relation(to_many(s.SUBSCRIPTION_COUPON, "subscription_id")),
        "fulfillments": Relation(to_many(s.FULFILLMENT, "subscription_id")),
        "logs": EMPTY_LIST,
        "orders": Relation(ORDERS_OF),
        "shipments": Relation(to_many(s.SHIPMENT, "subscription_id")),
        "subscription_gift_info": Relation(Link(s.GIFT_INFO, there="subscription_id"), filterable=False),
    },
)
ORDERS = Resource(
    "orders",
    s.ORDER,
    {
        "customer": CUSTOMER_OF,
        "products": _shown(to_many(s.CART_PRODUCT, "order_id")),
        "_md": Relation(Link(s.ORDER_METADATA, there="order_id")),
        "bill_address": Relation(to_one(s.ADDRESS, "bill_address_id")),
        "cart": Relation(to_one(s.CART, "cart_id")),
        "coupons": Relation(to_many(s.CART_COUPON, "order_id")),
        "fulfillments": Relation(to_many(s.FULFILLMENT, "order_id")),
        "gifts": EMPTY_LIST,
        "logs": EMPTY_LIST,
        "sent_gift": Relation(),
        "ship_address": Relation(to_one(s.ADDRESS, "ship_address_id")),
        "subscriptions": Relation(SUBSCRIPTIONS_OF),
        "transactions": Relation(to_many(s.TRANSACTION, "order_id")),
    },
)
TRANSACTIONS = Resource("transactions", s.TRANSACTION, {"order": Relation(to_one(s.ORDER, "order_id"), Shown.URL)})
SHIPMENTS = Resource(
    "shipments",
    s.SHIPMENT,
    {
        "customer": CUSTOMER_OF,
        "fulfillments": _shown(to_many(s.FULFILLMENT, "shipment_id")),
        "labels": _shown(to_many(s.LABEL, "shipment_id")),
        "ship_address": _shown(to_one(s.ADDRESS, "address_id")),
        "_md": Relation(),
        "batch": Relation(to_one(s.BATCH, "batch_id")),
        "label_batch": Relation(),
        "stats": Relation(to_one(s.STATS, "id")),
        "subscriptions": Relation(SUBSCRIPTION_OF_BOX),
    },
    page_base=1,
)
PRODUCTS = Resource(
    "products",
    s.PRODUCT,
    {
        "instances": _shown(to_many(s.INSTANCE, "product_id"), filterable=False),
        "billing": Relation(to_one(s.BILLING, "product_billing_id"), filterable=False),
        **dict.fromkeys(("metadata", "rulesets", "ruletypes", "taxonomy"), Relation(many=True, filterable=False)),
    },
)
CARTS = Resource(
    "carts",
    s.CART,
    {
        "customer": Relation(to_one(s.CUSTOMER_SUMMARY, "customer_id")),
        "order": Relation(to_one(s.ORDER, "order_id")),
    },
)
SIMPLE_SHIPMENTS = Resource(
    "v1.1/shipments",
    s.SIMPLE_SHIPMENT,
    max_limit=200,
    has_elements=False,
    aliases={"cust_cycle": "customer_cycle", "sub_cycle": "subscription_cycle"},
)

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        CUSTOMERS,
        SUBSCRIPTIONS,
        ORDERS,
        TRANSACTIONS,
        SHIPMENTS,
        PRODUCTS,
        CARTS,
        SIMPLE_SHIPMENTS,
        Resource("inventory", Shape("inventory", "inventory", url="inventory")),
        Resource("shipment_batches", s.BATCH),
        Resource("product_survey_results", Shape("product_survey_results")),
        Resource("hooks", Shape("hooks", "hook", fixed=s.STORE, url="hooks")),
        Resource("page_redirects", Shape("page_redirects", "page_redirect", url="page_redirects")),
    )
}

# Elements that have no list of their own.
ELEMENTS_ONLY: dict[str, Resource] = {
    "addresses": Resource("addresses", s.ADDRESS),
    "product_instances": Resource("product_instances", s.INSTANCE),
}


def sub_resource(owner: Resource, relation: str, link: Link) -> Resource:
    """The collection under one element, such as `customers/{id}/addresses`."""
    known = next((resource for resource in RESOURCES.values() if resource.shape is link.shape), None)
    return Resource(f"{owner.name}/{relation}", link.shape, known.relations if known else {})
