"""Products and variants as they are stored, and `/_sandbox/products`, which makes them."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cratejoy_sandbox.cratejoy.errors import ApiError
from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.control import CONTROLS, as_json
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.registry import Entity, tables
from cratejoy_sandbox.shopify.schema import SUPPORTED
from cratejoy_sandbox.shopify.settings import SCOPES

PRODUCT, VARIANT = "Product", "ProductVariant"
tables(
    """
    CREATE TABLE IF NOT EXISTS variant_index (id INTEGER PRIMARY KEY, product INTEGER, sku TEXT, title TEXT);
    CREATE INDEX IF NOT EXISTS variant_by_sku ON variant_index (sku);
    CREATE TABLE IF NOT EXISTS product_index (id INTEGER PRIMARY KEY, title TEXT, handle TEXT);
    """
)


def make_product(call: Call, wanted: dict[str, Any]) -> Entity:
    """Store a product `{"title": ..., "variants": [{"sku": ..., "title": ..., "price": ...}]}`."""
    now, number = call.clock.now(), call.store.new_id()
    handle = "-".join(wanted["title"].lower().split())
    variants = wanted.get("variants") or [{}]
    product = {"id": number, "title": wanted["title"], "handle": handle, "createdAt": now, "updatedAt": now}
    product["variants"] = [_make_variant(call, number, item) for item in variants]
    call.store.put(PRODUCT, number, product)
    call.store.execute("INSERT INTO product_index VALUES (?, ?, ?)", (number, wanted["title"].casefold(), handle))
    return product


def _make_variant(call: Call, product: int, wanted: dict[str, Any]) -> int:
    number, now = call.store.new_id(), call.clock.now()
    title, sku = wanted.get("title", "Default Title"), wanted.get("sku")
    variant = {"id": number, "product": product, "title": title, "sku": sku, "price": str(wanted.get("price", "0.00"))}
    call.store.put(VARIANT, number, {**variant, "createdAt": now, "updatedAt": now})
    row = (number, product, (sku or "").casefold(), title.casefold())
    call.store.execute("INSERT INTO variant_index VALUES (?, ?, ?, ?)", row)
    return number


async def seed(request: Request) -> Response:
    """Make products from a list."""
    try:
        wanted = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body is not JSON.") from None
    if not isinstance(wanted, list) or not all(isinstance(item, dict) and item.get("title") for item in wanted):
        raise ApiError(400, "The body is not a list of products with titles.")
    call = Call(request.app.state.simulator, SUPPORTED[0], SCOPES)
    with call.store.transaction():
        made = [make_product(call, item) for item in wanted]
    return as_json({"products": [_ids(product) for product in made]})


def _ids(product: Entity) -> Entity:
    variants = [gid(VARIANT, number) for number in product["variants"]]
    return {"id": gid(PRODUCT, product["id"]), "variants": variants}


CONTROLS.append(Route("/products", seed, methods=["POST"]))
