"""customerSegmentMembers: the part of the segment language that counts by tag, e-mail and orders."""

import re

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND
from cratejoy_sandbox.shopify.customers.searching import indexed_until
from cratejoy_sandbox.shopify.errors import not_modelled
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.paging import last_id, window
from cratejoy_sandbox.shopify.registry import Args, Entity, field, query
from cratejoy_sandbox.shopify.search import Condition

TAGS = "id {} (SELECT customer FROM customer_tags WHERE tag = ? AND since <= :now)"
FORMS: tuple[tuple[str, str], ...] = (
    (r"customer_tags\s+CONTAINS\s+'([^']*)'", TAGS.format("IN")),
    (r"customer_tags\s+NOT\s+CONTAINS\s+'([^']*)'", TAGS.format("NOT IN")),
    (r"customer_countries\s+CONTAINS\s+'([^']*)'", "LOWER(country) = ?"),
    (r"email_subscription_status\s*=\s*'SUBSCRIBED'", "accepts_marketing = 1"),
    (r"number_of_orders\s*=\s*(\d+)", "orders_count = ?"),
    (r"number_of_orders\s*>\s*(\d+)", "orders_count > ?"),
    (r"number_of_orders\s*>=\s*(\d+)", "orders_count >= ?"),
)


@field("CustomerSegmentMember", "id")
def member_id(member: Entity, _: Call, __: Args) -> str:
    """Global id: the customer's number under another type."""
    return gid("CustomerSegmentMember", member["id"])


@query("customerSegmentMembers")
def customer_segment_members(call: Call, args: Args) -> Entity:
    """Members that a segment query finds, with their number."""
    if args.get("query") is None:
        raise not_modelled("customerSegmentMembers(segmentId:, queryId:)")
    sql, values = _where(args["query"])
    sql = sql.replace(":now", str(indexed_until(call)))

    def fetch(position: object, limit: int, backwards: bool) -> list[Entity]:  # noqa: FBT001
        after = last_id(str(position)) if position is not None else None
        compare, way = ("<", "DESC") if backwards else (">", "ASC")
        bound = f"AND id {compare} {after}" if after is not None else ""
        text = f"SELECT id FROM customer_index WHERE ({sql}) {bound} ORDER BY id {way} LIMIT ?"  # noqa: S608
        return [_member(call, row[0]) for row in call.store.execute(text, (*values, limit)).fetchall()]

    total = call.store.execute(f"SELECT COUNT(*) FROM customer_index WHERE {sql}", values).fetchone()[0]  # noqa: S608
    page = window(fetch, {"first": 250, **args} if not args.get("last") else args)
    return {**page, "totalCount": total}


def _where(text: str) -> Condition:
    parts, values = [], []
    for term in re.split(r"\s+AND\s+", text.strip()):
        for pattern, sql in FORMS:
            match = re.fullmatch(pattern, term.strip())
            if match:
                parts.append(f"({sql})")
                values += [group.casefold() if not group.isdecimal() else int(group) for group in match.groups()]
                break
        else:
            raise not_modelled(f"The segment query {term!r}")
    return " AND ".join(parts), tuple(values)


def _member(call: Call, number: int) -> Entity:
    customer = call.store.get(KIND, number) or {}
    return {
        "__typename": "CustomerSegmentMember",
        "id": number,
        "firstName": customer["firstName"],
        "lastName": customer["lastName"],
        "displayName": customer["email"],
        "note": customer["note"],
        "numberOfOrders": str(customer["orders_count"]),
    }
