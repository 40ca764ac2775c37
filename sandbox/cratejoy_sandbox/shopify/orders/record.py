"""An order as it is stored, and the tables by which one is found."""

import time
from collections.abc import Iterator
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import number_of
from cratejoy_sandbox.shopify.registry import Entity, tables

KIND = "Order"
FIRST_NUMBER = 1001
YOUNG = 60 * 86_400
"""Seconds that an order can be read without `read_all_orders` (Shopify's page on access scopes)."""
COLUMNS = {
    "number": "INTEGER",
    "name": "TEXT",
    "email": "TEXT",
    "customer": "INTEGER",
    "financial_status": "TEXT",
    "fulfillment_status": "TEXT",
    "status": "TEXT",
    "source_identifier": "TEXT",
    "source_name": "TEXT",
    "po_number": "TEXT",
    "confirmation_number": "TEXT",
    "test": "TEXT",
    "total": "REAL",
    "created_at": "TEXT",
    "processed_at": "TEXT",
    "updated_at": "TEXT",
}
tables(
    f"""
    CREATE TABLE IF NOT EXISTS order_index (
        id INTEGER PRIMARY KEY, since REAL, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())});
    CREATE INDEX IF NOT EXISTS order_by_customer ON order_index (customer, id);
    CREATE INDEX IF NOT EXISTS order_by_source ON order_index (source_identifier);
    CREATE INDEX IF NOT EXISTS order_by_name ON order_index (name);
    CREATE TABLE IF NOT EXISTS order_numbers (top INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS order_times (at REAL);
    CREATE TABLE IF NOT EXISTS order_tags (
        tag TEXT, "order" INTEGER, PRIMARY KEY (tag, "order")) WITHOUT ROWID;
    """
)


def new_number(call: Call) -> int:
    """The next number of an order, which no other had."""
    row = call.store.execute("SELECT top FROM order_numbers").fetchone()
    number: int = row[0] + 1 if row else FIRST_NUMBER
    call.store.execute("DELETE FROM order_numbers")
    call.store.execute("INSERT INTO order_numbers VALUES (?)", (number,))
    return number


def order_of(call: Call, identifier: str) -> Entity | None:
    """The order with a global id, if the token may see it."""
    return visible(call, call.store.get(KIND, number_of(identifier, KIND)))


def visible(call: Call, order: Entity | None) -> Entity | None:
    """An order, unless it is too old for the token."""
    return order if order and (order["processedAt"] >= oldest(call)) else None


def oldest(call: Call) -> str:
    """Time from which on the token may read orders; empty when that is all."""
    if "read_all_orders" in call.scopes:
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - YOUNG))


def save(call: Call, order: Entity) -> Entity:
    """Write an order and what it is found by."""
    order["updatedAt"] = call.clock.now()
    number = order["id"]
    call.store.put(KIND, number, order)
    row = call.store.execute("SELECT since FROM order_index WHERE id = ?", (number,)).fetchone()
    values = (number, row[0] if row else time.time(), *_indexed(order))
    marks = ", ".join("?" * len(values))
    call.store.execute(f"INSERT OR REPLACE INTO order_index VALUES ({marks})", values)  # noqa: S608 - only marks
    call.store.execute('DELETE FROM order_tags WHERE "order" = ?', (number,))
    for tag in order["tags"]:
        call.store.execute("INSERT OR IGNORE INTO order_tags VALUES (?, ?)", (tag.casefold(), number))
    return order


def remove(call: Call, order: Entity) -> None:
    """Remove an order with all that is found by it."""
    call.store.remove(KIND, order["id"])
    call.store.execute("DELETE FROM order_index WHERE id = ?", (order["id"],))
    call.store.execute('DELETE FROM order_tags WHERE "order" = ?', (order["id"],))


def of_customer(call: Call, customer: int) -> Iterator[Entity]:
    """Orders of a customer by number."""
    rows = call.store.execute("SELECT id FROM order_index WHERE customer = ? ORDER BY id", (customer,)).fetchall()
    for row in rows:
        order = visible(call, call.store.get(KIND, row[0]))
        if order:
            yield order


def _indexed(order: Entity) -> tuple[Any, ...]:
    """Values of the columns, in their order."""
    status = "cancelled" if order["cancelledAt"] else "closed" if order["closedAt"] else "open"
    return (
        order["number"],
        order["name"],
        (order["email"] or "").casefold() or None,
        order["customer"],
        (order["displayFinancialStatus"] or "").casefold(),
        order["displayFulfillmentStatus"].casefold(),
        status,
        order["sourceIdentifier"],
        order["sourceName"],
        order["poNumber"],
        order["confirmationNumber"],
        str(order["test"]).casefold(),
        float(order["totalPriceSet"]["shopMoney"]["amount"]),
        order["createdAt"],
        order["processedAt"],
        order["updatedAt"],
    )
