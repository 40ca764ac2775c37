"""Which keys of the nested records go into a document; all others are dropped, and nulls with them.

A document is read, hashed and sent on by the hundred thousand: what no history, address or order of Shopify is made
of (embedded customers, descriptions, images, prices of other terms, fees, `url`, `type`) stays in the staging tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Keys = dict[str, Any]
"""Key to None (taken as it is), to the keys of an object, or to a list with the keys of an array's objects."""

ADDRESS: Keys = dict.fromkeys(
    ("id", "to", "street", "unit", "city", "state", "zip_code", "country", "company", "phone_number")
)
SUBSCRIPTION: Keys = {
    **dict.fromkeys(("id", "status", "autorenew", "start_date", "end_date", "skipped_date", "billing_name")),
    **dict.fromkeys(("product_billing_id", "credit", "revenue", "note", "is_test", "source")),
    "address": ADDRESS,
    "billing": dict.fromkeys(("id", "rebill_day", "rebill_weeks", "rebill_months", "rebill_window")),
    "term": dict.fromkeys(("id", "name", "description", "num_cycles")),
    "product": dict.fromkeys(("id", "name", "sku", "product_type")),
    "product_instance": dict.fromkeys(("id", "name", "sku", "price", "product_id")),
    "subscription_gift_info": dict.fromkeys(("gift_message", "gift_recipient_email", "gift_recipient_name")),
}
ORDER: Keys = {
    **dict.fromkeys(("id", "placed_at", "status", "financial_status", "fulfillment_status")),
    **dict.fromkeys(("is_renewal", "is_gift", "is_test", "note", "gift_message")),
    **dict.fromkeys(("sub_total", "total", "total_price", "total_shipping", "gross_shipping", "total_tax")),
    **dict.fromkeys(("credit_applied", "gift_card_discount", "refunded_amount", "card_refunded_amount")),
    **dict.fromkeys(("refund_applied", "prorated_charge")),
    "order_gift_info": dict.fromkeys(("gift_message", "gift_recipient_email", "gift_recipient_name")),
    "ship_address": ADDRESS,
    "bill_address": ADDRESS,
    "coupons": [dict.fromkeys(("code_used", "code_primary", "name"))],
    "products": [
        {
            **dict.fromkeys(("id", "subscription_id", "name", "quantity", "price", "discount", "shipping", "tax")),
            "instance": {
                **dict.fromkeys(("id", "sku", "name", "price", "product_id")),
                "product": dict.fromkeys(("id", "name", "sku")),
            },
        }
    ],
}
NOT_HASHED = ("url", "type", "store_settings")
"""Columns of a customer that say nothing about the customer."""


_ARRAYS: dict[str, Keys] = {
    "addresses": ADDRESS,
    "coupons": ORDER["coupons"][0],
    "products": ORDER["products"][0],
}
_ALL_ELEMENTS = """
select coalesce(jsonb_agg({} order by e.ordinality), '[]') from jsonb_array_elements($1) with ordinality e
"""
_CHOSEN = "select jsonb_object_agg(x.key, x.value) from jsonb_each($1) x where x.key = any($2)"
_FUNCTION = "create function migration.kept_{}(jsonb{}) returns jsonb language sql immutable parallel safe as $${}$$"


def functions() -> dict[str, str]:
    """Return, by signature, the SQL functions that the records are made with.

    As subqueries in the statements they would keep PostgreSQL from working in parallel.
    """
    made = {
        f"migration.kept_{name}(jsonb)": _FUNCTION.format(name, "", _ALL_ELEMENTS.format(_value("e.value", keys)))
        for name, keys in _ARRAYS.items()
    }
    return {**made, "migration.kept_extra(jsonb, text[])": _FUNCTION.format("extra", ", text[]", _CHOSEN)}


def record(alias: str, keys: Keys, columns: Mapping[str, str]) -> str:
    """Return the SQL of one staged row as a nested record.

    What did not fit its column's type is in the row's `_extra`; from there it comes back to its key, as it was sent.

    Args:
        alias: the table's name in the statement.
        keys: what is kept.
        columns: what the table has, with types; keys without a column are left out.
    """
    pairs = [
        f"'{name}', {_value(f'{alias}.{quoted(name)}' if below is None else nested(alias, name, columns), below, name)}"
        for name, below in keys.items()
        if name in columns
    ]
    made = f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"
    return f"{made} || {_extra(nested(alias, '_extra', columns), keys)}" if "_extra" in columns else made


def array(source: str, name: str) -> str:
    """Return the SQL of a jsonb array of objects, each with its kept keys; null when it is no array."""
    kept = _value(source, [_ARRAYS[name]], name)
    return f"case jsonb_typeof({source}) when 'array' then jsonb_strip_nulls({kept}) end"


def nested(alias: str, name: str, columns: Mapping[str, str]) -> str:
    """Return the SQL of a column as jsonb; the conversion, which copies, only where it is needed."""
    column = f"{alias}.{quoted(name)}"
    return column if columns[name] == "jsonb" else f"to_jsonb({column})"


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _value(source: str, below: Any, name: str = "") -> str:
    """Return the SQL of a value; what is not of the kind it should be is taken as it is."""
    if below is None:
        return source
    if isinstance(below, list):
        # Most arrays have one element, and a function call costs more than all else together.
        one = f"jsonb_build_array({_value(f'({source}) -> 0', below[0])})"
        many = f"migration.kept_{name}({source})"
        made = f"case jsonb_array_length({source}) when 1 then {one} else {many} end"
        return f"case jsonb_typeof({source}) when 'array' then {made} else {source} end"
    pairs = [f"'{key}', " + _value(f"{source} -> '{key}'", inside, key) for key, inside in below.items()]
    return f"case jsonb_typeof({source}) when 'object' then jsonb_build_object({', '.join(pairs)}) else {source} end"


def _extra(source: str, keys: Keys) -> str:
    names = ", ".join(f"'{name}'" for name in keys)
    found = f"case jsonb_typeof({source}) when 'object' then migration.kept_extra({source}, array[{names}]) end"
    return f"coalesce({found}, '{{}}')"
