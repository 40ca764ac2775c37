"""A Cratejoy customer document to vary, and the two calls the tests are about."""

from __future__ import annotations

from typing import Any

from target_shopify.mapping.customer import ShopifyCustomer, combine
from target_shopify.mapping.member import Member, read_member
from target_shopify.mapping.options import MappingOptions

OPTIONS = MappingOptions()


def document(**changes: Any) -> dict[str, Any]:
    """Ada Marsh, who has told nothing but her name and e-mail, with changes."""
    return {"id": 7101000017, "email": "ada.marsh@example.com", "first_name": "Ada", "last_name": "Marsh", **changes}


def address(**changes: Any) -> dict[str, Any]:
    """An address record of Ada Marsh, with changes."""
    return {
        "id": 7101000018,
        "to": "Ada Marsh",
        "street": "12 Example Street",
        "unit": "4B",
        "city": "Portland",
        "state": "OR",
        "zip_code": "97201",
        "country": "US",
        "company": "",
        "phone_number": None,
        **changes,
    }


def subscription(number: int = 7101000140, **changes: Any) -> dict[str, Any]:
    """An active monthly subscription, with changes."""
    return {
        "id": number,
        "status": "active",
        "start_date": "2026-08-15T14:02:11Z",
        "end_date": "2026-11-15T00:00:00Z",
        "is_test": False,
        **changes,
    }


def order(number: int = 7101000120, **changes: Any) -> dict[str, Any]:
    """A paid order of one tea box with shipping, with changes."""
    return {
        "id": number,
        "placed_at": "2026-10-15T06:01:44Z",
        "status": "open",
        "financial_status": "paid",
        "fulfillment_status": "unfulfilled",
        "is_renewal": True,
        "is_gift": False,
        "is_test": False,
        "sub_total": 3999,
        "total_shipping": 500,
        "total_tax": 0,
        "total": 4499,
        "refunded_amount": 0,
        "products": [order_line()],
        **changes,
    }


def order_line(**changes: Any) -> dict[str, Any]:
    """One tea box in an order, with changes."""
    instance = {"sku": "TEA-GREEN", "product": {"id": 55000010, "name": "Tea Box"}}
    return {"quantity": 1, "price": 3999, "instance": instance, **changes}


def member(**changes: Any) -> Member:
    """Read a varied document."""
    return read_member(document(**changes), OPTIONS)


def customer(**changes: Any) -> ShopifyCustomer:
    """Read a varied document and make it a customer of its own."""
    return combine([member(**changes)], OPTIONS)


def values(made: ShopifyCustomer) -> dict[str, str]:
    """Metafield values by key."""
    return {key: one.value for key, one in made.metafields.items()}
