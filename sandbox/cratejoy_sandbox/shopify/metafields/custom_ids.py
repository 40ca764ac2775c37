"""Things by their custom id: a metafield of type `id`, whose values are unique."""

from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import top_error
from cratejoy_sandbox.shopify.metafields.definitions import definition_of
from cratejoy_sandbox.shopify.metafields.owners import own_namespace, write

REQUIRED = "Metafield definition of type 'id' is required when using custom ids."


def check_custom_id(call: Call, owner_type: str, custom_id: Mapping[str, Any]) -> None:
    """A top-level error when no definition of type id is behind a custom id."""
    definition = definition_of(call, owner_type, own_namespace(custom_id.get("namespace")), custom_id["key"])
    if definition is None or definition["type"] != "id":
        raise top_error(REQUIRED, "NOT_FOUND")


def owner_by_custom_id(call: Call, owner_type: str, custom_id: Mapping[str, Any]) -> int | None:
    """Number of the thing that has a custom id."""
    where = (owner_type, own_namespace(custom_id.get("namespace")), custom_id["key"], custom_id["value"])
    sql = "SELECT owner FROM unique_values WHERE owner_type = ? AND namespace = ? AND key = ? AND value = ?"
    row = call.store.execute(sql, where).fetchone()
    return row[0] if row else None


def write_custom_id(call: Call, owner: str, custom_id: Mapping[str, Any]) -> None:
    """Give a new thing its custom id."""
    write(call, [{"ownerId": owner, **custom_id, "type": "id"}], inline=True)
