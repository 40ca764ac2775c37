"""How metafields and definitions are read, and metafields of their owners."""

from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import gid, number_of
from cratejoy_sandbox.shopify.metafields.definitions import KIND, definition_of
from cratejoy_sandbox.shopify.metafields.kinds import FILTERABLE, UNIQUE_ELIGIBLE, category
from cratejoy_sandbox.shopify.metafields.owners import (
    COLUMNS,
    KINDS,
    OWNER_TYPES,
    find,
    of_owner,
    own_namespace,
    owner_gid,
)
from cratejoy_sandbox.shopify.metafields.selection import by_definition, count_by_definition
from cratejoy_sandbox.shopify.metafields.values import as_json
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import NODES, Args, Entity, FieldResolver, field, node

METAFIELD = "Metafield"


def _by_keys(found: list[Entity], keys: list[str]) -> list[Entity]:
    """Those asked for by `namespace.key`, in that order; their key reads qualified, as seen live."""
    known = {f"{item['namespace']}.{item['key']}": item for item in found}
    return [{**known[key], "key": key} for key in keys if key in known]


def _of(kind: str) -> None:
    owner_type = OWNER_TYPES[kind]

    def one(owner: Entity, call: Call, args: Args) -> Entity | None:
        namespace, key = args.get("namespace"), args["key"]
        if namespace is None and "." in key:
            namespace, key = key.split(".", 1)
        return find(call, owner_type, owner["id"], own_namespace(namespace), key)

    def many(owner: Entity, call: Call, args: Args) -> Entity:
        found = of_owner(call, owner_type, owner["id"])
        if args.get("namespace") is not None:
            found = [item for item in found if item["namespace"] == own_namespace(args["namespace"])]
        if args.get("keys"):
            found = _by_keys(found, args["keys"])
        return connection(found, args)

    field(kind, "metafield")(one)
    field(kind, "metafields")(many)


for _kind in ("Customer", "Order", "DraftOrder", "Product", "ProductVariant"):
    _of(_kind)


@node(METAFIELD)
def metafield_node(call: Call, identifier: str) -> Entity | None:
    """A metafield by global id."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM metafields WHERE id = ?"  # noqa: S608
    row = call.store.execute(sql, (number_of(identifier, METAFIELD),)).fetchone()
    return dict(zip(COLUMNS, row, strict=True)) if row else None


@node(KIND)
def definition_node(call: Call, identifier: str) -> Entity | None:
    """A definition by global id."""
    return call.store.get(KIND, number_of(identifier, KIND))


def _plain(column: str) -> FieldResolver:
    return lambda source, _call, _args: source[column]


for _name, _column in (
    ("compareDigest", "digest"),
    ("createdAt", "created_at"),
    ("updatedAt", "updated_at"),
    ("ownerType", "owner_type"),
):
    field(METAFIELD, _name)(_plain(_column))


@field(METAFIELD, "id")
def metafield_id(metafield: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(METAFIELD, metafield["id"])


@field(METAFIELD, "legacyResourceId")
def metafield_number(metafield: Entity, _: Call, __: Args) -> str:
    """The number alone."""
    return str(metafield["id"])


@field(METAFIELD, "jsonValue")
def json_value(metafield: Entity, _: Call, __: Args) -> Any:
    """The parsed value."""
    return as_json(metafield["type"], metafield["value"])


@field(METAFIELD, "sizeInBytes")
def size_in_bytes(metafield: Entity, _: Call, __: Args) -> int:
    """Bytes of the stored value (from 2026-07)."""
    return len(metafield["value"].encode())


@field(METAFIELD, "definition")
def metafield_definition(metafield: Entity, call: Call, _: Args) -> Entity | None:
    """The definition over a metafield, or null."""
    return definition_of(call, metafield["owner_type"], metafield["namespace"], metafield["key"])


@field(METAFIELD, "owner")
def metafield_owner(metafield: Entity, call: Call, _: Args) -> Entity | None:
    """The thing that has the metafield."""
    kind = KINDS[metafield["owner_type"]]
    owner = NODES[kind](call, owner_gid(metafield))
    return {**owner, "__typename": kind} if owner else None


@field(METAFIELD, "description", "reference", "references")
def nothing(_: Entity, __: Call, ___: Args) -> None:
    """Not kept."""


@field(KIND, "id")
def definition_id(definition: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(KIND, definition["id"])


@field(KIND, "type")
def definition_type(definition: Entity, _: Call, __: Args) -> Entity:
    """Name and category of the type."""
    kind = definition["type"]
    return {"name": kind, "category": category(kind), "supportsDefinitionMigrations": True, "valueType": None}


@field(KIND, "access")
def definition_access(definition: Entity, _: Call, __: Args) -> Entity:
    """Who may read and write."""
    return {key: definition[key] for key in ("admin", "storefront", "customerAccount")}


@field(KIND, "capabilities")
def capabilities(definition: Entity, _: Call, __: Args) -> Entity:
    """What a definition can do, and whether it may."""
    kind = definition["type"]
    filterable = definition["filterable"]
    return {
        "uniqueValues": {"enabled": definition["unique"], "eligible": kind in UNIQUE_ELIGIBLE},
        "adminFilterable": {
            "enabled": filterable,
            "eligible": kind in FILTERABLE or kind in {"dimension", "weight", "volume"},
            "status": "FILTERABLE" if filterable else "NOT_FILTERABLE",
        },
        "smartCollectionCondition": {"enabled": definition["condition"], "eligible": False},
        "analyticsQueryable": {"enabled": False, "eligible": True},
        "cartToOrderCopyable": {"enabled": False, "eligible": False},
    }


@field(KIND, "pinnedPosition")
def pinned_position(definition: Entity, _: Call, __: Args) -> int | None:
    """Position among the pinned ones."""
    pin: int | None = definition["pin"]
    return pin


@field(KIND, "validations")
def validations(definition: Entity, _: Call, __: Args) -> list[Entity]:
    """Limits with the type each has."""
    return [{"type": definition["type"], **item} for item in definition["validations"]]


@field(KIND, "validationStatus")
def validation_status(_: Entity, __: Call, ___: Args) -> str:
    """Whether all values fit; they do, as each was checked."""
    return "ALL_VALID"


@field(KIND, "useAsCollectionCondition")
def collection_condition(_: Entity, __: Call, ___: Args) -> bool:
    """Never."""
    return False


@field(KIND, "standardTemplate")
def standard_template(_: Entity, __: Call, ___: Args) -> None:
    """Standard definitions are not modelled."""


@field(KIND, "constraints")
def constraints(_: Entity, __: Call, ___: Args) -> Entity:
    """Constraints are not modelled: none."""
    return {"key": None, "values": connection([], {"first": 1})}


@field(KIND, "metafieldsCount")
def metafields_count(definition: Entity, call: Call, _: Args) -> int:
    """How many metafields are under a definition."""
    return count_by_definition(call, definition)


@field(KIND, "metafields")
def metafields(definition: Entity, call: Call, args: Args) -> Entity:
    """Metafields under a definition, by page."""
    return connection(by_definition(call, definition), args)
