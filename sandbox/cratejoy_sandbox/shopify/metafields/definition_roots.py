"""Mutations and queries on definitions."""

import copy
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid, number_of
from cratejoy_sandbox.shopify.metafields.definition_rules import (
    Problem,
    length_problems,
    name_problems,
    option_problems,
    type_problems,
)
from cratejoy_sandbox.shopify.metafields.definitions import KIND, definition_of, remove_definition, save_definition
from cratejoy_sandbox.shopify.metafields.kinds import UNIQUE_ELIGIBLE
from cratejoy_sandbox.shopify.metafields.owners import delete, foreign, own_namespace
from cratejoy_sandbox.shopify.metafields.selection import by_definition, forget_pin, next_pin
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation
from cratejoy_sandbox.shopify.roots import denied

MOST = 256
NO_ACCESS = (
    "API client to have access to the namespace and the resource type associated with the metafield definition.\n"
)
NOT_FOUND = "Definition not found."
FULL = f"Stores can only have {MOST} definitions for each store resource."
PUBLIC = 'Setting this access control is not permitted. It must be one of ["public_read_write"].'


@mutation("metafieldDefinitionCreate")
def metafield_definition_create(call: Call, args: Args) -> Payload:
    """A new definition; one of type `id` has unique values whether or not that is asked for."""
    sent = args["definition"]
    namespace = own_namespace(sent.get("namespace"))
    if foreign(namespace) or namespace == "shopify":
        raise denied("metafieldDefinitionCreate", NO_ACCESS)
    problems = name_problems(sent, namespace) + type_problems(sent["type"])
    problems = problems or option_problems(sent["type"], sent.get("validations") or [])
    problems = problems or _state_problems(call, sent, namespace)
    _refuse_all(problems)
    definition = _new(call, sent, namespace)
    save_definition(call, definition)
    return Payload(createdDefinition=definition)


def _state_problems(call: Call, sent: Mapping[str, Any], namespace: str) -> list[Problem]:
    kind, key = sent["ownerType"], sent["key"]
    if (sent.get("access") or {}).get("admin") and not namespace.startswith("app--"):
        return [([], PUBLIC, "INVALID")]
    if definition_of(call, kind, namespace, key):
        text = f"Key is in use for {kind.capitalize()} metafields on the '{namespace}' namespace."
        return [(["key"], text, "TAKEN")]
    row = call.store.execute("SELECT COUNT(*) FROM metafield_definitions WHERE owner_type = ?", (kind,)).fetchone()
    if row[0] >= MOST:
        return [([], FULL, "RESOURCE_TYPE_LIMIT_EXCEEDED")]
    wanted = _capability(sent, "uniqueValues")
    if sent["type"] == "id" and wanted is False:
        text = "Capability unique_values is required for type id but is disabled"
        return [([], text, "CAPABILITY_REQUIRED_BUT_DISABLED")]
    if wanted and sent["type"] not in UNIQUE_ELIGIBLE:
        return [([], "Capability unique_values is not allowed for this type", "INVALID_CAPABILITY")]
    return []


def _capability(sent: Mapping[str, Any], name: str) -> bool | None:
    wanted = ((sent.get("capabilities") or {}).get(name) or {}).get("enabled")
    return None if wanted is None else bool(wanted)


def _new(call: Call, sent: Mapping[str, Any], namespace: str) -> Entity:
    own = namespace.startswith("app--")
    access = sent.get("access") or {}
    return {
        "id": call.store.new_id(),
        "name": sent["name"],
        "namespace": namespace,
        "key": sent["key"],
        "description": sent.get("description"),
        "ownerType": sent["ownerType"],
        "type": sent["type"],
        "validations": [{"name": item["name"], "value": item["value"]} for item in sent.get("validations") or []],
        "unique": sent["type"] == "id" or bool(_capability(sent, "uniqueValues")),
        "filterable": bool(_capability(sent, "adminFilterable")),
        "condition": bool(_capability(sent, "smartCollectionCondition")),
        "admin": access.get("admin") or ("MERCHANT_READ" if own else "PUBLIC_READ_WRITE"),
        "storefront": access.get("storefront") or "NONE",
        "customerAccount": access.get("customerAccount") or "NONE",
        "pin": next_pin(call, sent["ownerType"]) if sent.get("pin") else None,
    }


@mutation("metafieldDefinitionUpdate")
def metafield_definition_update(call: Call, args: Args) -> Payload:
    """Change what may change; type, namespace and key say which one."""
    sent = args["definition"]
    namespace = own_namespace(sent.get("namespace"))
    if foreign(namespace):
        raise denied("metafieldDefinitionUpdate", NO_ACCESS)
    definition = definition_of(call, sent["ownerType"], namespace, sent["key"])
    if definition is None:
        raise refuse(["definition"], NOT_FOUND, "NOT_FOUND")
    if (sent.get("access") or {}).get("admin") and not namespace.startswith("app--"):
        raise refuse(["definition"], PUBLIC, "INVALID_INPUT")
    _refuse_all(length_problems(sent) or option_problems(definition["type"], sent.get("validations") or []))
    _change(call, definition, sent)
    save_definition(call, definition)
    return Payload(updatedDefinition=definition)


def _change(call: Call, definition: Entity, sent: Mapping[str, Any]) -> None:
    for key in ("name", "description"):
        if key in sent:
            definition[key] = sent[key]
    if sent.get("validations") is not None:
        definition["validations"] = [{"name": v["name"], "value": v["value"]} for v in sent["validations"]]
    for name, key in (("uniqueValues", "unique"), ("adminFilterable", "filterable")):
        wanted = _capability(sent, name)
        definition[key] = definition[key] if wanted is None else wanted
    for key in ("admin", "storefront", "customerAccount"):
        definition[key] = (sent.get("access") or {}).get(key) or definition[key]
    if sent.get("pin") is not None:
        forget_pin(call, definition)
        definition["pin"] = next_pin(call, definition["ownerType"]) if sent["pin"] else None


@mutation("metafieldDefinitionDelete")
def metafield_definition_delete(call: Call, args: Args) -> Payload:
    """Remove a definition, and all its metafields if asked; ids and references only with them."""
    definition = _named(call, args)
    if definition is None:
        raise refuse(["id"] if args.get("id") else None, NOT_FOUND, "NOT_FOUND")
    everything = bool(args.get("deleteAllAssociatedMetafields"))
    problem = None if everything else _keeps_values(definition)
    if problem:
        raise refuse(None, *problem)
    if everything:
        for metafield in by_definition(call, definition):
            delete(call, metafield)
    forget_pin(call, definition)
    remove_definition(call, definition)
    identifier = {key: definition[key] for key in ("ownerType", "namespace", "key")}
    return Payload(deletedDefinitionId=gid(KIND, definition["id"]), deletedDefinition=identifier)


def _keeps_values(definition: Entity) -> tuple[str, str] | None:
    """Why a definition cannot go without its metafields."""
    if definition["type"] == "id":
        text = "Deleting an id type metafield definition requires deletion of its associated metafields."
        return text, "ID_TYPE_DELETION_ERROR"
    if definition["type"].endswith("_reference"):
        text = "Deleting a reference type metafield definition requires deletion of its associated metafields."
        return text, "REFERENCE_TYPE_DELETION_ERROR"
    if definition["namespace"].startswith("app--"):
        text = "Deleting a definition in a reserved namespace must have deleteAllAssociatedMetafields set to true."
        return text, "RESERVED_NAMESPACE_ORPHANED_METAFIELDS"
    return None


@mutation("metafieldDefinitionPin")
def metafield_definition_pin(call: Call, args: Args) -> Payload:
    """Pin a definition to the owner's page."""
    definition = _named_or_refused(call, args)
    if definition["pin"] is not None:
        raise refuse(None, "Definition already pinned.", "ALREADY_PINNED")
    definition["pin"] = next_pin(call, definition["ownerType"])
    save_definition(call, definition)
    return Payload(pinnedDefinition=definition)


@mutation("metafieldDefinitionUnpin")
def metafield_definition_unpin(call: Call, args: Args) -> Payload:
    """Take a definition off the owner's page."""
    definition = _named_or_refused(call, args)
    if definition["pin"] is None:
        raise refuse(None, "Definition isn't pinned.", "NOT_PINNED")
    forget_pin(call, copy.copy(definition))
    definition["pin"] = None
    save_definition(call, definition)
    return Payload(unpinnedDefinition=definition)


def _named_or_refused(call: Call, args: Args) -> Entity:
    definition = _named(call, args)
    if definition is None:
        raise refuse(["definitionId"] if args.get("definitionId") else None, NOT_FOUND, "NOT_FOUND")
    return definition


def _named(call: Call, args: Args) -> Entity | None:
    """The definition that arguments name by id or by owner type, namespace and key."""
    identifier = args.get("id") or args.get("definitionId")
    if identifier:
        return call.store.get(KIND, number_of(identifier, KIND))
    named = args.get("identifier")
    if not named:
        return None
    return definition_of(call, named["ownerType"], own_namespace(named.get("namespace")), named["key"])


def _refuse_all(problems: list[Problem]) -> None:
    if problems:
        raise Refused(*(user_error(["definition", *field], message, code) for field, message, code in problems))
