"""A customer as the shop has it against its documents, field by field. Pure.

What is equal is decided by the target's own rules, so that a difference here is something the target would write.
What the merchant's settings or Shopify's recorded refusals made otherwise is explained, not different.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from target_shopify import notes, planning
from target_shopify.mapping.customer import ShopifyCustomer, combine
from target_shopify.mapping.member import Member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.stored import stored_members
from target_shopify.mapping.sync_state import address_fingerprint
from target_shopify.planning import Found

from cratejoy_migration.verify.differences import CHANGED, EXTRA, MISSING, REMOVED, WRONG, Compared, Difference

NAMES = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phone": "phone", "note": "note"}
"""Fields of a customer: Shopify's name and ours."""
_PART = re.compile(r"(.*_history)_\d{3}")
_PLAIN_TAG = re.compile(r"[\w-]{1,60}")
KEPT = "the merchant's own stays (update_policy: merge)"
GIVEN_UP = "refused by Shopify, as recorded"

Verdict = Difference | str
"""A difference, or an explanation."""


@dataclass(frozen=True, slots=True)
class Rules:
    """By what settings customers were written.

    Attributes:
        options: Of the mapping.
        replaces: `update_policy` is `replace`.
    """

    options: MappingOptions
    replaces: bool = False


def compare(found: Found, members: Sequence[Member], rules: Rules, origin: str | None = None) -> Compared:
    """Compare a customer of the shop with its documents.

    Args:
        found: As it was read back.
        members: Its documents.
        rules: The settings.
        origin: How it came in, by the ledger; the customer's own bookkeeping goes before.
    """
    at_hand = {member.cratejoy_id for member in members}
    customer = combine([*_others(found, at_hand, rules.options), *members], rules.options)
    one = _One(found, customer, rules, leads=customer.cratejoy_id in at_hand, origin=origin)
    told = list(one.verdicts())
    return Compared(
        tuple(item for item in told if isinstance(item, Difference)),
        tuple(dict.fromkeys(item for item in told if isinstance(item, str))),
    )


def _others(found: Found, at_hand: set[int], options: MappingOptions) -> list[Member]:
    """Return the members that the shop's customer holds besides those at hand, as an update would take them in."""
    if found.state is None or not {one["id"] for one in found.state.members} - at_hand:
        return []
    stored = stored_members(found.state, found.metafields.get("customer_id"), found.metafields, options)
    return [member for member in stored if member.cratejoy_id not in at_hand]


class _One:
    """One customer that is compared."""

    def __init__(
        self, found: Found, customer: ShopifyCustomer, rules: Rules, *, leads: bool, origin: str | None
    ) -> None:
        self._found = found
        self._wanted = customer
        self._options = rules.options
        self._replaces = rules.replaces and leads
        self._leads = leads
        state = found.state
        self._repairs = state.repairs if state else ()
        self._adopted = (state.origin if state else origin) == "adopted"
        self._last_written = state is not None and state.hash == customer.hash
        self._marks: Mapping[str, str] = state.fields if state else {}

    def verdicts(self) -> Iterator[Verdict]:
        """Yield all that differs, and all that is otherwise for a reason."""
        yield from self._fields()
        yield from self._addresses()
        yield from self._tags()
        yield from self._metafields()
        if self._found.state is None:
            yield Difference("metafield", REMOVED, "sync_state")

    def _fields(self) -> Iterator[Verdict]:
        for name, told in NAMES.items():
            now, new = self._found.fields.get(name), self._wanted.fields.get(name)
            if planning.same(name, now, new) or (name == "note" and new and new in _lines(now)):
                continue
            verdict = self._field(name, told, now, new)
            if verdict:
                yield verdict

    def _field(self, name: str, told: str, now: str | None, new: str | None) -> Verdict | None:
        if new is None:
            return Difference(told, EXTRA) if self._replaces else None
        if planning.is_given_up(self._found, name, new):
            return f"{told}: {GIVEN_UP}"
        before = self._marks.get(name, "")
        written = notes.says(before, new) if name == "note" else before == planning.mark(name, new)
        if not now:
            if name in ("firstName", "lastName") and self._adopted and not written:
                return f"{told}: {KEPT}"
            return Difference(told, REMOVED if written else MISSING)
        if written:
            return Difference(told, CHANGED)
        if self._replaces or (self._found.state is None and not self._adopted):
            return Difference(told, WRONG)
        still_ours = notes.is_ours(now, before) if name == "note" else before == planning.mark(name, now)
        return Difference(told, WRONG) if still_ours and self._leads else f"{told}: {KEPT}"

    def _addresses(self) -> Iterator[Verdict]:
        wanted = self._wanted.addresses or ()
        there = {address_fingerprint(address) for address in self._found.addresses}
        gone = [
            (place, address)
            for place, address in enumerate(wanted, 1)
            if address_fingerprint(address) not in there
            and planning.address_prints(address, self._found, self._wanted).isdisjoint(there)
        ]
        for place, address in gone:
            if any(code.startswith("address_") for code in self._repairs) and self._may_be_refused(address):
                yield f"address: {GIVEN_UP}"
            else:
                yield Difference("address", self._how(address), str(place))
        if self._replaces and self._wanted.addresses is not None and not gone and self._options.orders != "create":
            extra = len(self._found.addresses) - len(wanted)
            yield from [Difference("address", EXTRA)] if extra > 0 else []
        yield from self._default([address for _, address in gone])

    def _how(self, address: Mapping[str, Any]) -> str:
        state = self._found.state
        written = self._last_written and state is not None and address_fingerprint(address) in state.addresses
        return REMOVED if written else MISSING

    def _may_be_refused(self, address: Mapping[str, Any]) -> bool:
        """Whether recorded refusals can be why an address is not there: as a whole, or for a part it lacks now."""
        if "address_refused" in self._repairs:
            return True
        return any(_is_part_of(other, address) for other in self._found.addresses)

    def _default(self, gone: Sequence[Mapping[str, Any]]) -> Iterator[Verdict]:
        if not self._found.addresses:
            return
        right = planning.default_address(self._found, self._wanted, gone)
        if isinstance(right, str) and right != self._found.addresses[0]["id"]:
            yield Difference("default_address", CHANGED)

    def _tags(self) -> Iterator[Verdict]:
        prefix = self._options.tag_prefix
        check = (f"{prefix}check",) if self._repairs else ()
        wanted = tuple(dict.fromkeys([*self._wanted.tags, *check]))
        for tag in planning.missing_tags(self._found.tags, wanted):
            if {"tags_cut", "tag_refused"}.intersection(self._repairs):
                yield f"tag: {GIVEN_UP}"
            else:
                yield Difference("tag", REMOVED if self._last_written else MISSING, tag)
        for tag in planning.stale_tags(self._found.tags, wanted, prefix, replace=self._replaces):
            rest = tag[len(prefix) :]
            yield Difference("tag", EXTRA, f"{prefix}{rest if _PLAIN_TAG.fullmatch(rest) else '...'}")

    def _metafields(self) -> Iterator[Verdict]:
        told = set()
        for key, value in self._wanted.metafields.items():
            now = self._found.metafields.get(key)
            name = _whole(key)
            if planning.same_value(now, value) or name in told:
                continue
            told.add(name)
            if now is None and f"metafield_refused:{key}" in self._repairs:
                yield f"metafield {name}: {GIVEN_UP}"
            elif now is None:
                yield Difference("metafield", REMOVED if self._last_written else MISSING, name)
            else:
                yield Difference("metafield", CHANGED if self._last_written else WRONG, name)
        for key in planning.stale_metafields(self._found.metafields, self._wanted.metafields):
            yield Difference("metafield", EXTRA, key)


def _lines(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n")


def _whole(key: str) -> str:
    """Return the key of a history, whichever of its parts it is."""
    part = _PART.fullmatch(key)
    return part[1] if part else key


def _is_part_of(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether all that an address in the shop says is said by the wanted one."""
    said = {name: value for name, value in there.items() if name != "id"}
    return all(str(wanted.get(name) or "").casefold() == str(value).casefold() for name, value in said.items())
