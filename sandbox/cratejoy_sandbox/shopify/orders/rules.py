"""What orderCreate refuses: all problems at once, each with its field, words and code.

The rules on lines, taxes, customers and times are recorded; words of others follow the field rules of the schema.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment, stamp
from cratejoy_sandbox.shopify.customers.rules import clean_email, email_problems
from cratejoy_sandbox.shopify.gids import number_of

Sent = Mapping[str, Any]
Problem = tuple[list[str], str, str | None]
LONGEST_TAG = 40
MOST_TAGS = 250
BOTH_TAXES = "Tax lines must be specified on either the order or the line items, not both"
ONE_DISCOUNT = "Only one discount code can be applied"


def order_problems(call: Call, order: Sent) -> list[Problem]:
    """What is wrong with an order's input, without the prefix `order`."""
    if order.get("customer") and order.get("customerId"):
        return [([], "Only one of the customer and customerId fields may be given", "REDUNDANT_CUSTOMER_FIELDS")]
    found = [*_line_problems(call, order), *_tax_problems(order), *tag_problems(order.get("tags") or [])]
    if len(order.get("discountCode") or {}) > 1:
        found.append((["discountCode"], ONE_DISCOUNT, "INVALID"))
    email = clean_email(order.get("email"))
    if email:
        found += email_problems(email)[:1]
    return found


def tag_problems(tags: list[str]) -> list[Problem]:
    """Tags that are too long or too many (recorded for draft orders)."""
    text = f"Title Tag exceeds the maximum length of {LONGEST_TAG} characters"
    found: list[Problem] = [
        (["tags", str(place)], text, "INVALID") for place, tag in enumerate(tags) if len(tag.strip()) > LONGEST_TAG
    ]
    if len(tags) > MOST_TAGS:
        found.append((["tags"], f"Tags cannot be more than {MOST_TAGS}", "INVALID"))
    return found


def _line_problems(call: Call, order: Sent) -> Iterator[Problem]:
    if not order.get("lineItems"):
        yield ["lineItems"], "Line items must have at least one line item", "INVALID"
    for place, line in enumerate(order.get("lineItems") or ()):
        at = ["lineItems", str(place)]
        if line["quantity"] < 1:
            yield [*at, "quantity"], "Quantity must be greater than 0", "INVALID"
        if line.get("variantId"):
            if not call.store.get("ProductVariant", number_of(line["variantId"], "ProductVariant")):
                yield [*at, "variantId"], "Product variant does not exist", "INVALID"
        elif not (line.get("title") or "").strip():
            yield [*at, "title"], "Title can't be blank", "INVALID"
        elif not line.get("priceSet"):
            yield [*at, "priceSet"], "Price can't be blank", "INVALID"


def _tax_problems(order: Sent) -> Iterator[Problem]:
    parts: list[tuple[list[str], Sent]] = [([], order)]
    for name in ("lineItems", "shippingLines"):
        parts += [([name, str(place)], line) for place, line in enumerate(order.get(name) or ())]
    for at, part in parts:
        for place, tax in enumerate(part.get("taxLines") or ()):
            if not _is_number(tax.get("rate")):
                yield [*at, "taxLines", str(place), "rate"], "Tax line rate is missing", "TAX_LINE_RATE_MISSING"
    if order.get("taxLines") and any(part.get("taxLines") for at, part in parts if at):
        yield ["taxLines"], BOTH_TAXES, "INVALID"


def _is_number(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def processed_at(text: str | None) -> str:
    """When an order was processed: now at the latest (from 2026-07 a later time is taken for now)."""
    now = datetime.now(UTC)
    asked = moment(text) if text else None
    return stamp(min(asked, now) if asked else now)
