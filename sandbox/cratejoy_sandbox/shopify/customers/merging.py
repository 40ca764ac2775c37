"""customerMerge and its job: the plain case, in which one customer takes over what the other has."""

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND, customer_of, remove, save
from cratejoy_sandbox.shopify.customers.rules import clean_tags
from cratejoy_sandbox.shopify.errors import Refused, refuse, top_error, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.owners import OWNER_TYPES, delete, find, of_owner
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation, query, tables

PICKED = {
    "email": "customerIdOfEmailToKeep",
    "phone": "customerIdOfPhoneNumberToKeep",
    "firstName": "customerIdOfFirstNameToKeep",
    "lastName": "customerIdOfLastNameToKeep",
}
tables("CREATE TABLE IF NOT EXISTS merge_jobs (job TEXT PRIMARY KEY, kept INTEGER);")
MOST_TAGS, MOST_NOTE = 250, 5_000


@mutation("customerMerge")
def customer_merge(call: Call, args: Args) -> Payload:
    """Merge two customers into one; the job is done when it is asked for again."""
    one, two = _two(call, args)
    _check(one, two, args.get("overrideFields") or {})
    kept, gone = _roles(one, two, args.get("overrideFields") or {})
    before = copy.deepcopy(kept)
    merged = _merged(kept, gone, args.get("overrideFields") or {})
    remove(call, gone)
    _move_metafields(call, gone, kept)
    save(call, merged, before)
    job = f"gid://shopify/Job/{uuid.uuid4()}"
    call.store.execute("INSERT INTO merge_jobs VALUES (?, ?)", (job, kept["id"]))
    return Payload(resultingCustomerId=gid(KIND, kept["id"]), job={"id": job, "done": False})


def _two(call: Call, args: Args) -> tuple[Entity, Entity]:
    found = [customer_of(call, args[key]) for key in ("customerOneId", "customerTwoId")]
    for key, customer in zip(("customerOneId", "customerTwoId"), found, strict=True):
        if customer is None:
            text = f"Customer does not exist with ID {args[key].rsplit('/', 1)[-1]}"
            raise refuse([key], text, "INVALID_CUSTOMER_ID")
    if args["customerOneId"] == args["customerTwoId"]:
        raise refuse(None, "Customers IDs should not match", "INVALID_CUSTOMER_ID")
    one, two = found
    assert one is not None  # noqa: S101 - refused above
    assert two is not None  # noqa: S101
    return one, two


def _check(one: Entity, two: Entity, override: Mapping[str, Any]) -> None:
    tags = override.get("tags") or clean_tags([*one["tags"], *two["tags"]])
    if len(tags) > MOST_TAGS:
        raise _both("Customers must have 250 tags or less.")
    note = override.get("note") or "".join(customer["note"] or "" for customer in (one, two))
    if len(note) > MOST_NOTE:
        raise _both("Customer notes must be 5,000 characters or less.")


def _both(message: str) -> Refused:
    fields = ("customerOneId", "customerTwoId")
    return Refused(*(user_error([name], message, "INVALID_CUSTOMER") for name in fields))


def _roles(one: Entity, two: Entity, override: Mapping[str, Any]) -> tuple[Entity, Entity]:
    """Who stays: the one whose e-mail address is kept, else the second unless only the first has one."""
    wanted = override.get("customerIdOfEmailToKeep")
    if wanted == gid(KIND, one["id"]) or (wanted is None and one["email"] and not two["email"]):
        return one, two
    if wanted is None and one["state"] != "DISABLED" and two["state"] == "DISABLED":
        return one, two
    return two, one


def _merged(kept: Entity, gone: Entity, override: Mapping[str, Any]) -> Entity:
    merged = copy.deepcopy(kept)
    for key, name in PICKED.items():
        taken = gone if override.get(name) == gid(KIND, gone["id"]) else kept
        merged[key] = taken[key] or kept[key] or gone[key]
    notes = [customer["note"] for customer in (kept, gone) if customer["note"]]
    merged["note"] = override.get("note") or (" ".join(notes) or None)
    merged["tags"] = clean_tags(override.get("tags") or [*kept["tags"], *gone["tags"]])
    merged["addresses"] = sorted([*kept["addresses"], *gone["addresses"]], key=lambda address: int(address["id"]))
    merged["default_address"] = kept["default_address"] or gone["default_address"]
    merged["orders_count"] = kept["orders_count"] + gone["orders_count"]
    return merged


def _move_metafields(call: Call, gone: Entity, kept: Entity) -> None:
    """The kept customer's own values win."""
    kind = OWNER_TYPES[KIND]
    for metafield in of_owner(call, kind, gone["id"]):
        if find(call, kind, kept["id"], metafield["namespace"], metafield["key"]):
            delete(call, metafield)
            continue
        call.store.execute("UPDATE metafields SET owner = ? WHERE id = ?", (kept["id"], metafield["id"]))
        call.store.execute(
            "UPDATE unique_values SET owner = ? WHERE owner = ? AND owner_type = ? AND namespace = ? AND key = ?",
            (kept["id"], gone["id"], kind, metafield["namespace"], metafield["key"]),
        )


@query("customerMergePreview")
def customer_merge_preview(call: Call, args: Args) -> Entity:
    """What a merge would give."""
    if args["customerOneId"] == args["customerTwoId"]:
        raise top_error("Customers must be different.", "BAD_REQUEST")
    one, two = (customer_of(call, args[key]) for key in ("customerOneId", "customerTwoId"))
    if one is None or two is None:
        raise top_error("Customer does not exist.", "BAD_REQUEST")
    override = args.get("overrideFields") or {}
    kept, gone = _roles(one, two, override)
    merged = _merged(kept, gone, {key: value for key, value in override.items() if key in PICKED.values()})
    return {
        "resultingCustomerId": gid(KIND, kept["id"]),
        "defaultFields": _preview(merged) | {"tags": _tags_in_turn(kept, gone), "note": merged["note"]},
        "alternateFields": _preview(gone),
        "blockingFields": None,
        "customerMergeErrors": None,
    }


def _preview(customer: Entity) -> Entity:
    return {
        "firstName": customer["firstName"],
        "lastName": customer["lastName"],
        "displayName": " ".join(part for part in (customer["firstName"], customer["lastName"]) if part),
        "email": {"emailAddress": customer["email"]} if customer["email"] else None,
        "phoneNumber": {"phoneNumber": customer["phone"]} if customer["phone"] else None,
    }


def _tags_in_turn(kept: Entity, gone: Entity) -> list[str]:
    return list(dict.fromkeys([*kept["tags"], *gone["tags"]]))


@query("customerMergeJobStatus")
def merge_job(call: Call, args: Args) -> Entity | None:
    """A merge is done by the time anybody asks; null for a job that was never begun."""
    row = call.store.execute("SELECT kept FROM merge_jobs WHERE job = ?", (args["jobId"],)).fetchone()
    if row is None:
        return None
    kept = gid(KIND, row[0])
    return {"jobId": args["jobId"], "resultingCustomerId": kept, "status": "COMPLETED", "customerMergeErrors": []}


@query("job")
def job(_: Call, args: Args) -> Entity:
    """Jobs are done by the time anybody asks."""
    return {"id": args["id"], "done": True}
