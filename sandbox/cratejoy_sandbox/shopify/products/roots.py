"""Queries for products and variants."""

from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import gid, number_of
from cratejoy_sandbox.shopify.paging import last_id, window
from cratejoy_sandbox.shopify.products.record import PRODUCT, VARIANT
from cratejoy_sandbox.shopify.registry import Args, Entity, field, node, query
from cratejoy_sandbox.shopify.search import Meaning, column, understood


def _number(text: str) -> int:
    return int(text.rsplit("/", 1)[-1])


FIELDS: dict[str, Mapping[str, Meaning]] = {
    "product_index": {"id": column("id", _number), "title": column("title", str.casefold), "handle": column("handle")},
    "variant_index": {
        "id": column("id", _number),
        "sku": column("sku", str.casefold),
        "title": column("title", str.casefold),
        "product_id": column("product", _number),
    },
}


@query("product")
def product(call: Call, args: Args) -> Entity | None:
    """A product by global id."""
    return call.store.get(PRODUCT, number_of(args["id"], PRODUCT))


@query("productVariant")
def product_variant(call: Call, args: Args) -> Entity | None:
    """A variant by global id."""
    return call.store.get(VARIANT, number_of(args["id"], VARIANT))


@node(PRODUCT)
def product_node(call: Call, identifier: str) -> Entity | None:
    """A product for `node`."""
    return call.store.get(PRODUCT, number_of(identifier, PRODUCT))


@node(VARIANT)
def variant_node(call: Call, identifier: str) -> Entity | None:
    """A variant for `node`."""
    return call.store.get(VARIANT, number_of(identifier, VARIANT))


@query("products")
def products(call: Call, args: Args) -> Entity:
    """Products that a query finds."""
    return _found(call, "products", PRODUCT, "product_index", args)


@query("productVariants")
def product_variants(call: Call, args: Args) -> Entity:
    """Variants that a query finds, such as `sku:BOX-1`."""
    return _found(call, "productVariants", VARIANT, "variant_index", args)


@query("productsCount")
def products_count(call: Call, _: Args) -> Entity:
    """How many products there are."""
    return {"count": call.store.count(PRODUCT), "precision": "EXACT"}


def _found(call: Call, root: str, kind: str, table: str, args: Args) -> Entity:
    found = understood(args.get("query") or "", FIELDS[table], column("title", str.casefold))
    if found.warnings:
        call.search_warnings.append({"path": [root], "query": args["query"], "warnings": found.warnings})
    sql, values = found.condition

    def fetch(position: Any, limit: int, backwards: bool) -> list[Entity]:  # noqa: FBT001
        down = bool(args.get("reverse")) != backwards
        bound = f"AND id {'<' if down else '>'} {last_id(position)}" if position is not None else ""
        text = f"SELECT id FROM {table} WHERE ({sql}) {bound} ORDER BY id {'DESC' if down else 'ASC'} LIMIT ?"  # noqa: S608
        things = [call.store.get(kind, row[0]) for row in call.store.execute(text, (*values, limit)).fetchall()]
        return [thing for thing in things if thing]

    return window(fetch, args)


def _global(kind: str) -> None:
    field(kind, "id")(lambda thing, _call, _args: gid(kind, thing["id"]))
    field(kind, "legacyResourceId")(lambda thing, _call, _args: str(thing["id"]))


_global(PRODUCT)
_global(VARIANT)


@field(PRODUCT, "status")
def status(_: Entity, __: Call, ___: Args) -> str:
    """Always active."""
    return "ACTIVE"


@field(PRODUCT, "variants")
def variants(source: Entity, call: Call, args: Args) -> Entity:
    """Variants of a product."""
    known = [call.store.get(VARIANT, number) for number in source["variants"]]
    ordered = {variant["id"]: variant for variant in known if variant}

    def fetch(position: Any, limit: int, backwards: bool) -> list[Entity]:  # noqa: FBT001
        things = list(ordered.values())[:: -1 if backwards else 1]
        start = list(ordered).index(last_id(position)) + 1 if position is not None else 0
        return things[start : start + limit]

    return window(fetch, args)


@field(VARIANT, "product")
def product_of(variant: Entity, call: Call, _: Args) -> Entity | None:
    """The product of a variant."""
    return call.store.get(PRODUCT, variant["product"])


@field(VARIANT, "displayName")
def display_name(variant: Entity, call: Call, _: Args) -> str:
    """Product and variant titles."""
    parent = call.store.get(PRODUCT, variant["product"]) or {"title": ""}
    return f"{parent['title']} - {variant['title']}"
