"""customerCreate, customerUpdate, customerDelete."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.address_lists import put_addresses
from cratejoy_sandbox.shopify.customers.changes import NAMELESS, apply_fields, is_nobody, refuse_all
from cratejoy_sandbox.shopify.customers.consent import forbid_in_update, set_at_creation
from cratejoy_sandbox.shopify.customers.record import KIND, customer_of, new_customer, remove, save
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.owners import inline_metafields, remove_of_owner
from cratejoy_sandbox.shopify.registry import Args, Payload, mutation

UNKNOWN = "Customer does not exist"
HAS_ORDERS = "Customer can\u2019t be deleted because they have associated orders"


@mutation("customerCreate")
def customer_create(call: Call, args: Args) -> Payload:
    """A new customer with addresses, consents and metafields in one call."""
    sent = args["input"]
    _forbid_ids(sent)
    customer = new_customer(call)
    problems = apply_fields(call, customer, sent)
    if not problems and is_nobody(customer):
        raise refuse(None, NAMELESS)
    problems += put_addresses(call, customer, sent.get("addresses") or [], blank_ok=False)
    refuse_all(problems)
    set_at_creation(call, customer, sent)
    save(call, customer)
    inline_metafields(call, gid(KIND, customer["id"]), sent.get("metafields") or [])
    return Payload(customer=customer)


@mutation("customerUpdate")
def customer_update(call: Call, args: Args) -> Payload:
    """Change a customer; lists that are sent replace what was there."""
    sent = args["input"]
    customer = customer_of(call, sent["id"]) if sent.get("id") else None
    if customer is None:
        raise refuse(["id"], UNKNOWN)
    forbid_in_update(sent)
    before = copy.deepcopy(customer)
    problems = apply_fields(call, customer, sent)
    if not problems and is_nobody(customer):
        raise refuse(None, NAMELESS)
    if sent.get("addresses") is not None:
        problems += put_addresses(call, customer, sent["addresses"], blank_ok=True)
    refuse_all(problems)
    save(call, customer, before)
    inline_metafields(call, gid(KIND, customer["id"]), sent.get("metafields") or [])
    return Payload(customer=customer)


@mutation("customerDelete")
def customer_delete(call: Call, args: Args) -> Payload:
    """Remove a customer who has no orders."""
    customer = customer_of(call, args["input"]["id"])
    if customer is None:
        raise Refused(user_error(["id"], "Customer can't be found"), shop={"id": gid("Shop", 0)})
    if customer["orders_count"]:
        raise refuse(["id"], HAS_ORDERS)
    remove(call, customer)
    remove_of_owner(call, KIND, customer["id"])
    return Payload(deletedCustomerId=gid(KIND, customer["id"]), shop={"id": gid("Shop", 0)})


def _forbid_ids(sent: Mapping[str, Any]) -> None:
    if sent.get("id") is not None:
        raise refuse(["id"], "Cannot specify ID on creation")
    _forbid_inner(sent.get("addresses") or (), "addresses", "Cannot specify address ID on creation")
    _forbid_inner(sent.get("metafields") or (), "metafields", "Cannot specify metafield ID on creation")


def _forbid_inner(entries: Sequence[Mapping[str, Any]], field: str, message: str) -> None:
    for place, entry in enumerate(entries):
        if entry.get("id") is not None:
            raise refuse([field, str(place), "id"], message)
