"""What is sent to make a customer, and what is sent instead when Shopify refuses a part of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from target_shopify import planning, reactions
from target_shopify.client import UserError
from target_shopify.mapping.customer import Metafield, ShopifyCustomer, combine
from target_shopify.mapping.member import Member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.sync_state import KEY, SyncState, encode, figures, is_part
from target_shopify.rules import LIST_LENGTH

_FIELDS = ("email", "firstName", "lastName", "phone", "note")


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer that is to be made.

    Attributes:
        customer: As the mapping wants it.
        input: The CustomerInput, without what was refused so far.
        state: The bookkeeping that goes with it.
        repairs: What was given up, as codes.
    """

    customer: ShopifyCustomer
    input: dict[str, Any]
    state: SyncState
    repairs: tuple[str, ...] = field(default=())


def wish(members: Sequence[Member], options: MappingOptions) -> Wish:
    """Return what makes a customer of these members whole in one call.

    Platform fact (recorded live answers): customerCreate takes addresses, tags and metafields together.
    """
    customer = combine(members, options)
    state = SyncState(
        origin="created",
        hash=customer.hash,
        fields=planning.fingerprints(customer.fields),
        addresses=planning.address_fingerprints(customer.addresses or ()),
        keys=tuple(customer.metafields),
        members=() if alone(members) else member_figures(members, {m.cratejoy_id for m in members}, {}, options),
    )
    wanted: dict[str, Any] = {
        **customer.fields,
        "tags": with_status(customer.tags, options),
        "metafields": [*metafield_inputs(customer.metafields, options), *_state_inputs(state, options)],
    }
    if customer.addresses:
        wanted["addresses"] = list(customer.addresses)
    return Wish(customer, wanted, state)


def relaxed(one: Wish, errors: Sequence[UserError], options: MappingOptions) -> Wish | None:
    """Return a wish without what was refused, marked for a person to look at; None when nothing can be given up."""
    given_up = reactions.relaxed(one.input, errors)
    if given_up is None:
        return None
    changed, codes = given_up
    repairs = tuple(dict.fromkeys([*one.repairs, *codes]))
    state = replace(one.state, repairs=repairs, given_up={**one.state.given_up, **dropped(one.input, changed)})
    changed["tags"] = _checked(changed["tags"], options)
    kept = [entry for entry in changed["metafields"] if entry["key"] != KEY and not is_part(entry["key"])]
    if one.input.get("email") and not changed.get("email"):
        source = Metafield("single_line_text_field", one.input["email"])
        kept += metafield_inputs({"source_email": source}, options)
    changed["metafields"] = [*kept, *_state_inputs(state, options)]
    return Wish(one.customer, changed, state, repairs)


def dropped(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of the fields that were given up between two inputs."""
    return {
        name: planning.mark(name, before[name])
        for name in _FIELDS
        if before.get(name) and after.get(name) != before[name]
    }


def with_status(tags: Sequence[str], options: MappingOptions) -> list[str]:
    """Return a new customer's tags; one whose subscriptions nobody told of has a status too, which says so."""
    status = f"{options.tag_prefix}status-"
    if any(tag.startswith(status) for tag in tags) or len(tags) >= LIST_LENGTH:
        return list(tags)
    return [*tags, f"{status}unknown"]


def metafield_inputs(metafields: Mapping[str, Metafield], options: MappingOptions) -> list[dict[str, Any]]:
    """Return metafields as customerCreate takes them."""
    return [
        {"namespace": options.namespace, "key": key, "type": kind, "value": value}
        for key, (kind, value) in metafields.items()
    ]


def alone(members: Sequence[Member]) -> bool:
    """Whether all in the shop belongs to one member, and its histories tell all that its tags came from."""
    return len(members) == 1 and not members[0].repairs and not members[0].is_test


def member_figures(
    members: Sequence[Member], at_hand: set[int], before: Mapping[int, str | None], options: MappingOptions
) -> tuple[dict[str, Any], ...]:
    """Return what belongs to which of several members, with the hash each was last written with."""
    return tuple(
        {
            **figures(member),
            "hash": combine([member], options).hash
            if member.cratejoy_id in at_hand
            else before.get(member.cratejoy_id),
        }
        for member in sorted(members, key=lambda one: one.cratejoy_id)
    )


def _state_inputs(state: SyncState, options: MappingOptions) -> list[dict[str, Any]]:
    return metafield_inputs({key: Metafield("json", text) for key, text in encode(state).items()}, options)


def _checked(tags: Sequence[str], options: MappingOptions) -> list[str]:
    check = f"{options.tag_prefix}check"
    return [*tags, check] if check not in tags and len(tags) < LIST_LENGTH else list(tags)
