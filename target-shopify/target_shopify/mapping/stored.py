"""The Cratejoy customers that a Shopify customer holds already, rebuilt from our metafields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from target_shopify.mapping import histories
from target_shopify.mapping.histories import Kind
from target_shopify.mapping.member import Member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.rows import Row
from target_shopify.mapping.values import cents, cents_of, identifier, moment, record, whole

if TYPE_CHECKING:
    from target_shopify.mapping.sync_state import SyncState

Rows = dict[Kind, list[Row] | None]

_DATES: dict[Kind, str] = {"subscriptions": "started_at", "orders": "placed_at"}
_EARLIER = ("earlier_repair",)


def stored_members(
    state: SyncState | None, customer_id: str | None, metafields: Mapping[str, str], options: MappingOptions
) -> list[Member]:
    """Return the members that Shopify holds already, with histories and figures but without fields and addresses.

    Args:
        state: The bookkeeping, if there is any.
        customer_id: Value of the id metafield; without bookkeeping of members, all belongs to it.
        metafields: Values by key, all parts of the histories among them.
        options: Currency of the stored values.
    """
    rows: Rows = {kind: _rows(kind, metafields) for kind in histories.KEYS}
    if state is not None and state.members:
        return _several(state.members, rows, metafields)
    number = identifier(customer_id)
    return [] if number is None else [_one(number, rows, metafields, options)]


def _rows(kind: Kind, metafields: Mapping[str, str]) -> list[Row] | None:
    found = histories.join(kind, metafields)
    return None if found is None else [_restored(row, _DATES[kind]) for row in found]


def _restored(row: Row, date: str) -> Row:
    """Return a history item with the properties we go by in order, whatever somebody made of them in Shopify."""
    status = row.get("status")
    own = {
        "id": identifier(row.get("id")),
        "status": status if isinstance(status, str) else None,
        date: moment(row.get(date)),
        "is_test": row.get("is_test") if isinstance(row.get("is_test"), bool) else None,
    }
    return {**row, **own}


def _one(number: int, rows: Rows, metafields: Mapping[str, str], options: MappingOptions) -> Member:
    subscriptions, orders = _tuple(rows["subscriptions"]), _tuple(rows["orders"])
    flags = [row["is_test"] for row in (*(subscriptions or ()), *(orders or ()))]
    status = metafields.get("subscription_status")
    return Member(
        number,
        source_email=metafields.get("source_email"),
        subscriptions=subscriptions,
        orders=orders,
        order_count=whole(metafields.get("order_count")),
        lifetime_value=_value(metafields.get("lifetime_value"), options.currency),
        is_test=bool(flags) and all(flags),
        status=status if subscriptions is None else None,
        first_order_at=moment(metafields.get("first_order_at")),
        last_order_at=moment(metafields.get("last_order_at")),
        subscribed=(status or "none") != "none",
        stored=True,
    )


def _value(text: str | None, currency: str) -> int | None:
    try:
        return cents_of(record(orjson.loads(text or "")).get("amount"), currency)
    except orjson.JSONDecodeError:
        return None


def _several(figures: Sequence[Mapping[str, Any]], rows: Rows, metafields: Mapping[str, str]) -> list[Member]:
    """Give each member its rows by their ids; what nobody names, and what cannot be told apart, goes to the first."""
    first, *others = sorted(figures, key=lambda one: identifier(one["id"]) or 0)
    leader = _member(first, rows, others)
    told = [moment(metafields.get(key)) for key in ("first_order_at", "last_order_at")]
    leader = replace(
        leader,
        source_email=metafields.get("source_email"),
        first_order_at=leader.first_order_at or told[0],
        last_order_at=leader.last_order_at or told[1],
    )
    return [leader, *(_member(one, rows, None) for one in others)]


def _member(one: Mapping[str, Any], rows: Rows, others: Sequence[Mapping[str, Any]] | None) -> Member:
    subscriptions, orders = (_owned(kind, one, rows, others) for kind in histories.KEYS)
    dates = sorted(row["placed_at"] for row in orders or () if row["placed_at"])
    status = one.get("status")
    return Member(
        identifier(one["id"]) or 0,
        subscriptions=subscriptions,
        orders=orders,
        order_count=whole(one.get("order_count")),
        lifetime_value=cents(one.get("lifetime_value")),
        is_test=one.get("test") is True,
        repairs=_EARLIER if one.get("check") else (),
        status=status if isinstance(status, str) and subscriptions is None else None,
        first_order_at=dates[0] if dates else None,
        last_order_at=dates[-1] if dates else None,
        subscribed=bool(subscriptions) or one.get("subscribed") is True,
        stored=True,
    )


def _owned(
    kind: Kind, one: Mapping[str, Any], rows: Rows, others: Sequence[Mapping[str, Any]] | None
) -> tuple[Row, ...] | None:
    """Return the rows of a member; `others` is given for the first, who also gets what none of them names."""
    known, own = rows[kind], one.get(kind)
    if known is None or (own is None and others is None):
        return None
    ids = set(_list(own))
    if others is None:
        return tuple(row for row in known if row["id"] in ids)
    theirs = {number for other in others for number in _list(other.get(kind))} - ids
    found = tuple(row for row in known if row["id"] not in theirs)
    return found if found or own is not None else None


def _list(value: Any) -> list[int]:
    return [number for number in value if identifier(number) == number] if isinstance(value, list) else []


def _tuple(rows: list[Row] | None) -> tuple[Row, ...] | None:
    return None if rows is None else tuple(rows)
