"""Queries for one customer."""

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import KIND, by_email, by_phone, customer_of
from cratejoy_sandbox.shopify.customers.rules import clean_email, clean_phone
from cratejoy_sandbox.shopify.metafields.custom_ids import check_custom_id, owner_by_custom_id
from cratejoy_sandbox.shopify.registry import Args, Entity, query


@query("customer")
def customer(call: Call, args: Args) -> Entity | None:
    """A customer by global id, or null."""
    return customer_of(call, args["id"])


@query("customerByIdentifier")
def customer_by_identifier(call: Call, args: Args) -> Entity | None:
    """A customer by id, e-mail address, phone number or custom id: never behind, unlike a search."""
    identifier = args["identifier"]
    if "id" in identifier:
        return customer_of(call, identifier["id"])
    if "emailAddress" in identifier:
        return by_email(call, clean_email(identifier["emailAddress"]) or "")
    if "phoneNumber" in identifier:
        return by_phone(call, clean_phone(identifier["phoneNumber"]) or "")
    check_custom_id(call, "CUSTOMER", identifier["customId"])
    number = owner_by_custom_id(call, "CUSTOMER", identifier["customId"])
    return call.store.get(KIND, number) if number else None
