"""Carrying out a plan: the calls that bring a customer of the shop up to date, the bookkeeping last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_shopify import reactions
from target_shopify.creation import dropped
from target_shopify.mapping.customer import Metafield
from target_shopify.mapping.sync_state import SyncState, encode, is_part
from target_shopify.rules import LIST_LENGTH

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.planning import Found, Plan

_MOST_TRIES = 12
_METAFIELDS_A_CALL = 25
"""metafieldsSet takes 25 entries (schema; recorded live answers)."""
_TAG_ORDER = ("id-", "migrated", "check", "status-", "subscriber", "test")
"""Which of our tags matter most, where a customer has no room for all."""


class Changes:
    """Writes changes of customers; safe to share between threads.

    Args:
        client: Of the shop.
        options: Of the mapping.
    """

    def __init__(self, client: ShopifyClient, options: MappingOptions) -> None:
        self._client = client
        self._options = options

    def apply(self, found: Found, plan: Plan, state: SyncState) -> list[str]:
        """Carry out a plan.

        Args:
            found: The customer as it is.
            plan: What must change.
            state: The bookkeeping, without what is given up now.

        Returns:
            What Shopify refused and was left off, as codes.
        """
        repairs, given_up = self._write_fields(found.id, plan)
        repairs += self._add_addresses(found, plan)
        repairs += self._write_tags(found, plan, check=bool(repairs))
        gone = [*plan.delete_metafields, *self._stale_parts(found, state)]
        if gone:
            self._delete_metafields(found.id, gone)
        codes = tuple(dict.fromkeys([*state.repairs, *repairs]))
        whole = replace(state, repairs=codes, given_up={**state.given_up, **given_up})
        return repairs + self._write_metafields(found.id, plan.metafields, whole)

    def _write_fields(self, gid: str, plan: Plan) -> tuple[list[str], dict[str, str]]:
        wanted: dict[str, Any] = dict(plan.fields)
        if plan.set_addresses is not None:
            wanted["addresses"] = [dict(address) for address in plan.set_addresses]
        repairs: list[str] = []
        for _ in range(_MOST_TRIES):
            if not wanted:
                break
            errors = self._client.call("CustomerUpdate", {"input": {"id": gid, **wanted}}).errors
            if not errors:
                break
            given_up = reactions.relaxed(wanted, errors)
            if given_up is None:
                repairs.append(reactions.refusal_reason(errors))
                break
            wanted = given_up[0]
            repairs += given_up[1]
        return repairs, dropped(plan.fields, wanted)

    def _add_addresses(self, found: Found, plan: Plan) -> list[str]:
        repairs: list[str] = []
        for number, address in enumerate(plan.add_addresses):
            first = number == (plan.default or 0) and not found.addresses
            repairs += self._add_address(found.id, address, first=first or number == plan.default)
        if isinstance(plan.default, str):
            self._client.call("CustomerUpdateDefaultAddress", {"customerId": found.id, "addressId": plan.default})
        return repairs

    def _add_address(self, gid: str, address: Mapping[str, Any], *, first: bool) -> list[str]:
        wanted: dict[str, Any] = {"addresses": [dict(address)]}
        repairs: list[str] = []
        for _ in range(_MOST_TRIES):
            variables = {"customerId": gid, "address": wanted["addresses"][0], "setAsDefault": first}
            errors = self._client.call("CustomerAddressCreate", variables).errors
            if not errors or any("already exists" in error.message.lower() for error in errors):
                break
            placed = [replace(error, field=("addresses", "0", *error.field[1:])) for error in errors]
            given_up = reactions.relaxed(wanted, placed)
            if given_up is None or not given_up[0]["addresses"]:
                return [*repairs, "address_refused"]
            wanted, more = given_up
            repairs += more
        return repairs

    def _write_tags(self, found: Found, plan: Plan, *, check: bool) -> list[str]:
        mark = f"{self._options.tag_prefix}check"
        removed = [tag for tag in plan.remove_tags if not (check and tag == mark)]
        if removed:
            self._client.call("TagsRemove", {"id": found.id, "tags": removed})
        added = [*plan.add_tags, *([mark] if check and mark not in {*found.tags, *plan.add_tags} else [])]
        room = LIST_LENGTH - len(found.tags) + len(removed)
        fitting = sorted(added, key=self._tag_rank)[: max(room, 0)]
        repairs = ["tags_cut"] if len(fitting) < len(added) else []
        return repairs + self._add_tags(found.id, fitting)

    def _add_tags(self, gid: str, tags: Sequence[str]) -> list[str]:
        """Add tags; where all together are refused, each on its own."""
        if not tags or not self._client.call("TagsAdd", {"id": gid, "tags": list(tags)}).errors:
            return []
        if len(tags) == 1:
            return ["tag_refused"]
        return list(dict.fromkeys(code for tag in tags for code in self._add_tags(gid, [tag])))

    def _tag_rank(self, tag: str) -> int:
        rest = tag.removeprefix(self._options.tag_prefix)
        return next((rank for rank, start in enumerate(_TAG_ORDER) if rest.startswith(start)), len(_TAG_ORDER))

    def _stale_parts(self, found: Found, state: SyncState) -> list[str]:
        kept = encode(state)
        return [key for key in found.metafields if is_part(key) and key not in kept]

    def _delete_metafields(self, gid: str, keys: Sequence[str]) -> None:
        gone = [{"ownerId": gid, "namespace": self._options.namespace, "key": key} for key in keys]
        for start in range(0, len(gone), LIST_LENGTH):
            self._client.call("MetafieldsDelete", {"metafields": gone[start : start + LIST_LENGTH]})

    def _write_metafields(self, gid: str, changed: Mapping[str, Metafield], state: SyncState) -> list[str]:
        """Write metafields, the bookkeeping last: only what is all there counts as written."""
        wanted = [self._set_input(gid, key, *one) for key, one in changed.items()]
        wanted += [self._set_input(gid, key, "json", text) for key, text in encode(state).items()]
        repairs: list[str] = []
        for start in range(0, len(wanted), _METAFIELDS_A_CALL):
            repairs += self._set_metafields(wanted[start : start + _METAFIELDS_A_CALL])
        return repairs

    def _set_metafields(self, entries: list[dict[str, Any]]) -> list[str]:
        repairs: list[str] = []
        while entries:
            errors = self._client.call("MetafieldsSet", {"metafields": entries}).errors
            if not errors:
                break
            given_up = reactions.relaxed({"metafields": entries}, errors)
            if given_up is None:
                return [*repairs, reactions.refusal_reason(errors)]
            entries = given_up[0]["metafields"]
            repairs += given_up[1]
        return repairs

    def _set_input(self, gid: str, key: str, kind: str, value: str) -> dict[str, Any]:
        return {"ownerId": gid, "namespace": self._options.namespace, "key": key, "type": kind, "value": value}
