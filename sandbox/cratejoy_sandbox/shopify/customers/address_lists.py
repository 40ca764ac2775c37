"""A whole list of addresses in a customer's input."""

from collections.abc import Mapping, Sequence
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.addresses import is_blank, numbered, read_address, same
from cratejoy_sandbox.shopify.customers.rules import Problem
from cratejoy_sandbox.shopify.gids import ADDRESS, number_of
from cratejoy_sandbox.shopify.registry import Entity

Sent = Sequence[Mapping[str, Any]]


def put_addresses(call: Call, customer: Entity, sent: Sent, *, blank_ok: bool) -> list[Problem]:
    """Replace a customer's addresses by those sent; an entry with `id` changes that address in place."""
    known = {address["id"]: address for address in customer["addresses"]}
    found: list[Problem] = []
    kept: list[Entity] = []
    for place, entry in enumerate(sent):
        address, problems = _one(call, customer, entry, known)
        if not problems and not blank_ok and is_blank(address):
            problems = [([], "Customer address cannot be blank.", "INVALID")]
        found += [(["addresses", str(place), *field], message, code) for field, message, code in problems]
        if not problems and not any(same(address, other) for other in kept):
            kept.append(address)
    if not found:
        _keep(customer, kept)
    return found


def _one(
    call: Call, customer: Entity, entry: Mapping[str, Any], known: Mapping[int, Entity]
) -> tuple[Entity, list[Problem]]:
    if entry.get("id") is None:
        address, problems = read_address(entry, customer)
        old = next((other for other in known.values() if same(other, address)), None)
        return (old or numbered(call, address)), problems
    before = known.get(number_of(entry["id"], ADDRESS) or 0)
    if before is None:
        return {}, [(["id"], "Customer address does not exist", "NOT_FOUND")]
    address, problems = read_address(entry, customer, before)
    return {"id": before["id"], **address}, problems


def _keep(customer: Entity, addresses: list[Entity]) -> None:
    customer["addresses"] = addresses
    if not any(address["id"] == customer["default_address"] for address in addresses):
        customer["default_address"] = addresses[0]["id"] if addresses else None
