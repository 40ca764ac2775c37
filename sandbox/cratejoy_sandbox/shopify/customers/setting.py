"""customerSet: the upsert, by id, e-mail address, phone number or custom id."""

import copy
from collections.abc import Mapping
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.address_lists import put_addresses
from cratejoy_sandbox.shopify.customers.changes import NAMELESS, apply_fields, is_nobody, refuse_all
from cratejoy_sandbox.shopify.customers.record import KIND, by_email, by_phone, customer_of, new_customer, save
from cratejoy_sandbox.shopify.customers.rules import clean_email, clean_phone
from cratejoy_sandbox.shopify.errors import refuse
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.metafields.custom_ids import check_custom_id, owner_by_custom_id, write_custom_id
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation

NOT_FOUND = "Resource matching the identifier was not found."
REQUIRED = "The input field corresponding to the identifier is required."
MISMATCH = "The identifier value does not match the value of the corresponding field in the input."
WITH_ID = "The id field is not allowed if identifier is provided."


@mutation("customerSet")
def customer_set(call: Call, args: Args) -> Payload:
    """Find or make, then write; a custom id that is new is written as a metafield."""
    sent, identifier = args["input"], args.get("identifier")
    found = _found(call, sent, identifier or {})
    if "taxExempt" in sent and sent["taxExempt"] is None:
        raise refuse(["input", "taxExempt"], "Tax exempt is of unexpected type NilClass", "INVALID")
    customer = found or new_customer(call)
    before = copy.deepcopy(found)
    problems = apply_fields(call, customer, sent)
    custom_id = (identifier or {}).get("customId")
    if not problems and is_nobody(customer) and not custom_id:
        raise refuse(["input"], NAMELESS, "INVALID")
    if sent.get("addresses") is not None:
        problems += put_addresses(call, customer, sent["addresses"], blank_ok=True)
    refuse_all(problems, ["input"])
    save(call, customer, before)
    if custom_id and found is None:
        write_custom_id(call, gid(KIND, customer["id"]), custom_id)
    return Payload(customer=customer)


def _found(call: Call, sent: Mapping[str, Any], identifier: Mapping[str, Any]) -> Entity | None:
    """The customer that is meant, or None for a new one."""
    if identifier and sent.get("id") is not None:
        raise refuse(["input"], WITH_ID, "ID_NOT_ALLOWED")
    wanted = identifier.get("id") or sent.get("id")
    if wanted:
        customer = customer_of(call, wanted)
        if customer is None:
            raise refuse(["input"], NOT_FOUND, "NOT_FOUND")
        return customer
    if "customId" in identifier:
        check_custom_id(call, "CUSTOMER", identifier["customId"])
        number = owner_by_custom_id(call, "CUSTOMER", identifier["customId"])
        return call.store.get(KIND, number) if number else None
    if "email" in identifier:
        return by_email(call, _same(sent, "email", clean_email(identifier["email"]), clean_email))
    if "phone" in identifier:
        return by_phone(call, _same(sent, "phone", clean_phone(identifier["phone"]), clean_phone))
    return None


def _same(sent: Mapping[str, Any], key: str, wanted: str | None, clean: Any) -> str:
    """The identifier's value, which the input must repeat."""
    if sent.get(key) is None:
        raise refuse(["input"], REQUIRED, "MISSING_FIELD_REQUIRED")
    if (clean(sent[key]) or "").casefold() != (wanted or "").casefold():
        raise refuse(["input"], MISMATCH, "INPUT_MISMATCH")
    return wanted or ""
