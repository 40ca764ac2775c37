"""One Cratejoy order as a Shopify order of the past, whose total, tax, shipping and payments read as in Cratejoy.

Cratejoy names a line's total, Shopify multiplies the price of one piece. Where the lines with shipping and tax come
to more than the order's total, a discount code takes the rest off; where they come to less, a line makes it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from target_shopify.mapping.addresses import read_address
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.payments import financial_status, transactions
from target_shopify.mapping.rows import FULFILLMENT_STATUS, first, item_name, named
from target_shopify.mapping.texts import cut
from target_shopify.mapping.values import (
    Record,
    cents,
    flag,
    identifier,
    line,
    moment,
    money,
    paragraphs,
    record,
    rows,
    whole,
)
from target_shopify.rules import NOTE_LENGTH, TEXT_LENGTH, Refused

OrderInput = dict[str, Any]

_FULFILLMENT = {"fulfilled": "FULFILLED", "partial": "PARTIAL", "partially_fulfilled": "PARTIAL"}
_TAGS = (("renewal", "is_renewal"), ("gift", "is_gift"), ("test", "is_test"))
_RATE_DIGITS = 6
_MOST_PIECES = 1_000_000


@dataclass(frozen=True, slots=True)
class _Sums:
    """Amounts of an order in the smallest unit: what Shopify is told so that it comes to Cratejoy's total."""

    total: int
    shipping: int
    tax: int
    discount: int
    missing: int


def order_input(
    order: Mapping[str, Any], customer_gid: str, options: MappingOptions, variants: Mapping[str, str]
) -> OrderInput:
    """Return the OrderCreateOrderInput of a Cratejoy order.

    Args:
        order: The order record.
        customer_gid: GID of the Shopify customer it belongs to.
        options: Settings of the mapping.
        variants: GID of the product variant by SKU, for lines to link to.

    Raises:
        Refused: It has no usable id.
    """
    number = identifier(order.get("id"))
    if number is None:
        raise Refused("order_no_id")
    lines = [_Line.read(item) for item in rows(order.get("products")) or () if isinstance(item, Mapping)]
    sums = _sums(order, lines)
    placed_at = moment(order.get("placed_at"))
    status = financial_status(order, sums.total)
    wanted: OrderInput = {
        "sourceIdentifier": str(number),
        "name": f"CJ-{number}",
        "processedAt": placed_at,
        "closedAt": placed_at if _is_closed(order) else None,
        "currency": options.currency,
        "customer": {"toAssociate": {"id": customer_gid}},
        "financialStatus": status,
        "fulfillmentStatus": _FULFILLMENT.get(_status(order)),
        "test": flag(order.get("is_test")) or False,
        "tags": _tags(order, options.tag_prefix),
        "lineItems": _line_items(lines, sums, number, options.currency, variants),
        "shippingLines": _shipping(sums, options.currency),
        "taxLines": _taxes(sums, lines, options.currency),
        "discountCode": _discount(order, sums, options.currency),
        "transactions": transactions(order, status, sums.total, placed_at, options.currency),
        "shippingAddress": read_address(record(order.get("ship_address")), None, set()),
        "note": _note(order),
        "metafields": [{"namespace": options.namespace, "key": "order_id", "type": "id", "value": str(number)}],
    }
    return {key: value for key, value in wanted.items() if value is not None and value != []}


def order_total(order: Mapping[str, Any]) -> int:
    """Return what the Shopify order of a Cratejoy order comes to, in the smallest unit of the currency."""
    lines = [_Line.read(item) for item in rows(order.get("products")) or () if isinstance(item, Mapping)]
    return _sums(order, lines).total


def _is_closed(order: Mapping[str, Any]) -> bool:
    """Whether Cratejoy has closed the order; an open one would wait in the shop for somebody to pack it."""
    return (line(order.get("status")) or "").casefold() in ("closed", "2")


def order_skus(orders: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the SKUs of all lines of some orders."""
    found = set()
    for order in orders:
        for item in rows(order.get("products")) or ():
            sku = line(record(item.get("instance")).get("sku")) if isinstance(item, Mapping) else None
            if sku:
                found.add(sku)
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """An order line; the price is that of all its pieces, in the smallest unit."""

    title: str
    sku: str | None
    quantity: int
    price: int

    @classmethod
    def read(cls, raw: Record) -> _Line:
        quantity = whole(raw.get("quantity"))
        return cls(
            title=cut(item_name(raw) or "Item", TEXT_LENGTH - 20),
            sku=line(record(raw.get("instance")).get("sku")),
            quantity=quantity if quantity and 0 < quantity <= _MOST_PIECES else 1,
            price=max(cents(raw.get("price")) or 0, 0),
        )

    def item(self, currency: str, variants: Mapping[str, str]) -> OrderInput:
        """Return the line item; pieces whose price is not whole cents become one piece that says how many."""
        exact = self.price % self.quantity == 0
        found: OrderInput = {
            "title": self.title if exact else f"{self.title} ({self.quantity} pieces)",
            "quantity": self.quantity if exact else 1,
            "priceSet": _bag(self.price // self.quantity if exact else self.price, currency),
            "requiresShipping": True,
        }
        if self.sku:
            found["sku"] = self.sku
            if gid := variants.get(self.sku):
                found["variantId"] = gid
        return found


def _sums(order: Record, lines: Sequence[_Line]) -> _Sums:
    items = sum(one.price for one in lines)
    shipping = max(cents(first(order, "total_shipping", "gross_shipping")) or 0, 0)
    tax = max(cents(order.get("total_tax")) or 0, 0)
    told = cents(first(order, "total", "total_price"))
    total = max(told if told is not None else items + shipping + tax, 0)
    if not lines:
        return _Sums(total, 0, 0, 0, total)
    over = items + shipping + tax - total
    discount = min(max(over, 0), items)
    left = max(over, 0) - discount
    off_shipping = min(left, shipping)
    off_tax = left - off_shipping
    return _Sums(total, shipping - off_shipping, tax - off_tax, discount, max(-over, 0))


def _line_items(
    lines: Sequence[_Line], sums: _Sums, number: int, currency: str, variants: Mapping[str, str]
) -> list[OrderInput]:
    items = [one.item(currency, variants) for one in lines]
    if not lines:
        items.append(_made_up(f"Cratejoy order {number}", sums.total, currency))
    elif sums.missing:
        items.append(_made_up("Other charges", sums.missing, currency))
    if sums.tax and not _taxed(sums, lines):
        items.append(_made_up("Tax", sums.tax, currency))
    return items


def _made_up(title: str, price: int, currency: str) -> OrderInput:
    return {
        "title": title,
        "quantity": 1,
        "priceSet": _bag(price, currency),
        "requiresShipping": False,
        "taxable": False,
    }


def _shipping(sums: _Sums, currency: str) -> list[OrderInput]:
    return [{"title": "Shipping", "priceSet": _bag(sums.shipping, currency)}] if sums.shipping else []


def _taxes(sums: _Sums, lines: Sequence[_Line], currency: str) -> list[OrderInput]:
    """Return one tax line, whose rate Shopify wants told; without anything taxed there is no rate."""
    taxed = _taxed(sums, lines)
    if not sums.tax or not taxed:
        return []
    rate = f"{sums.tax / taxed:.{_RATE_DIGITS}f}"
    return [{"title": "Tax", "rate": rate, "priceSet": _bag(sums.tax, currency)}]


def _taxed(sums: _Sums, lines: Sequence[_Line]) -> int:
    return sum(one.price for one in lines) - sums.discount + sums.shipping


def _discount(order: Record, sums: _Sums, currency: str) -> OrderInput | None:
    if not sums.discount:
        return None
    coupons = (record(coupon) for coupon in rows(order.get("coupons")) or ())
    codes = [line(coupon.get("code_used")) or line(coupon.get("code_primary")) for coupon in coupons]
    code = next((code for code in codes if code), "CRATEJOY")
    return {"itemFixedDiscountCode": {"code": cut(code), "amountSet": _bag(sums.discount, currency)}}


def _tags(order: Record, prefix: str) -> list[str]:
    names = ["order", *(name for name, property_ in _TAGS if flag(order.get(property_)))]
    return [f"{prefix}{name}" for name in names]


def _status(order: Record) -> str:
    status = named(order.get("fulfillment_status"), FULFILLMENT_STATUS) or ""
    return status.lower().replace(" ", "_")


def _note(order: Record) -> str | None:
    message = paragraphs(order.get("gift_message")) or paragraphs(
        record(order.get("order_gift_info")).get("gift_message")
    )
    parts = [paragraphs(order.get("note")), f"Gift message: {message}" if message else None]
    note = "\n\n".join(part for part in parts if part)
    return cut(note, NOTE_LENGTH) if note else None


def _bag(amount: int, currency: str) -> OrderInput:
    return {"shopMoney": {"amount": money(amount, currency), "currencyCode": currency}}
