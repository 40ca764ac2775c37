"""`/_sandbox/orders` and `/_sandbox/variants`: all orders as JSON lines, and variants as a merchant has them."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.control import CONTROLS, as_json
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.owners import of_owner
from cratejoy_sandbox.shopify.orders.changing import system_call
from cratejoy_sandbox.shopify.orders.record import KIND
from cratejoy_sandbox.shopify.products.record import VARIANT, make_product
from cratejoy_sandbox.shopify.registry import Entity

SHOWN = ("key", "namespace", "type", "value")
PAGE = 500


async def dump(request: Request) -> Response:
    """Every order by number, one a line."""
    call = system_call(request.app.state.simulator)

    async def lines() -> AsyncIterator[bytes]:
        last = 0
        while found := list(call.store.walk(KIND, last, PAGE)):
            yield b"".join(orjson.dumps(_shown(call, order)) + b"\n" for order in found)
            last = found[-1]["id"]

    return StreamingResponse(lines(), media_type="application/jsonl")


async def seed(request: Request) -> Response:
    """Make variants from a list of `{"sku", "price", "title", "product"}`; their ids in the same order."""
    wanted = await _list_in(request)
    call = system_call(request.app.state.simulator)
    with call.store.transaction():
        made = [number for item in wanted for number in _product_of(call, item)["variants"]]
    return as_json({"ids": [gid(VARIANT, number) for number in made]})


def _product_of(call: Call, item: dict[str, Any]) -> Entity:
    """A product with one variant; `product` is its title."""
    title = str(item.get("product") or item.get("title") or item.get("sku") or "Box")
    return make_product(call, {"title": title, "variants": [item]})


async def _list_in(request: Request) -> list[dict[str, Any]]:
    try:
        wanted = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise ApiError(400, "The body is not a list of variants.")
    return wanted


def _shown(call: Call, order: Entity) -> Entity:
    customer = gid("Customer", order["customer"]) if order["customer"] else None
    metafields = [{key: item[key] for key in SHOWN} for item in of_owner(call, "ORDER", order["id"])]
    return {**order, "id": gid(KIND, order["id"]), "customer": customer, "metafields": metafields}


CONTROLS += [
    Route("/orders", dump, methods=["GET"]),
    Route("/variants", seed, methods=["POST"]),
]
