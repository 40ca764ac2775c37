"""How an order and its parts are read; what an imported order never has is a constant here."""

from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.call import APP_ID, Call
from cratejoy_sandbox.shopify.customers.record import KIND as CUSTOMER
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.lists import words
from cratejoy_sandbox.shopify.orders.building import gateways
from cratejoy_sandbox.shopify.orders.money import Money, bag, padded
from cratejoy_sandbox.shopify.orders.record import KIND, order_of
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, FieldResolver, field, node

NEVER = words(
    """
    cancellation cartToken checkoutToken clientIp customerJourneySummary customerLocale landingPageUrl
    merchantOfRecordApp paymentTerms physicalLocation publication purchasingEntity referralCode referrerDisplayText
    retailLocation shopifyProtect staffMember attribution channelInformation originalTotalAdditionalFeesSet
    originalTotalDutiesSet currentTotalDutiesSet currentTotalAdditionalFeesSet
    """
)
EMPTY_LISTS = words("additionalFees alerts disputes merchantEditableErrors refunds risks")
EMPTY_PAGES = words("agreements events localizationExtensions localizedFields nonFulfillableLineItems returns")
ZEROS = words(
    """
    currentCartDiscountAmountSet cartDiscountAmountSet refundDiscrepancySet totalRefundedShippingSet
    totalTipReceivedSet
    """
)
WITH_ID = words("Order LineItem ShippingLine OrderTransaction FulfillmentOrder Fulfillment")
CONSTANTS: dict[str, Any] = {
    "billingAddressMatchesShippingAddress": False,
    "canNotifyCustomer": True,
    "confirmed": True,
    "customerAcceptsMarketing": False,
    "dutiesIncluded": False,
    "edited": False,
    "estimatedTaxes": False,
    "fulfillable": True,
    "hasTimelineComment": False,
    "merchantEditable": True,
    "productNetwork": False,
    "refundable": True,
    "restockable": False,
    "returnStatus": "NO_RETURN",
    "riskLevel": "LOW",
    "taxExempt": False,
    "totalWeight": "0",
    "currentTotalWeight": "0",
}
DEPRECATED = {
    "totalPrice": "totalPriceSet",
    "subtotalPrice": "subtotalPriceSet",
    "totalTax": "totalTaxSet",
    "totalDiscounts": "totalDiscountsSet",
    "totalShippingPrice": "totalShippingPriceSet",
    "totalReceived": "totalReceivedSet",
    "totalRefunded": "totalRefundedSet",
    "totalCapturable": "totalCapturableSet",
    "netPayment": "netPaymentSet",
}


@node(KIND)
def order_node(call: Call, identifier: str) -> Entity | None:
    """An order by global id."""
    return order_of(call, identifier)


def _always(value: Any) -> FieldResolver:
    return lambda _, __, ___: value


def _amount(name: str) -> FieldResolver:
    return lambda order, _, __: padded(Decimal(order[name]["shopMoney"]["amount"]))


def _gid(kind: str) -> FieldResolver:
    return lambda thing, _, __: gid(kind, thing["id"])


def _announce() -> None:
    for name in NEVER:
        field(KIND, name)(_always(None))
    for name in EMPTY_LISTS:
        field(KIND, name)(_always([]))
    for name, value in CONSTANTS.items():
        field(KIND, name)(_always(value))
    for name, money in DEPRECATED.items():
        field(KIND, name)(_amount(money))
    field(KIND, *EMPTY_PAGES)(lambda _, __, args: connection([], args))
    field(KIND, *ZEROS)(lambda order, _, __: bag(Money(), _currencies(order)))
    for kind in WITH_ID:
        field(kind, "id")(_gid(kind))


def _currencies(order: Entity) -> tuple[str, str]:
    return order["currencyCode"], order["presentmentCurrencyCode"]


_announce()


@field(KIND, "legacyResourceId")
def legacy_id(order: Entity, _: Call, __: Args) -> str:
    """The number of the global id."""
    return str(order["id"])


@field(KIND, "customer")
def customer(order: Entity, call: Call, _: Args) -> Entity | None:
    """Whose it is."""
    return call.store.get(CUSTOMER, order["customer"]) if order["customer"] else None


@field(KIND, "displayAddress")
def display_address(order: Entity, _: Call, __: Args) -> Entity | None:
    """Shipping address, else billing address."""
    address: Entity | None = order["shippingAddress"] or order["billingAddress"]
    return address


@field(KIND, "app")
def app(_: Entity, __: Call, ___: Args) -> Entity:
    """The app that made it."""
    return {"id": gid("App", APP_ID), "name": "Migration", "icon": None}


@field(KIND, "capturable")
def capturable(order: Entity, _: Call, __: Args) -> bool:
    """Whether an authorization is open."""
    return Decimal(order["totalCapturableSet"]["shopMoney"]["amount"]) > 0


@field(KIND, "canMarkAsPaid", "unpaid")
def can_mark_as_paid(order: Entity, _: Call, __: Args) -> bool:
    """Whether something is left to pay."""
    return not fully_paid(order, _, __) and not order["cancelledAt"]


@field(KIND, "fullyPaid")
def fully_paid(order: Entity, _: Call, __: Args) -> bool:
    """Whether it says that it is paid."""
    return bool(order["displayFinancialStatus"] == "PAID")


@field(KIND, "closed")
def closed(order: Entity, _: Call, __: Args) -> bool:
    """Whether it is archived."""
    return bool(order["closedAt"])


@field(KIND, "requiresShipping")
def requires_shipping(order: Entity, _: Call, __: Args) -> bool:
    """Whether any line does."""
    return any(line["requiresShipping"] for line in order["lines"])


@field(KIND, "paymentGatewayNames")
def payment_gateways(order: Entity, _: Call, __: Args) -> list[str]:
    """Gateways of its payments."""
    return gateways(order["payments"])


@field(KIND, "discountCode")
def discount_code(order: Entity, _: Call, __: Args) -> str | None:
    """The discount code, or null."""
    return next(iter(order["discountCodes"]), None)


@field(KIND, "currentTaxLines")
def current_tax_lines(order: Entity, _: Call, __: Args) -> list[Entity]:
    """Taxes of the order, its lines and its shipping."""
    parts = [order, *order["lines"], *order["shipping"]]
    return [tax for part in parts for tax in part["taxLines"]]


@field(KIND, "lineItems")
def line_items(order: Entity, _: Call, args: Args) -> Entity:
    """Lines by page."""
    return connection(order["lines"], args)


@field(KIND, "subtotalLineItemsQuantity", "currentSubtotalLineItemsQuantity")
def quantity(order: Entity, _: Call, __: Args) -> int:
    """Pieces of all lines."""
    return sum(line["quantity"] for line in order["lines"])


@field(KIND, "shippingLines")
def shipping_lines(order: Entity, _: Call, args: Args) -> Entity:
    """Shipping lines by page."""
    return connection(order["shipping"], args)


@field(KIND, "shippingLine")
def shipping_line(order: Entity, _: Call, __: Args) -> Entity | None:
    """The first shipping line."""
    return next(iter(order["shipping"]), None)


@field(KIND, "transactions")
def transactions(order: Entity, _: Call, args: Args) -> list[Entity]:
    """Payments in the order of their making."""
    found: list[Entity] = order["payments"]
    return found[: args["first"]] if args.get("first") else found


@field(KIND, "transactionsCount")
def transactions_count(order: Entity, _: Call, __: Args) -> Entity:
    """How many payments there are."""
    return {"count": len(order["payments"]), "precision": "EXACT"}


@field(KIND, "discountApplications")
def discount_applications(_: Entity, __: Call, args: Args) -> Entity:
    """Not modelled beyond the sums: none."""
    return connection([], args)


@field(KIND, "fulfillmentOrders")
def fulfillment_orders(order: Entity, _: Call, args: Args) -> Entity:
    """The one order to the warehouse."""
    state = "CLOSED" if order["displayFulfillmentStatus"] == "FULFILLED" or order["cancelledAt"] else "OPEN"
    one = {"id": order["fulfillment_order"], "status": state, "requestStatus": "UNSUBMITTED"}
    return connection([one], args)


@field(KIND, "fulfillments")
def fulfillments(order: Entity, _: Call, __: Args) -> list[Entity]:
    """One fulfillment of all lines, when it is fulfilled."""
    if order["displayFulfillmentStatus"] != "FULFILLED":
        return []
    times = {"createdAt": order["createdAt"], "updatedAt": order["createdAt"]}
    one = {"id": order["fulfillment_order"], "status": "SUCCESS", "displayStatus": "FULFILLED", "trackingInfo": []}
    return [{**one, **times, "name": f"{order['name']}-F1"}]


@field(KIND, "statusPageUrl")
def status_page(order: Entity, call: Call, _: Args) -> str:
    """Where the buyer sees it."""
    return f"https://{call.settings.domain}/orders/{order['id']}"
