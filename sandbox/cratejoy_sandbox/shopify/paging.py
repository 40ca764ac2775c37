"""Connections: a window of things with cursors."""

import base64
import binascii
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import orjson

from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.registry import Args, Entity

Fetch = Callable[[Any, int, bool], Sequence[Entity]]
"""Gives things behind a position (None is the start), at most so many, in reverse or not."""

UNLIMITED = ContextVar("UNLIMITED", default=False)
"""Whether pages may have any size: those of bulk exports, which read connections whole."""


class Window(dict[str, Any]):
    """A connection; `nodes`, `edges` and `pageInfo`."""


def cursor(position: Any, number: int) -> str:
    """A cursor in Shopify's form: what a page ended with, as JSON in base 64."""
    return base64.b64encode(orjson.dumps({"last_id": number, "last_value": str(position)})).decode()


def last_id(text: str) -> int:
    """Number in a cursor; an error for one that is none."""
    try:
        return int(orjson.loads(base64.b64decode(text, validate=True))["last_id"])
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise top_error("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None


def check_page(args: Args) -> None:
    """Refuse a page without size, with two, or beyond 250."""
    first: int | None = args.get("first")
    last: int | None = args.get("last")
    if first is None and last is None:
        raise top_error("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise top_error("providing both first and last is not supported", "BAD_REQUEST")
    if not UNLIMITED.get() and not 0 <= (first if first is not None else last or 0) <= 250:
        raise top_error("the page size must be between 0 and 250", "BAD_REQUEST")


def connection(things: Sequence[Entity], args: Args) -> Window:
    """A window on things that are all at hand."""
    ordered = list(reversed(things)) if args.get("reverse") else list(things)
    places = {thing["id"]: place for place, thing in enumerate(ordered)}

    def fetch(position: Any, limit: int, backwards: bool) -> Sequence[Entity]:  # noqa: FBT001
        behind = ordered[::-1] if backwards else ordered
        start = 0
        if position is not None:
            place = places.get(last_id(position), -1)
            start = len(ordered) - place if backwards else place + 1
        return behind[start : start + limit]

    return window(fetch, args)


def window(fetch: Fetch, args: Args) -> Window:
    """A window on things that are fetched."""
    check_page(args)
    backwards = args.get("first") is None
    size = args["last"] if backwards else args["first"]
    position = args.get("before") if backwards else args.get("after")
    found = list(fetch(position, size + 1, backwards))
    more, nodes = len(found) > size, found[:size]
    if backwards:
        nodes.reverse()
    edges = [{"cursor": cursor(node["id"], node["id"]), "node": node} for node in nodes]
    info = {
        "hasNextPage": more if not backwards else bool(position),
        "hasPreviousPage": bool(position) if not backwards else more,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return Window({"nodes": nodes, "edges": edges, "pageInfo": info})
