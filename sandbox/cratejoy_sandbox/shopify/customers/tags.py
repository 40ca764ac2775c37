"""tagsAdd and tagsRemove, for customers; other kinds join by `TAGGABLE`."""

import copy
from collections.abc import Callable

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND, save
from cratejoy_sandbox.shopify.customers.rules import clean_tags, tag_problems
from cratejoy_sandbox.shopify.errors import refuse
from cratejoy_sandbox.shopify.gids import gid, parts
from cratejoy_sandbox.shopify.registry import NODES, Args, Entity, Payload, mutation
from cratejoy_sandbox.shopify.roots import denied

SCOPES = {KIND: "write_customers", "Order": "write_orders", "DraftOrder": "write_draft_orders"}
TAGGABLE: dict[str, Callable[[Call, Entity, Entity], Entity]] = {KIND: save}
"""How a kind of thing is saved after its `tags` changed: call, document, document before."""


@mutation("tagsAdd")
def tags_add(call: Call, args: Args) -> Payload:
    """Add tags; those that are there in other capitals stay as they are."""
    return _changed(call, args, lambda old, sent: clean_tags([*old, *sent]))


@mutation("tagsRemove")
def tags_remove(call: Call, args: Args) -> Payload:
    """Remove tags, whatever their capitals."""

    def without(old: list[str], sent: list[str]) -> list[str]:
        gone = {tag.casefold() for tag in clean_tags(sent)}
        return [tag for tag in old if tag.casefold() not in gone]

    return _changed(call, args, without)


def _changed(call: Call, args: Args, change: Callable[[list[str], list[str]], list[str]]) -> Payload:
    kind = (parts(args["id"]) or ("", ""))[0]
    if kind in SCOPES and SCOPES[kind] not in call.scopes:
        raise denied("tagsAdd", f"`{SCOPES[kind]}` access scope.")
    thing = NODES[kind](call, args["id"]) if kind in NODES and kind in TAGGABLE else None
    if thing is None:
        raise refuse(["id"], f"{kind} does not exist")
    before = copy.deepcopy(thing)
    thing["tags"] = change(thing["tags"], args["tags"])
    for field, message, code in tag_problems(thing["tags"]):
        raise refuse(field, message, code)
    TAGGABLE[kind](call, thing, before)
    return Payload(node={**thing, "__typename": kind, "id": gid(kind, thing["id"]) if kind != KIND else thing["id"]})
