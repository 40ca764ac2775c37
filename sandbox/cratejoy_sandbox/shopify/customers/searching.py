"""customers, customersCount: searches in an index that may lag behind, unlike look-ups by id."""

import time
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment, stamp
from cratejoy_sandbox.shopify.customers.record import KIND
from cratejoy_sandbox.shopify.paging import last_id, window
from cratejoy_sandbox.shopify.registry import Args, Entity, query
from cratejoy_sandbox.shopify.search import Condition, Found, column, understood

NOW = 1e12
SORTS = {
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "NAME": "last_name || ', ' || first_name",
    "LOCATION": "country",
}


def _number(text: str) -> int:
    return int(text.rsplit("/", 1)[-1])


def _time(text: str) -> str:
    when = moment(text)
    if when is None:
        raise ValueError(text)
    return stamp(when)


def _email(operator: str, value: str) -> Condition:
    """Whole addresses match as they are; a part matches a word of the address, as the index is of words."""
    if "@" in value or operator != "=" or value.endswith("*"):
        return column("email", str.casefold)(operator, value)
    return "(' ' || REPLACE(REPLACE(email, '@', ' '), '.', ' ') || ' ') LIKE ?", (f"% {value.casefold()} %",)


def _tag(_: str, value: str) -> Condition:
    return "id IN (SELECT customer FROM customer_tags WHERE tag = ? AND since <= :now)", (value.casefold(),)


def _tag_not(_: str, value: str) -> Condition:
    sql, values = _tag("=", value)
    return f"NOT ({sql})", values


def _accepts(_: str, value: str) -> Condition:
    return "accepts_marketing = ?", (int(value.lower() in {"true", "1", "yes"}),)


def _words(_: str, value: str) -> Condition:
    """Words without a field look at names, e-mail address and phone."""
    like = f"%{value.rstrip('*').casefold()}%"
    return "(first_name || ' ' || last_name || ' ' || IFNULL(email, '') || ' ' || IFNULL(phone, '')) LIKE ?", (like,)


FIELDS = {
    "accepts_marketing": _accepts,
    "country": column("country", str.upper),
    "customer_date": column("created_at", _time),
    "created_at": column("created_at", _time),
    "email": _email,
    "first_name": column("first_name", str.casefold),
    "id": column("id", _number),
    "last_name": column("last_name", str.casefold),
    "orders_count": column("orders_count", int),
    "phone": column("phone"),
    "state": column("state", str.upper),
    "tag": _tag,
    "tag_not": _tag_not,
    "total_spent": column("total_spent", float),
    "updated_at": column("updated_at", _time),
}
COUNTED = {name: FIELDS[name] for name in ("created_at", "id", "updated_at")}


@query("customers")
def customers(call: Call, args: Args) -> Entity:
    """Customers that a query finds, by page; fields it does not know are ignored and warned about."""
    sql, values = _where(call, "customers", args.get("query"), FIELDS)
    order = SORTS.get(args.get("sortKey") or "ID", "id")

    def fetch(position: Any, limit: int, backwards: bool) -> list[Entity]:  # noqa: FBT001
        descending = bool(args.get("reverse")) != backwards
        return _rows(call, (sql, values), (order, descending), position, limit)

    return window(fetch, args)


def _rows(call: Call, where: Condition, sort: tuple[str, bool], position: Any, limit: int) -> list[Entity]:
    """One window of an index, in an order and behind the customer of a cursor."""
    sql, values = where
    order, descending = sort
    way, compare = ("DESC", "<") if descending else ("ASC", ">")
    if position is not None:
        number = last_id(position)
        behind = f"(SELECT {order}, id FROM customer_index WHERE id = ?)"  # noqa: S608 - names are our own
        sql = f"({sql}) AND ({order}, id) {compare} {behind}"
        values = (*values, number)
    text = f"SELECT id FROM customer_index WHERE {sql} ORDER BY {order} {way}, id {way} LIMIT ?"  # noqa: S608 - ours
    found = [call.store.get(KIND, row[0]) for row in call.store.execute(text, (*values, limit))]
    return [customer for customer in found if customer]


@query("customersCount")
def customers_count(call: Call, args: Args) -> Entity:
    """How many a query finds; at most `limit`, and then the precision says so."""
    sql, values = _where(call, "customersCount", args.get("query"), COUNTED)
    row = call.store.execute(f"SELECT COUNT(*) FROM customer_index WHERE {sql}", values).fetchone()  # noqa: S608
    limit = args.get("limit")
    if limit is not None and row[0] > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": row[0], "precision": "EXACT"}


def _where(call: Call, root: str, text: str | None, fields: Any) -> Condition:
    """SQL for a query, without what the index does not know yet."""
    found = understood(text, fields, _words if root == "customers" else _ignored) if text else Found(("1", ()))
    if found.warnings:
        call.search_warnings.append({"path": [root], "query": text, "warnings": found.warnings})
    seen = indexed_until(call)
    sql, values = found.condition
    sql = sql.replace(":now", str(seen))
    return (sql, values) if seen == NOW else (f"since <= {seen} AND ({sql})", values)


def _ignored(_: str, __: str) -> Condition:
    return "1", ()


def indexed_until(call: Call) -> float:
    """Until when the search index knows what was written, as Unix time; the switch `index_lag` holds it back."""
    lag = call.simulator.faults.option("index_lag", "graphql", "seconds")
    return NOW if lag is None else time.time() - call.clock.real(lag)
