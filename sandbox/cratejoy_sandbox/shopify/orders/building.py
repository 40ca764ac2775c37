"""An order's record from its input."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cratejoy_sandbox.shopify.call import APP_ID, Call
from cratejoy_sandbox.shopify.customers.addresses import read_address
from cratejoy_sandbox.shopify.customers.rules import clean_email, clean_tags
from cratejoy_sandbox.shopify.errors import Refused, user_error
from cratejoy_sandbox.shopify.gids import number_of
from cratejoy_sandbox.shopify.orders.money import Money, bag, read
from cratejoy_sandbox.shopify.orders.record import new_number
from cratejoy_sandbox.shopify.orders.rules import processed_at
from cratejoy_sandbox.shopify.orders.totals import Totals, totals_of
from cratejoy_sandbox.shopify.registry import Entity

Sent = Mapping[str, Any]
PLAIN = ("note", "poNumber", "sourceIdentifier", "phone", "closedAt")
SHIPPED = {"FULFILLED": "FULFILLED", "PARTIAL": "PARTIALLY_FULFILLED", "RESTOCKED": "RESTOCKED"}


def build(call: Call, sent: Sent) -> Entity:
    """A new order, not yet stored; an address that is wrong refuses it."""
    sent = {**sent, "lineItems": [_priced(call, line) for line in sent.get("lineItems") or ()]}
    totals = totals_of(sent)
    currencies = currencies_of(call, sent)
    number = new_number(call)
    now = call.clock.now()
    return {
        **{key: sent.get(key) for key in PLAIN},
        "id": call.store.new_id(),
        "number": number,
        "name": sent.get("name") or f"#{number}",
        "confirmationNumber": secrets.token_hex(5).upper()[:9],
        "email": clean_email(sent.get("email")),
        "tags": clean_tags(list(sent.get("tags") or [])),
        "test": bool(sent.get("test")),
        "sourceName": sent.get("sourceName") or str(APP_ID),
        "registeredSourceUrl": sent.get("sourceUrl"),
        "referrerUrl": sent.get("referringSite"),
        "createdAt": now,
        "updatedAt": now,
        "processedAt": processed_at(sent.get("processedAt")),
        "cancelledAt": None,
        "cancelReason": None,
        "currencyCode": currencies[0],
        "presentmentCurrencyCode": currencies[1],
        "taxesIncluded": bool(sent.get("taxesIncluded")),
        "customAttributes": [dict(item) for item in sent.get("customAttributes") or ()],
        "billingAddress": _address(call, sent, "billingAddress"),
        "shippingAddress": _address(call, sent, "shippingAddress"),
        "displayFinancialStatus": sent.get("financialStatus") or totals.status(),
        "displayFulfillmentStatus": _shipped(sent),
        "discountCodes": [code["code"] for code in (sent.get("discountCode") or {}).values() if code],
        "taxLines": _tax_lines(sent, currencies),
        "lines": [_line(call, line, currencies) for line in sent.get("lineItems") or ()],
        "shipping": [_shipping_line(call, line, currencies) for line in sent.get("shippingLines") or ()],
        "payments": [_payment(call, item, currencies) for item in sent.get("transactions") or ()],
        "fulfillment_order": call.store.new_id(),
        "customer": None,
        **sums(totals, currencies),
    }


def currencies_of(call: Call, sent: Sent) -> tuple[str, str]:
    """The order's currency and the buyer's."""
    shop = sent.get("currency") or _currency(sent, "shopMoney") or call.settings.currency
    return shop, sent.get("presentmentCurrency") or _currency(sent, "presentmentMoney") or shop


def _currency(sent: Sent, side: str) -> str | None:
    bags = (line.get("priceSet") or {} for line in sent.get("lineItems") or ())
    return next((item[side]["currencyCode"] for item in bags if item.get(side)), None)


def sums(totals: Totals, currencies: tuple[str, str]) -> Entity:
    """The money fields of an order."""
    amounts = {
        "subtotalPriceSet": totals.subtotal,
        "currentSubtotalPriceSet": totals.subtotal,
        "totalDiscountsSet": totals.discounts,
        "currentTotalDiscountsSet": totals.discounts,
        "totalShippingPriceSet": totals.shipping,
        "currentShippingPriceSet": totals.shipping,
        "totalTaxSet": totals.tax,
        "currentTotalTaxSet": totals.tax,
        "totalPriceSet": totals.price,
        "currentTotalPriceSet": totals.price,
        "originalTotalPriceSet": totals.price,
        "totalReceivedSet": totals.received,
        "netPaymentSet": totals.received,
        "totalRefundedSet": totals.refunded,
        "totalCapturableSet": totals.capturable,
        "totalOutstandingSet": totals.outstanding,
    }
    return {name: bag(money, currencies) for name, money in amounts.items()}


def _shipped(sent: Sent) -> str:
    if sent.get("fulfillment"):
        return "FULFILLED"
    return SHIPPED.get(sent.get("fulfillmentStatus") or "", "UNFULFILLED")


def _address(call: Call, sent: Sent, name: str) -> Entity | None:
    if not sent.get(name):
        return None
    nobody = {"firstName": None, "lastName": None}
    address, problems = read_address(sent[name], nobody)
    if problems:
        raise Refused(*(user_error(["order", name, *field], message, "INVALID") for field, message, _ in problems))
    return {"id": call.store.new_id(), **address}


def _tax_lines(part: Sent, currencies: tuple[str, str]) -> list[Entity]:
    return [
        {
            "title": tax["title"],
            "rate": float(tax["rate"]),
            "ratePercentage": float(tax["rate"]) * 100,
            "channelLiable": tax.get("channelLiable"),
            "source": None,
            "priceSet": bag(read(tax.get("priceSet")), currencies),
        }
        for tax in part.get("taxLines") or ()
    ]


def _priced(call: Call, line: Sent) -> Sent:
    """A line with its price, which is the variant's when it is left out."""
    variant = call.store.get("ProductVariant", number_of(line.get("variantId") or "", "ProductVariant"))
    if line.get("priceSet") or not variant:
        return line
    return {**line, "priceSet": {"shopMoney": {"amount": variant["price"], "currencyCode": call.settings.currency}}}


def _line(call: Call, line: Sent, currencies: tuple[str, str]) -> Entity:
    """A line; what it leaves out comes from its variant, whose price and title a custom one does not replace."""
    variant = call.store.get("ProductVariant", number_of(line.get("variantId") or "", "ProductVariant")) or {}
    price = read(line.get("priceSet"))
    product = number_of(line.get("productId") or "", "Product") or variant.get("product")
    return {
        "id": call.store.new_id(),
        "title": line.get("title") or variant.get("title") or "",
        "quantity": line["quantity"],
        "sku": line.get("sku") or variant.get("sku"),
        "vendor": line.get("vendor"),
        "variant": variant.get("id"),
        "product": product,
        "variantTitle": line.get("variantTitle"),
        "requiresShipping": bool(line.get("requiresShipping")),
        "taxable": line.get("taxable", True),
        "isGiftCard": bool(line.get("giftCard")),
        "customAttributes": [{"key": item["name"], "value": item["value"]} for item in line.get("properties") or ()],
        "taxLines": _tax_lines(line, currencies),
        **_line_sums(price, line["quantity"], currencies),
    }


def _line_sums(price: Money, quantity: int, currencies: tuple[str, str]) -> Entity:
    unit, whole = bag(price, currencies), bag(price.times(quantity), currencies)
    return {
        "originalUnitPriceSet": unit,
        "discountedUnitPriceSet": unit,
        "originalTotalSet": whole,
        "discountedTotalSet": whole,
        "totalDiscountSet": bag(Money(), currencies),
    }


def _shipping_line(call: Call, line: Sent, currencies: tuple[str, str]) -> Entity:
    price = bag(read(line["priceSet"]), currencies)
    return {
        "id": call.store.new_id(),
        "title": line["title"],
        "code": line.get("code") or line["title"],
        "source": line.get("source"),
        "originalPriceSet": price,
        "discountedPriceSet": price,
        "currentDiscountedPriceSet": price,
        "taxLines": _tax_lines(line, currencies),
    }


def _payment(call: Call, item: Sent, currencies: tuple[str, str]) -> Entity:
    now = call.clock.now()
    return {
        "id": call.store.new_id(),
        "kind": item["kind"],
        "status": item["status"],
        "gateway": item.get("gateway"),
        "test": bool(item.get("test")),
        "authorizationCode": item.get("authorizationCode"),
        "createdAt": now,
        "processedAt": item.get("processedAt") or now,
        "amountSet": bag(read(item["amountSet"]), currencies),
    }


def gateways(payments: Sequence[Entity]) -> list[str]:
    """Names of the gateways, each once."""
    return list(dict.fromkeys(item["gateway"] for item in payments if item["gateway"]))
