"""Products and variants, as far as an order's lines name them; they come in by `POST /_sandbox/variants`."""

from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import number_of
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, field, node, query, tables
from cratejoy_sandbox.shopify.search import Condition, Found, Meaning, column, understood

VARIANT, PRODUCT = "ProductVariant", "Product"
tables(
    """
    CREATE TABLE IF NOT EXISTS variant_index (
        id INTEGER PRIMARY KEY, product INTEGER, sku TEXT, title TEXT, barcode TEXT, product_title TEXT);
    CREATE INDEX IF NOT EXISTS variant_by_sku ON variant_index (sku);
    """
)


def add_variant(call: Call, wanted: dict[str, Any]) -> Entity:
    """A variant: `sku`, `price`, `title`, `product` (a title, which makes the product when it is new)."""
    product = _product(call, str(wanted.get("product") or wanted.get("title") or wanted.get("sku") or "Box"))
    now = call.clock.now()
    variant = {
        "id": call.store.new_id(),
        "product": product["id"],
        "sku": wanted.get("sku"),
        "title": str(wanted.get("title") or "Default Title"),
        "displayName": f"{product['title']} - {wanted.get('title') or 'Default Title'}",
        "price": str(wanted.get("price", "0.00")),
        "compareAtPrice": None,
        "barcode": wanted.get("barcode"),
        "position": 1,
        "taxable": bool(wanted.get("taxable", True)),
        "availableForSale": True,
        "inventoryQuantity": 0,
        "inventoryPolicy": "DENY",
        "createdAt": now,
        "updatedAt": now,
    }
    call.store.put(VARIANT, variant["id"], variant)
    row = tuple(variant[key] for key in ("id", "product", "sku", "title", "barcode"))
    call.store.execute("INSERT INTO variant_index VALUES (?, ?, ?, ?, ?, ?)", (*row, product["title"]))
    return variant


def _product(call: Call, title: str) -> Entity:
    row = call.store.execute("SELECT product FROM variant_index WHERE product_title = ?", (title,)).fetchone()
    known = call.store.get(PRODUCT, row[0]) if row else None
    if known:
        return known
    now = call.clock.now()
    plain = {"status": "ACTIVE", "vendor": call.settings.shop, "productType": "", "tags": [], "totalInventory": 0}
    handle = "-".join(title.lower().split())
    number = call.store.new_id()
    product = {"id": number, "title": title, "handle": handle, "createdAt": now, "updatedAt": now, **plain}
    call.store.put(PRODUCT, number, product)
    return product


@node(VARIANT)
def variant_node(call: Call, identifier: str) -> Entity | None:
    """A variant by global id."""
    return call.store.get(VARIANT, number_of(identifier, VARIANT))


@node(PRODUCT)
def product_node(call: Call, identifier: str) -> Entity | None:
    """A product by global id."""
    return call.store.get(PRODUCT, number_of(identifier, PRODUCT))


@query("productVariant")
def product_variant(call: Call, args: Args) -> Entity | None:
    """A variant by global id, or null."""
    found: Entity | None = variant_node(call, args["id"])
    return found


@query("product")
def product(call: Call, args: Args) -> Entity | None:
    """A product by global id, or null."""
    found: Entity | None = product_node(call, args["id"])
    return found


@query("productVariants")
def product_variants(call: Call, args: Args) -> Entity:
    """Variants that a query finds, by page: `sku:'BOX-1'`."""
    return connection(_found(call, "productVariants", args.get("query")), args)


@query("productVariantsCount")
def product_variants_count(call: Call, args: Args) -> Entity:
    """How many variants a query finds."""
    return {"count": len(_found(call, "productVariantsCount", args.get("query"))), "precision": "EXACT"}


@query("products")
def products(call: Call, args: Args) -> Entity:
    """Products by page; of the search fields only `id` and `title` are known."""
    fields = {"id": column("product", _number), "title": column("product_title")}
    numbers = dict.fromkeys(item["product"] for item in _found(call, "products", args.get("query"), fields))
    found = (call.store.get(PRODUCT, number) for number in numbers)
    return connection([item for item in found if item], args)


@query("productsCount")
def products_count(call: Call, _: Args) -> Entity:
    """How many products there are."""
    return {"count": call.store.count(PRODUCT), "precision": "EXACT"}


def _number(text: str) -> int:
    return int(text.rsplit("/", 1)[-1])


def _words(_: str, value: str) -> Condition:
    return "(IFNULL(sku, '') || ' ' || title || ' ' || product_title) LIKE ?", (f"%{value.rstrip('*')}%",)


FIELDS: dict[str, Meaning] = {
    "id": column("id", _number),
    "product_id": column("product", _number),
    "sku": column("sku"),
    "title": column("title"),
    "barcode": column("barcode"),
}


def _found(call: Call, root: str, text: str | None, fields: dict[str, Meaning] = FIELDS) -> list[Entity]:
    read = understood(text, fields, _words) if text else Found(("1", ()))
    if read.warnings:
        call.search_warnings.append({"path": [root], "query": text, "warnings": read.warnings})
    sql, values = read.condition
    rows = call.store.execute(f"SELECT id FROM variant_index WHERE {sql} ORDER BY id", values).fetchall()  # noqa: S608
    return [found for row in rows if (found := call.store.get(VARIANT, row[0]))]


@field(VARIANT, "product")
def variant_product(variant: Entity, call: Call, _: Args) -> Entity | None:
    """The product of a variant."""
    return call.store.get(PRODUCT, variant["product"])


@field(VARIANT, "legacyResourceId")
def variant_legacy_id(variant: Entity, _: Call, __: Args) -> str:
    """The number of the global id."""
    return str(variant["id"])


@field(PRODUCT, "legacyResourceId")
def product_legacy_id(item: Entity, _: Call, __: Args) -> str:
    """The number of the global id."""
    return str(item["id"])


@field(PRODUCT, "variants")
def variants_of(item: Entity, call: Call, args: Args) -> Entity:
    """Variants of a product by page."""
    return connection(_found(call, "variants", f"product_id:{item['id']}"), args)


@field(PRODUCT, "media", "collections", "images", "events")
@field(VARIANT, "media", "events")
def no_pages(_: Entity, __: Call, args: Args) -> Entity:
    """Pictures and collections, which the simulator does not have."""
    return connection([], args)
