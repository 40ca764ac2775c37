"""Mutations on single addresses."""

import copy
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.addresses import numbered, read_address, same
from cratejoy_sandbox.shopify.customers.changes import refuse_all
from cratejoy_sandbox.shopify.customers.record import customer_of, owner_of_address, save
from cratejoy_sandbox.shopify.errors import refuse, top_error
from cratejoy_sandbox.shopify.gids import ADDRESS, gid, number_of
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation

UNKNOWN_CUSTOMER = "Customer does not exist"


@mutation("customerAddressCreate")
def customer_address_create(call: Call, args: Args) -> Payload:
    """One more address; the first becomes the default."""
    customer = _customer(call, args)
    address, problems = read_address(args["address"], customer)
    refuse_all(problems, ["address"])
    if any(same(address, other) for other in customer["addresses"]):
        raise refuse(["address"], "Address already exists")
    before = copy.deepcopy(customer)
    made = numbered(call, address)
    customer["addresses"].append(made)
    _make_default(customer, made, wanted=args.get("setAsDefault"))
    save(call, customer, before)
    return Payload(address=made)


@mutation("customerAddressUpdate")
def customer_address_update(call: Call, args: Args) -> Payload:
    """Change an address; fields left out stay."""
    customer = _customer(call, args)
    sent = args["address"]
    if "id" in sent and sent["id"] != args["addressId"]:
        raise refuse(["addressId"], "The id of the address does not match the id in the input")
    old = _address(call, customer, args["addressId"])
    before = copy.deepcopy(customer)
    changed, problems = read_address(sent, customer, old)
    refuse_all(problems, ["address"])
    if any(same(changed, other) for other in customer["addresses"] if other["id"] != old["id"]):
        raise refuse(["address"], "Address already exists")
    old.update(changed)
    _make_default(customer, old, wanted=args.get("setAsDefault"))
    save(call, customer, before)
    return Payload(address=old)


@mutation("customerAddressDelete")
def customer_address_delete(call: Call, args: Args) -> Payload:
    """Remove an address; if it was the default, another becomes it."""
    customer = _customer(call, args)
    address = _address(call, customer, args["addressId"])
    before = copy.deepcopy(customer)
    customer["addresses"].remove(address)
    if customer["default_address"] == address["id"]:
        customer["default_address"] = customer["addresses"][0]["id"] if customer["addresses"] else None
    save(call, customer, before)
    return Payload(deletedAddressId=gid(ADDRESS, address["id"]))


@mutation("customerUpdateDefaultAddress")
def customer_update_default_address(call: Call, args: Args) -> Payload:
    """Make an address the default."""
    customer = _customer(call, args)
    address = _address(call, customer, args["addressId"])
    before = copy.deepcopy(customer)
    customer["default_address"] = address["id"]
    save(call, customer, before)
    return Payload(customer=customer)


def _customer(call: Call, args: Args) -> Entity:
    if "addressId" in args:
        _owner(call, args["addressId"])
    customer = customer_of(call, args["customerId"])
    if customer is None:
        raise refuse(["customerId"], UNKNOWN_CUSTOMER)
    return customer


def _address(call: Call, customer: Entity, identifier: str) -> Entity:
    number = number_of(identifier, ADDRESS)
    if _owner(call, identifier) != customer["id"]:
        raise refuse(["addressId"], "Address does not exist")
    return next(address for address in customer["addresses"] if address["id"] == number)


def _owner(call: Call, identifier: str) -> int:
    """Whose address this is; one that nobody has is an error even before the customer is looked at."""
    owner = owner_of_address(call, number_of(identifier, ADDRESS))
    if owner is None:
        raise top_error(f"Invalid id: {identifier}", "RESOURCE_NOT_FOUND")
    return owner


def _make_default(customer: Entity, address: Entity, *, wanted: Any) -> None:
    if wanted or customer["default_address"] is None:
        customer["default_address"] = address["id"]
