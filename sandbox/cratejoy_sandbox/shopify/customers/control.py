"""`/_sandbox/customers`: every customer as JSON lines, and customers that the merchant had before."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.control import CONTROLS, as_json
from cratejoy_sandbox.shopify.customers.record import KIND, save
from cratejoy_sandbox.shopify.customers.writing import customer_create
from cratejoy_sandbox.shopify.errors import Refused
from cratejoy_sandbox.shopify.gids import ADDRESS, gid
from cratejoy_sandbox.shopify.metafields.owners import of_owner
from cratejoy_sandbox.shopify.registry import Entity
from cratejoy_sandbox.shopify.schema import SUPPORTED
from cratejoy_sandbox.shopify.settings import SCOPES

SHOWN = ("key", "namespace", "type", "value")


async def dump(request: Request) -> Response:
    """Every customer by number, one a line."""
    call = _call(request)

    def lines() -> Iterator[bytes]:
        last = 0
        while True:
            found = list(call.store.walk(KIND, last, 500))
            if not found:
                return
            yield b"".join(orjson.dumps(_shown(call, customer)) + b"\n" for customer in found)
            last = found[-1]["id"]

    async def streamed() -> Any:
        for chunk in lines():
            yield chunk

    return StreamingResponse(streamed(), media_type="application/jsonl")


async def seed(request: Request) -> Response:
    """Make customers from a list of customerCreate inputs; `orders` in one is a count to begin with."""
    try:
        wanted = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(wanted, list):
        raise ApiError(400, "The body is not a list of customers.")
    call = _call(request)
    try:
        with call.store.transaction():
            made = [_seeded(call, item) for item in wanted]
    except Refused as refused:
        raise ApiError(400, str(refused.errors)) from None
    return as_json({"ids": made})


def _seeded(call: Call, wanted: dict[str, Any]) -> str:
    sent = {key: value for key, value in wanted.items() if key not in {"orders", "state"}}
    customer = customer_create(call, {"input": sent})["customer"]
    changed = {**customer, "orders_count": wanted.get("orders", 0), "state": wanted.get("state", "DISABLED")}
    save(call, changed, customer)
    return gid(KIND, customer["id"])


def _call(request: Request) -> Call:
    return Call(request.app.state.simulator, SUPPORTED[0], SCOPES)


def _shown(call: Call, customer: Entity) -> Entity:
    number = customer["id"]
    metafields = of_owner(call, "CUSTOMER", number)
    return {
        **customer,
        "id": gid(KIND, number),
        "default_address": gid(ADDRESS, customer["default_address"]) if customer["default_address"] else None,
        "addresses": [{**address, "id": gid(ADDRESS, address["id"])} for address in customer["addresses"]],
        "metafields": [{key: metafield[key] for key in SHOWN} for metafield in metafields],
    }


CONTROLS += [
    Route("/customers", dump, methods=["GET"]),
    Route("/customers", seed, methods=["POST"]),
]
