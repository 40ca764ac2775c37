"""order, orderByIdentifier, orders, ordersCount: look-ups are never behind, searches may be."""

from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment, stamp
from cratejoy_sandbox.shopify.customers.searching import NOW, indexed_until
from cratejoy_sandbox.shopify.metafields.custom_ids import check_custom_id, owner_by_custom_id
from cratejoy_sandbox.shopify.orders.record import KIND, oldest, order_of, visible
from cratejoy_sandbox.shopify.paging import last_id, window
from cratejoy_sandbox.shopify.registry import Args, Entity, query
from cratejoy_sandbox.shopify.search import Condition, Found, Meaning, column, understood

SORTS = {
    "CREATED_AT": "created_at",
    "PROCESSED_AT": "processed_at",
    "UPDATED_AT": "updated_at",
    "ORDER_NUMBER": "number",
    "TOTAL_PRICE": "total",
    "CURRENT_TOTAL_PRICE": "total",
    "PO_NUMBER": "po_number",
    "FINANCIAL_STATUS": "financial_status",
    "FULFILLMENT_STATUS": "fulfillment_status",
}
COUNTED = 10_000
"""Where ordersCount stops unless another limit, or none, is asked for (schema)."""


def _number(text: str) -> int:
    return int(text.rsplit("/", 1)[-1])


def _time(text: str) -> str:
    when = moment(text)
    if when is None:
        raise ValueError(text)
    return stamp(when)


def _tag(_: str, value: str) -> Condition:
    return 'id IN (SELECT "order" FROM order_tags WHERE tag = ?)', (value.casefold(),)


def _tag_not(_: str, value: str) -> Condition:
    return 'id NOT IN (SELECT "order" FROM order_tags WHERE tag = ?)', (value.casefold(),)


def _name(operator: str, value: str) -> Condition:
    """A name with or without its number sign."""
    return f"LTRIM(name, '#') {operator} ?", (value.lstrip("#"),)


def _status(_: str, value: str) -> Condition:
    states = {"not_closed": ("open", "cancelled"), "any": ("open", "closed", "cancelled")}
    wanted = states.get(value.casefold(), (value.casefold(),))
    return f"status IN ({', '.join('?' * len(wanted))})", wanted


def _words(_: str, value: str) -> Condition:
    return "(name || ' ' || IFNULL(email, '')) LIKE ?", (f"%{value.rstrip('*').casefold()}%",)


FIELDS: dict[str, Meaning] = {
    "id": column("id", _number),
    "customer_id": column("customer", _number),
    "created_at": column("created_at", _time),
    "processed_at": column("processed_at", _time),
    "updated_at": column("updated_at", _time),
    "email": column("email", str.casefold),
    "financial_status": column("financial_status", str.casefold),
    "fulfillment_status": column("fulfillment_status", str.casefold),
    "confirmation_number": column("confirmation_number"),
    "po_number": column("po_number"),
    "source_identifier": column("source_identifier"),
    "source_name": column("source_name"),
    "test": column("test", str.casefold),
    "total_price": column("total", float),
    "current_total_price": column("total", float),
    "name": _name,
    "status": _status,
    "tag": _tag,
    "tag_not": _tag_not,
}


@query("order")
def order(call: Call, args: Args) -> Entity | None:
    """An order by global id, or null."""
    return order_of(call, args["id"])


@query("orderByIdentifier")
def order_by_identifier(call: Call, args: Args) -> Entity | None:
    """An order by global id or custom id."""
    identifier = args["identifier"]
    if "id" in identifier:
        return order_of(call, identifier["id"])
    check_custom_id(call, "ORDER", identifier["customId"])
    return visible(call, call.store.get(KIND, owner_by_custom_id(call, "ORDER", identifier["customId"])))


@query("orders")
def orders(call: Call, args: Args) -> Entity:
    """Orders that a query finds, by page; the oldest processed first unless sorted otherwise."""
    sql, values = _where(call, "orders", args.get("query"))
    key = args.get("sortKey")
    sort = SORTS.get(key or "PROCESSED_AT", "id")

    def fetch(position: Any, limit: int, backwards: bool) -> list[Entity]:  # noqa: FBT001
        descending = bool(args.get("reverse")) != backwards
        return _rows(call, (sql, values), (sort, descending), position, limit)

    return window(fetch, args)


def _rows(call: Call, where: Condition, sort: tuple[str, bool], position: Any, limit: int) -> list[Entity]:
    """One window of the index, in an order and behind the order of a cursor."""
    sql, values = where
    key, descending = sort
    way, compare = ("DESC", "<") if descending else ("ASC", ">")
    if position is not None:
        sql = f"({sql}) AND ({key}, id) {compare} (SELECT {key}, id FROM order_index WHERE id = ?)"  # noqa: S608 - ours
        values = (*values, last_id(position))
    text = f"SELECT id FROM order_index WHERE {sql} ORDER BY {key} {way}, id {way} LIMIT ?"  # noqa: S608 - ours
    found = [call.store.get(KIND, row[0]) for row in call.store.execute(text, (*values, limit))]
    return [item for item in found if item]


@query("ordersCount")
def orders_count(call: Call, args: Args) -> Entity:
    """How many a query finds; at most `limit`, and then the precision says so."""
    sql, values = _where(call, "ordersCount", args.get("query"))
    row = call.store.execute(f"SELECT COUNT(*) FROM order_index WHERE {sql}", values).fetchone()  # noqa: S608
    limit = args.get("limit", COUNTED)
    if limit is not None and row[0] > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": row[0], "precision": "EXACT"}


def _where(call: Call, root: str, text: str | None) -> Condition:
    """SQL for a query, without what the token may not see or the index does not know yet."""
    found = understood(text, FIELDS, _words) if text else Found(("1", ()))
    if found.warnings:
        call.search_warnings.append({"path": [root], "query": text, "warnings": found.warnings})
    sql, values = found.condition
    until = indexed_until(call)
    lag = "" if until == NOW else f" AND since <= {until}"
    return f"({sql}) AND processed_at >= ?{lag}", (*values, oldest(call))
