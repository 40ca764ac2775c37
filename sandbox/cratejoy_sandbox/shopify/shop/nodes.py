"""`node` and `nodes`: anything by its global id; each kind says elsewhere how it is found."""

from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.gids import parts
from cratejoy_sandbox.shopify.registry import NODES, Args, query


@query("node")
def node(call: Call, args: Args) -> Any:
    """One thing, or null."""
    return found(call, args["id"])


@query("nodes")
def nodes(call: Call, args: Args) -> list[Any]:
    """Things in the order asked, null for what is not there."""
    return [found(call, identifier) for identifier in args["ids"]]


def found(call: Call, identifier: str) -> Any:
    """A thing with its type's name, or None; kinds without a finder are none either."""
    split = parts(identifier)
    finder = NODES.get(split[0]) if split else None
    thing = finder(call, identifier) if finder else None
    return {**thing, "__typename": split[0]} if thing is not None and split else None
