"""metafieldsSet, metafieldsDelete, and queries on definitions."""

from collections.abc import Sequence

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import Refused, user_error
from cratejoy_sandbox.shopify.gids import number_of, parts
from cratejoy_sandbox.shopify.metafields.definitions import KIND, definition_of
from cratejoy_sandbox.shopify.metafields.kinds import TYPES, category
from cratejoy_sandbox.shopify.metafields.owners import (
    FORBIDDEN,
    OWNER_TYPES,
    delete,
    find,
    foreign,
    own_namespace,
    write,
)
from cratejoy_sandbox.shopify.metafields.selection import definitions
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation, query
from cratejoy_sandbox.shopify.roots import denied

MOST = 25
SCOPES = {"Customer": "write_customers", "Order": "write_orders", "DraftOrder": "write_draft_orders"}
SCOPES |= {"Product": "write_products", "ProductVariant": "write_products"}


@mutation("metafieldsSet")
def metafields_set(call: Call, args: Args) -> Payload:
    """Write up to 25 metafields of any owners, all or none."""
    sent = args["metafields"]
    _check_scopes(call, "metafieldsSet", sent)
    if len(sent) > MOST:
        text = f"Exceeded the maximum metafields input limit of {MOST}."
        raise Refused({**user_error(["metafields"], text, "LESS_THAN_OR_EQUAL_TO"), "elementIndex": None})
    return Payload(metafields=write(call, sent))


@mutation("metafieldsDelete")
def metafields_delete(call: Call, args: Args) -> Payload:
    """Remove metafields by owner, namespace and key; what is not there is null in the answer."""
    sent = args["metafields"]
    _check_scopes(call, "metafieldsDelete", sent)
    if any(foreign(own_namespace(entry.get("namespace"))) for entry in sent):
        raise Refused(user_error(["metafields"], FORBIDDEN), deletedMetafields=[])
    return Payload(deletedMetafields=[_deleted(call, entry) for entry in sent])


def _deleted(call: Call, entry: Args) -> Entity | None:
    kind, number = parts(entry["ownerId"]) or ("", "")
    namespace = own_namespace(entry.get("namespace"))
    owner = int(number) if number.isdecimal() else 0
    metafield = find(call, OWNER_TYPES.get(kind, kind.upper()), owner, namespace, entry["key"])
    if metafield is None:
        return None
    delete(call, metafield)
    return {"ownerId": entry["ownerId"], "namespace": namespace, "key": entry["key"]}


def _check_scopes(call: Call, name: str, entries: Sequence[Args]) -> None:
    for entry in entries:
        scope = SCOPES.get((parts(entry["ownerId"]) or ("", ""))[0])
        if scope and scope not in call.scopes:
            raise denied(name, f"`{scope}` access scope.")


@query("metafieldDefinition")
def metafield_definition(call: Call, args: Args) -> Entity | None:
    """A definition by id or identifier."""
    if args.get("id"):
        return call.store.get(KIND, number_of(args["id"], KIND))
    named = args.get("identifier")
    if not named:
        return None
    return definition_of(call, named["ownerType"], own_namespace(named.get("namespace")), named["key"])


@query("metafieldDefinitions")
def metafield_definitions(call: Call, args: Args) -> Entity:
    """Definitions of an owner type, by page."""
    found = definitions(call, args["ownerType"])
    if args.get("namespace"):
        found = [item for item in found if item["namespace"] == own_namespace(args["namespace"])]
    if args.get("key"):
        found = [item for item in found if item["key"] == args["key"]]
    pinned = args.get("pinnedStatus", "ANY")
    if pinned != "ANY":
        found = [item for item in found if (item["pin"] is not None) == (pinned == "PINNED")]
    if args.get("sortKey") == "PINNED_POSITION":
        found.sort(key=lambda item: (item["pin"] is None, -(item["pin"] or 0), -item["id"]))
    if args.get("sortKey") == "NAME":
        found.sort(key=lambda item: item["name"].casefold())
    return connection(_matching(found, args.get("query")), args)


def _matching(found: list[Entity], text: str | None) -> list[Entity]:
    """Definitions whose fields are as the terms of a query say; only `field:value` terms are understood."""
    for term in (text or "").split():
        name, _, value = term.partition(":")
        wanted = value.strip("'\"").casefold()
        if value and name in {"key", "namespace", "type", "id"}:
            found = [item for item in found if str(item[name]).casefold() == wanted]
        elif not value:
            found = [item for item in found if term.strip("'\"").casefold() in item["name"].casefold()]
    return found


@query("metafieldDefinitionTypes")
def metafield_definition_types(_: Call, __: Args) -> list[Entity]:
    """Every type there is."""
    return [{"name": kind, "category": category(kind)} for kind in TYPES]
