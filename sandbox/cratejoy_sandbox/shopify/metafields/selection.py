"""Finding definitions and the metafields that belong to one; pins."""

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.metafields.definitions import KIND, save_definition
from cratejoy_sandbox.shopify.metafields.owners import COLUMNS
from cratejoy_sandbox.shopify.registry import Entity


def by_definition(call: Call, definition: Entity, limit: int = -1) -> list[Entity]:
    """Metafields under a definition, in the order of their making."""
    where = (definition["ownerType"], definition["namespace"], definition["key"], limit)
    sql = f"SELECT {', '.join(COLUMNS)} FROM metafields WHERE owner_type = ? AND namespace = ? AND key = ? ORDER BY id LIMIT ?"  # noqa: S608, E501
    return [dict(zip(COLUMNS, row, strict=True)) for row in call.store.execute(sql, where)]


def count_by_definition(call: Call, definition: Entity) -> int:
    """How many metafields a definition has."""
    where = (definition["ownerType"], definition["namespace"], definition["key"])
    sql = "SELECT COUNT(*) FROM metafields WHERE owner_type = ? AND namespace = ? AND key = ?"
    return int(call.store.execute(sql, where).fetchone()[0])


def definitions(call: Call, owner_type: str | None = None) -> list[Entity]:
    """All definitions of an owner type by number."""
    return [item for item in call.store.walk(KIND) if owner_type in {None, item["ownerType"]}]


def next_pin(call: Call, owner_type: str) -> int:
    """Position of the next pin of an owner type."""
    return 1 + max((item["pin"] or 0 for item in definitions(call, owner_type)), default=0)


def forget_pin(call: Call, definition: Entity) -> None:
    """Close the gap that an unpinned definition leaves."""
    if definition["pin"] is None:
        return
    for other in definitions(call, definition["ownerType"]):
        if other["pin"] is not None and other["pin"] > definition["pin"]:
            save_definition(call, {**other, "pin": other["pin"] - 1})
