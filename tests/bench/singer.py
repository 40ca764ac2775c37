"""Customer documents as the staging database's extractor writes them, made by number: SCHEMA, so many RECORDs, STATE.

Ids, e-mails, phones, addresses, dates and prices differ from customer to customer. About 2.4 KB with one order, 5.2 KB
with five.

    python -m tests.bench.singer 100000 --orders 5
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

STREAM = "migration-customer_documents"
_FIRST_ID = 7_101_000_017
_STEP = 7
_PRODUCT = {"id": 55000010, "sku": "TEA", "name": "Tea Box", "product_type": 0}
_INSTANCE = {"id": 55000020, "sku": "TEA-GREEN", "name": "Tea Box - Green", "price": 3999, "product_id": 55000010}
_SOLD = {"id": 55000020, "sku": "TEA-GREEN", "product": {"id": 55000010, "name": "Tea Box"}, "product_id": 55000010}
_NULLS = ("note", "status", "store_settings", "_md", "_md_id", "_extra")
_FIRST_DAY = datetime(2021, 1, 1, tzinfo=UTC)
_MOMENTS = [f"{_FIRST_DAY + timedelta(hours=31 * number):%Y-%m-%dT%H:00:00}+00:00" for number in range(1500)]
_BATCH = 200


def document(number: int, orders: int) -> dict[str, Any]:
    """Return one customer's document; numbers begin with 0."""
    identity = _FIRST_ID + number * _STEP
    return {
        "id": identity,
        "name": f"Ada Marsh{number}",
        "first_name": "Ada",
        "last_name": f"Marsh{number}",
        "email": f"ada.{identity}@example.com",
        "country": "US",
        "location": "OR, US",
        "num_orders": orders,
        "num_subscriptions": 1,
        "subscription_status": "active",
        "total_revenue": 4499 * orders,
        **dict.fromkeys(_NULLS),
        "type": "customer",
        "url": f"/v1/customers/{identity}/",
        "addresses": [_address(number)],
        "subscriptions": [_subscription(number)],
        "orders": [_order(number, place) for place in reversed(range(orders))],
        "email_key": f"ada.{identity}@example.com",
        "group_first_id": identity,
        "group_size": 1,
        "document_hash": f"{identity:064x}",
    }


def _address(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "to": f"Ada Marsh{number}",
        "city": "Portland",
        "unit": "4B",
        "state": "OR",
        "street": f"{number} Example Street",
        "company": "",
        "country": "US",
        "zip_code": "97201",
        "phone_number": f"503{2_000_000 + number:07d}",
    }


def _subscription(number: int) -> dict[str, Any]:
    return {
        "id": 8101000000 + number * 3,
        "note": "",
        "term": {"id": 55000030, "name": "Month to Month", "num_cycles": 1, "description": "Billed every month"},
        "source": 1,
        "status": "active",
        "address": _address(number),
        "billing": {"id": 55000001, "rebill_day": 15, "rebill_months": 1, "rebill_window": 10},
        "is_test": False,
        "product": _PRODUCT,
        "end_date": "2026-11-15T00:00:00+00:00",
        "autorenew": True,
        "start_date": _MOMENTS[number % len(_MOMENTS)],
        "billing_name": "Monthly",
        "product_instance": _INSTANCE,
        "product_billing_id": 55000001,
    }


def _order(number: int, place: int) -> dict[str, Any]:
    price = 3999 + number % 500
    line = {
        "id": number * 10 + place,
        "tax": 0,
        "price": price,
        "discount": 0,
        "instance": {**_SOLD, "price": price},
        "quantity": 1,
        "shipping": 500,
        "subscription_id": 8101000000 + number * 3,
    }
    return {
        "id": 9101000000 + number * 30 + place * 3,
        "total": price + 500,
        "status": "closed",
        "is_gift": False,
        "is_test": False,
        "products": [line],
        "placed_at": _MOMENTS[(number * 7 + place * 24) % len(_MOMENTS)],
        "sub_total": price,
        "total_tax": 0,
        "is_renewal": place > 0,
        "total_price": price + 500,
        "gift_message": "",
        "credit_applied": 0,
        "gross_shipping": 500,
        "total_shipping": 500,
        "refunded_amount": 0,
        "financial_status": "paid",
        "fulfillment_status": "fulfilled",
        "gift_card_discount": 0,
        "card_refunded_amount": 0,
    }


def main() -> None:
    """Write the messages to standard output."""
    parser = argparse.ArgumentParser(description="Write customer documents as Singer messages.")
    parser.add_argument("count", type=int)
    parser.add_argument("--orders", type=int, default=1, help="of each customer")
    options = parser.parse_args()
    properties = {name: {} for name in document(0, 1)} | {"id": {"type": ["integer"]}}
    schema = {"type": "SCHEMA", "stream": STREAM, "schema": {"type": "object", "properties": properties}}
    out = sys.stdout
    out.write(f"{json.dumps({**schema, 'key_properties': ['id']})}\n")
    for start in range(0, options.count, _BATCH):
        records = (document(number, options.orders) for number in range(start, min(start + _BATCH, options.count)))
        lines = (json.dumps({"type": "RECORD", "stream": STREAM, "record": record}) for record in records)
        out.writelines(f"{line}\n" for line in lines)
    out.write(f"{json.dumps({'type': 'STATE', 'value': {'bookmarks': {STREAM: {}}}})}\n")
    out.flush()


if __name__ == "__main__":
    main()
