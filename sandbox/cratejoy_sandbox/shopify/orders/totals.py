"""What an order adds up to (recorded live answers): sums of lines, discount, shipping, taxes and payments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.orders.money import Money, read, total

Sent = Mapping[str, Any]


@dataclass(frozen=True)
class Totals:
    """The sums of an order."""

    subtotal: Money
    discounts: Money
    shipping: Money
    tax: Money
    price: Money
    received: Money
    refunded: Money
    capturable: Money

    @property
    def outstanding(self) -> Money:
        """What is neither paid nor authorized."""
        return (self.price - self.received - self.capturable).floor()

    def status(self) -> str | None:
        """Financial status that the payments say; none without any."""
        if self.refunded.shop and self.refunded.shop >= self.received.shop + self.refunded.shop:
            return "REFUNDED"
        if self.refunded.shop:
            return "PARTIALLY_REFUNDED"
        if self.received.shop:
            return "PAID" if self.received.shop >= self.price.shop else "PARTIALLY_PAID"
        return "AUTHORIZED" if self.capturable.shop else None


def totals_of(order: Sent) -> Totals:
    """The sums of an order's input."""
    lines = total(read(line.get("priceSet")).times(line["quantity"]) for line in order.get("lineItems") or ())
    shipping = total(read(line["priceSet"]) for line in order.get("shippingLines") or ())
    on_items, on_shipping = _discounts(order.get("discountCode") or {}, lines, shipping)
    tax = _taxes(order)
    price = lines - on_items + shipping - on_shipping
    if not order.get("taxesIncluded"):
        price += tax
    paid, refunded, capturable = _payments(order.get("transactions") or ())
    return Totals(lines - on_items, on_items + on_shipping, shipping, tax, price, paid - refunded, refunded, capturable)


def _discounts(code: Sent, lines: Money, shipping: Money) -> tuple[Money, Money]:
    """What a discount code takes off the lines and off the shipping."""
    fixed, share = code.get("itemFixedDiscountCode"), code.get("itemPercentageDiscountCode")
    if fixed:
        return read(fixed.get("amountSet")).at_most(lines), Money()
    if share:
        return lines.times(Decimal(str(share.get("percentage") or 0)) / 100), Money()
    return Money(), shipping if code.get("freeShippingDiscountCode") else Money()


def _taxes(order: Sent) -> Money:
    taxed = [order, *(order.get("lineItems") or ()), *(order.get("shippingLines") or ())]
    return total(read(tax.get("priceSet")) for part in taxed for tax in part.get("taxLines") or ())


def _payments(transactions: Sequence[Sent]) -> tuple[Money, Money, Money]:
    """Paid, refunded, and authorized but not captured."""
    done = [item for item in transactions if item["status"] == "SUCCESS"]
    sums = {
        kind: total(read(item["amountSet"]) for item in done if item["kind"] == kind)
        for kind in ("SALE", "CAPTURE", "REFUND", "AUTHORIZATION", "VOID")
    }
    paid = sums["SALE"] + sums["CAPTURE"]
    open_ = Money() if sums["VOID"].shop else (sums["AUTHORIZATION"] - sums["CAPTURE"]).floor()
    return paid, sums["REFUND"], open_
