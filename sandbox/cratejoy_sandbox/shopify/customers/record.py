"""A customer as it is stored, and the tables by which one is found.

A record holds the plain fields under their API names, `addresses` (a list, each with its number), the number of
the default address, the consents, and what orders add up to (`orders_count`, `amount_spent`).
"""

import time
from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import number_of
from cratejoy_sandbox.shopify.registry import Entity, tables

KIND = "Customer"
tables(
    """
    CREATE TABLE IF NOT EXISTS customer_index (
        id INTEGER PRIMARY KEY, email TEXT, phone TEXT, first_name TEXT, last_name TEXT, state TEXT, country TEXT,
        orders_count INTEGER, total_spent REAL, accepts_marketing INTEGER, created_at TEXT, updated_at TEXT,
        since REAL);
    CREATE UNIQUE INDEX IF NOT EXISTS customer_by_email ON customer_index (email) WHERE email IS NOT NULL;
    CREATE UNIQUE INDEX IF NOT EXISTS customer_by_phone ON customer_index (phone) WHERE phone IS NOT NULL;
    CREATE TABLE IF NOT EXISTS customer_tags (
        tag TEXT, customer INTEGER, since REAL, PRIMARY KEY (tag, customer)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS customer_addresses (id INTEGER PRIMARY KEY, customer INTEGER);
    """
)
NEW: dict[str, Any] = {
    "firstName": None,
    "lastName": None,
    "email": None,
    "phone": None,
    "locale": "en",
    "note": None,
    "tags": [],
    "taxExempt": False,
    "taxExemptions": [],
    "state": "DISABLED",
    "verifiedEmail": True,
    "addresses": [],
    "default_address": None,
    "email_consent": None,
    "sms_consent": None,
    "whatsapp_consent": None,
    "multipassIdentifier": None,
    "dataSaleOptOut": False,
    "erasure": False,
    "orders_count": 0,
    "amount_spent": "0.0",
}


def new_customer(call: Call) -> Entity:
    """A customer without anything but a number and dates; not yet stored."""
    now = call.clock.now()
    return {"id": call.store.new_id(), **NEW, "tags": [], "addresses": [], "createdAt": now, "updatedAt": now}


def customer_of(call: Call, identifier: str) -> Entity | None:
    """The customer with a global id; one that was merged away is not there any more."""
    return call.store.get(KIND, number_of(identifier, KIND))


def by_email(call: Call, email: str) -> Entity | None:
    """The customer with an address in this form or in other capitals."""
    return _indexed(call, "email", email.casefold())


def by_phone(call: Call, phone: str) -> Entity | None:
    """The customer with this number, written as E.164."""
    return _indexed(call, "phone", phone)


def _indexed(call: Call, column: str, value: str) -> Entity | None:
    row = call.store.execute(f"SELECT id FROM customer_index WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
    return call.store.get(KIND, row[0]) if row else None


def owner_of_address(call: Call, number: int | None) -> int | None:
    """Number of the customer who has an address."""
    row = call.store.execute("SELECT customer FROM customer_addresses WHERE id = ?", (number,)).fetchone()
    return row[0] if row else None


def save(call: Call, customer: Entity, before: Entity | None = None) -> Entity:
    """Write a customer and what it is found by; `before` is what was stored, None for a new one."""
    customer["updatedAt"] = call.clock.now()
    call.store.put(KIND, customer["id"], customer)
    _save_index(call, customer, new=before is None)
    _save_set(call, "customer_tags", customer["id"], *_changes(_tags(before), _tags(customer)))
    _save_set(call, "customer_addresses", customer["id"], *_changes(_addresses(before), _addresses(customer)))
    return customer


def note_order(call: Call, number: int, *, orders: int, amount: str) -> None:
    """Add to a customer's count and sum of orders; negative when an order goes."""
    customer = call.store.get(KIND, number)
    if customer:
        before = dict(customer)
        customer["orders_count"] = max(0, customer["orders_count"] + orders)
        customer["amount_spent"] = str(max(Decimal("0.0"), Decimal(customer["amount_spent"]) + Decimal(amount)))
        save(call, customer, before)


def remove(call: Call, customer: Entity) -> None:
    """Remove a customer with all that is found by it."""
    number = customer["id"]
    call.store.remove(KIND, number)
    call.store.execute("DELETE FROM customer_index WHERE id = ?", (number,))
    _save_set(call, "customer_tags", number, _tags(customer), set())
    _save_set(call, "customer_addresses", number, _addresses(customer), set())


def _save_index(call: Call, customer: Entity, *, new: bool) -> None:
    default: Entity = next((a for a in customer["addresses"] if a["id"] == customer["default_address"]), {})
    consent = customer["email_consent"] or {}
    values = {
        "email": customer["email"].casefold() if customer["email"] else None,
        "phone": customer["phone"],
        "first_name": (customer["firstName"] or "").casefold(),
        "last_name": (customer["lastName"] or "").casefold(),
        "state": customer["state"],
        "country": default.get("countryCodeV2"),
        "orders_count": customer["orders_count"],
        "total_spent": float(customer["amount_spent"]),
        "accepts_marketing": int(consent.get("state") == "SUBSCRIBED"),
        "updated_at": customer["updatedAt"],
    }
    if new:
        row = (customer["id"], *values.values(), customer["createdAt"], time.time())
        names = f"id, {', '.join(values)}, created_at, since"
        sql = f"INSERT INTO customer_index ({names}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - our names
        call.store.execute(sql, row)
        return
    sets = ", ".join(f"{name} = ?" for name in values)
    call.store.execute(f"UPDATE customer_index SET {sets} WHERE id = ?", (*values.values(), customer["id"]))  # noqa: S608


def _tags(customer: Entity | None) -> set[Any]:
    return {tag.casefold() for tag in customer["tags"]} if customer else set()


def _addresses(customer: Entity | None) -> set[Any]:
    return {address["id"] for address in customer["addresses"]} if customer else set()


def _changes(before: set[Any], after: set[Any]) -> tuple[set[Any], set[Any]]:
    return before - after, after - before


def _save_set(call: Call, table: str, number: int, gone: set[Any], come: set[Any]) -> None:
    column = "tag" if table == "customer_tags" else "id"
    for value in gone:
        call.store.execute(f"DELETE FROM {table} WHERE {column} = ? AND customer = ?", (value, number))  # noqa: S608
    for value in come:
        row = (value, number, time.time()) if column == "tag" else (value, number)
        marks = ", ".join("?" * len(row))
        call.store.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
