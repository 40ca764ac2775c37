"""One unit of work into the shop: look, create, adopt, merge or update, whichever it takes.

Replays, lost answers and crashes end in the same customer because nothing is decided by memory or search: the id
metafield `customer_id` is unique in the shop, and `sync_state` says what was written last.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_shopify import planning, reactions
from target_shopify.before import BeforeImage, image_of, writing_of
from target_shopify.changes import Changes
from target_shopify.creation import alone, member_figures, relaxed, wish
from target_shopify.customers import Seen, ShopReader
from target_shopify.errors import UNANSWERED, AnswerLost, CallRefused, LimitReached, Unreachable
from target_shopify.mapping.customer import ShopifyCustomer, combine
from target_shopify.mapping.member import Member
from target_shopify.mapping.rows import Row, newest_first
from target_shopify.mapping.stored import stored_members
from target_shopify.mapping.sync_state import SyncState
from target_shopify.past_orders import Placed, shipping_address
from target_shopify.rules import reason_text
from target_shopify.work import Entry, Outcome, Unit

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient, UserError
    from target_shopify.ledger import Ledger
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.past_orders import PastOrders
    from target_shopify.settings import Settings

Rows = tuple[Row, ...] | None

_MOST_TRIES = 12
_PERHAPS_THERE = frozenset({"unknown", "met"})
"""Sent before: by a run that did not see the end of it, or in a file whose line was refused."""
LOOKS_SECONDS = (0.2, 1.0, 3.0)
"""Pauses before the looks for a customer whose create was not answered."""
_LOOK_FIRST_ABOVE = 0.1
"""A look costs 2 points, a create that finds its customer there 10: looking pays from about this share on."""


class Expectation:
    """How likely the next customer is in the shop already; safe to share between threads."""

    def __init__(self, *, likely: bool) -> None:
        self._share = 1.0 if likely else 0.0
        self._lock = threading.Lock()

    @property
    def look_first(self) -> bool:
        """Whether to look before creating."""
        return self._share > _LOOK_FIRST_ABOVE

    def learn(self, *, there: bool) -> None:
        """Take in what the last one was."""
        with self._lock:
            self._share += 0.05 * (there - self._share)


@dataclass(frozen=True)
class _Settled:
    """The shop's side of an outcome."""

    shopify_id: str
    origin: str
    changed: bool
    repairs: tuple[str, ...] = ()


class Upsert:
    """Carries units into the shop; safe to share between threads.

    Args:
        client: Of the shop.
        options: Of the mapping.
        settings: Conflict and update policy.
        ledger: Keeps customers that we did not make as they were.
        orders: Writes past orders; None when orders are not created.
        likely: Whether customers are probably there already.
    """

    def __init__(
        self,
        client: ShopifyClient,
        options: MappingOptions,
        settings: Settings,
        ledger: Ledger,
        orders: PastOrders | None = None,
        *,
        likely: bool = False,
    ) -> None:
        self._client = client
        self._options = options
        self._settings = settings
        self._ledger = ledger
        self._orders = orders
        self._reader = ShopReader(client, options.namespace)
        self._changes = Changes(client, options)
        self.expectation = Expectation(likely=likely)

    def settle(self, unit: Unit) -> list[Outcome]:
        """Bring a unit into the shop.

        Returns:
            One outcome an entry.

        Raises:
            RunStopped: The run cannot go on; the unit may be written in part and is settled by the next run.
        """
        try:
            seen = self._look(unit)
            return self._update(unit, seen) if seen else self._create(unit)
        except CallRefused as refused:
            reason = f"request refused by Shopify ({', '.join([*refused.codes, *refused.places])})"
            return [Outcome(entry.ticket, "refused", reason=reason) for entry in unit.entries]

    def look(self, unit: Unit) -> Seen | None:
        """Find the customer of a unit by the ids and then by the e-mail; reads only."""
        for entry in unit.entries:
            seen = self._reader.by_cratejoy_id(entry.member.cratejoy_id)
            if seen:
                return seen
        return self.by_email(unit)

    def carried(self, unit: Unit, seen: Seen) -> bool:
        """Whether the shop's customer already holds exactly these documents."""
        state = seen.state
        if state is None:
            return False
        known = {one["id"]: one.get("hash") for one in state.members} or {int(seen.customer_id or 0): state.hash}
        return all(
            known.get(entry.member.cratejoy_id) == combine([entry.member], self._options).hash for entry in unit.entries
        )

    def knows(self, seen: Seen, entry: Entry) -> bool:
        """Whether a document is part of the shop's customer already."""
        return entry.member.cratejoy_id in _member_ids(seen)

    def _look(self, unit: Unit) -> Seen | None:
        for entry in unit.entries:
            if entry.known and entry.known.shopify_id:
                seen = self._reader.by_id(entry.known.shopify_id)
                if seen and (seen.state is None or self.knows(seen, entry)):
                    return seen  # By its own bookkeeping it is this one: a ledger may be restored from long ago.
        maybe = any(entry.known and entry.known.status in _PERHAPS_THERE for entry in unit.entries)
        if not maybe and not self.expectation.look_first:
            return None
        seen = self.look(unit)
        if not maybe:
            self.expectation.learn(there=seen is not None)
        return seen

    def by_email(self, unit: Unit) -> Seen | None:
        """Find the customer of a unit by the e-mail alone; reads only."""
        email = next((entry.member.email for entry in unit.entries if entry.member.email), None)
        return self._reader.by_email(email) if email else None

    # Creating

    def _create(self, unit: Unit) -> list[Outcome]:
        wanted = wish([entry.member for entry in unit.entries], self._options)
        errors: Sequence[UserError] = ()
        for tries_left in reversed(range(_MOST_TRIES)):
            try:
                answer = self._client.call("CustomerCreate", {"input": wanted.input}, once=True)
            except AnswerLost as lost:
                seen = self._after_lost_answer(unit)
                if seen is None and not tries_left:
                    raise Unreachable(UNANSWERED.format("customerCreate", lost)) from None
                if seen is None:
                    continue
                if not (seen.state and seen.state.hash == wanted.customer.hash):
                    return self._update(unit, seen)
                return self._created(unit, seen.id, wanted.repairs)
            gid = (answer.value.get("customer") or {}).get("id")
            if gid:
                self.expectation.learn(there=False)
                return self._created(unit, str(gid), wanted.repairs)
            errors = answer.errors
            seen = self._in_the_way(unit, errors)
            if seen:
                self.expectation.learn(there=True)
                return self._update(unit, seen)
            less = relaxed(wanted, errors, self._options)
            if less is None:
                break
            wanted = less
        return self._refused_or_there(unit, errors)

    def _refused_or_there(self, unit: Unit, errors: Sequence[UserError]) -> list[Outcome]:
        """Refuse a unit, unless its own customer is what was in the way, in whatever words Shopify said so."""
        seen = self.look(unit)
        if seen and seen.customer_id is not None:
            return self._update(unit, seen)
        return [Outcome(entry.ticket, "refused", reason=reactions.refusal_reason(errors)) for entry in unit.entries]

    def _created(self, unit: Unit, gid: str, repairs: Sequence[str]) -> list[Outcome]:
        placed = self._write_orders(unit, gid, fresh=True)
        repairs = [*repairs, *placed.reasons]
        return [
            Outcome(
                entry.ticket,
                status := "created" if entry is unit.leader else "merged",
                origin=status,
                shopify_id=gid,
                reason=_reason(entry.member, repairs),
                orders=tuple(placed.orders) if entry is unit.leader else (),
            )
            for entry in unit.entries
        ]

    def _after_lost_answer(self, unit: Unit) -> Seen | None:
        """Look whether a create whose answer was lost has happened; it may be on its way still."""
        for seconds in LOOKS_SECONDS:
            self._client.rest(seconds)
            seen = self._reader.by_cratejoy_id(unit.leader.member.cratejoy_id)
            if seen:
                return seen
        return None

    def _in_the_way(self, unit: Unit, errors: Sequence[UserError]) -> Seen | None:
        """Return the customer because of whom Shopify refused to create this one."""
        if not errors or any(reactions.is_taken(error, "email") for error in errors) or reactions.id_is_taken(errors):
            return self.look(unit)
        return None

    # Updating

    def _update(self, unit: Unit, seen: Seen) -> list[Outcome]:
        if seen.customer_id is None:
            conflict = self._conflict(unit)
            if conflict:
                return conflict
        apart = self._living_apart(unit, seen)
        if apart:
            together = [entry for entry in unit.entries if all(entry is not one for one, _ in apart)]
            rest = self._update(Unit(together), seen) if together else []
            return rest + [outcome for entry, home in apart for outcome in self._update(Unit([entry]), home)]
        inherited = self._is_inherited(unit, seen)
        if not (self._settings.replaces or self._settings.repair or inherited) and self.carried(unit, seen):
            origin = seen.state.origin if seen.state else "created"
            repairs = seen.state.repairs if seen.state else ()
            if origin == "adopted" and self._ship_addresses(unit) and (found := self._reader.read(seen.id)):
                self._keep(found, planning.Plan(), unit)
            return self._updated(unit, seen, _Settled(seen.id, origin, changed=False, repairs=repairs))
        found = self._reader.read(seen.id)
        if found is None:
            reason = "the customer vanished while it was being updated; the next run looks again"
            return [Outcome(entry.ticket, "unknown", reason=reason) for entry in unit.entries]
        return self._updated(unit, seen, self._bring_up_to_date(unit, found, inherited=inherited))

    def _living_apart(self, unit: Unit, seen: Seen) -> list[tuple[Entry, Seen]]:
        """Return documents of a group that have customers of their own: they came to share an e-mail only now.

        Uniting customers of the shop is not ours to do; each stays where it is, the second without the e-mail.
        """
        if len(unit.entries) == 1:
            return []
        strangers = [entry for entry in unit.entries if not self.knows(seen, entry)]
        homes = [(entry, self._reader.by_cratejoy_id(entry.member.cratejoy_id)) for entry in strangers]
        return [(entry, home) for entry, home in homes if home and home.id != seen.id]

    def _conflict(self, unit: Unit) -> list[Outcome] | None:
        if self._settings.conflict == "skip":
            return [Outcome(entry.ticket, "refused", reason="email_taken") for entry in unit.entries]
        if self._settings.conflict == "fail":
            raise LimitReached(
                f"The e-mail of Cratejoy customer {unit.leader.ticket.key} belongs to a Shopify customer that this "
                "migration did not make, and conflict is fail: set conflict to adopt or skip, or look at that customer."
            )
        return None

    def _bring_up_to_date(self, unit: Unit, found: planning.Found, *, inherited: bool) -> _Settled:
        members = self._all_members(unit, found)
        customer = combine(members, self._options)
        remembered = _remembered(found, customer)
        if remembered:
            customer = replace(customer, tags=self._checked(customer.tags))
        at_hand = {entry.member.cratejoy_id for entry in unit.entries}
        change = planning.plan(
            found,
            customer,
            replace=self._settings.replaces,
            fill_only=customer.cratejoy_id not in at_hand,
            partial=any(member.cratejoy_id not in at_hand for member in members),
            prefix=self._options.tag_prefix,
            repair=self._settings.repair,
        )
        origin = found.state.origin if found.state else ("created" if found.ours else "adopted")
        origin = "adopted" if inherited else origin
        state = SyncState(
            origin=origin,
            hash=customer.hash,
            fields=change.written,
            addresses=change.written_addresses,
            keys=tuple(customer.metafields),
            members=self._figures(members, unit, found),
            repairs=remembered,
            given_up=_still_given_up(found, customer),
        )
        idle = change.empty and found.state == state
        if origin == "adopted" and not (idle and not self._ship_addresses(unit)):
            self._keep(found, change, unit)
        if idle:
            return _Settled(found.id, origin, changed=False, repairs=remembered)
        repairs = self._changes.apply(found, change, state)
        return _Settled(found.id, origin, changed=True, repairs=(*remembered, *repairs))

    def _keep(self, found: planning.Found, change: planning.Plan, unit: Unit) -> None:
        """See to it that what we did not make can be restored, before anything is written to it."""
        if self._ledger.remembers:
            writing = writing_of(found, change, self._ship_addresses(unit))
            self._ledger.keep(BeforeImage(found.id, image_of(found), writing))

    def _is_inherited(self, unit: Unit, seen: Seen) -> bool:
        """Whether a customer has our bookkeeping from one that we made and that somebody merged into it.

        It is taken for the merchant's own: by the ledger these documents have another customer, which is gone, and a
        rollback must not delete what may not be ours.
        """
        known = {entry.known.shopify_id for entry in unit.entries if entry.known and entry.known.shopify_id}
        members = _member_ids(seen)
        if seen.id in known or not members or not members <= {entry.member.cratejoy_id for entry in unit.entries}:
            return False
        return any(self._reader.by_id(gid) is None for gid in sorted(known))

    def _ship_addresses(self, unit: Unit) -> list[dict[str, Any]]:
        """Return the addresses that the orders of a unit leave on its customer."""
        if self._orders is None:
            return []
        orders = [order for entry in unit.entries for order in entry.member.source_orders]
        return [address for order in orders if (address := shipping_address(order))]

    def _checked(self, tags: Sequence[str]) -> tuple[str, ...]:
        check = f"{self._options.tag_prefix}check"
        return (*tags, check) if check not in tags else tuple(tags)

    def _all_members(self, unit: Unit, found: planning.Found) -> list[Member]:
        at_hand = [entry.member for entry in unit.entries]
        ids = {member.cratejoy_id for member in at_hand}
        stored = stored_members(found.state, found.metafields.get("customer_id"), found.metafields, self._options)
        if found.state and not found.state.whole:
            at_hand = [_with_all(at_hand[0], stored), *at_hand[1:]]
        return [*(member for member in stored if member.cratejoy_id not in ids), *at_hand]

    def _figures(self, members: Sequence[Member], unit: Unit, found: planning.Found) -> tuple[dict[str, Any], ...]:
        """Return what belongs to whom, when somebody must be able to tell it apart later."""
        if alone(members):
            return ()
        at_hand = {entry.member.cratejoy_id for entry in unit.entries}
        before = {one["id"]: one.get("hash") for one in found.state.members} if found.state else {}
        if found.state and not found.state.members:
            before = {int(found.metafields.get("customer_id") or 0): found.state.hash}
        return member_figures(members, at_hand, before, self._options)

    def _updated(self, unit: Unit, seen: Seen, settled: _Settled) -> list[Outcome]:
        ours = settled.origin != "adopted"
        placed = self._write_orders(unit, settled.shopify_id, fresh=False, ours=ours)
        repairs = [*settled.repairs, *placed.reasons]
        before = _member_ids(seen)
        outcomes = [self._outcome(entry, unit, before, settled, repairs) for entry in unit.entries]
        return [replace(outcomes[0], orders=tuple(placed.orders)), *outcomes[1:]]

    def _outcome(
        self, entry: Entry, unit: Unit, before: frozenset[int], settled: _Settled, repairs: Sequence[str]
    ) -> Outcome:
        number = entry.member.cratejoy_id
        leads = entry is unit.leader and (not before or number <= min(before))
        origin = settled.origin if leads else "merged"
        first_told = entry.known is not None and entry.known.status == "unknown" and entry.known.origin is None
        if number not in before or (first_told and not settled.changed):
            status = origin
        else:
            status = "updated" if settled.changed else "unchanged"
        # Said each time: a run that was killed after the lead changed has not said it.
        demoted = tuple(str(one) for one in sorted(before) if leads and one != number)
        return Outcome(entry.ticket, status, origin, settled.shopify_id, _reason(entry.member, repairs), demoted)

    def _write_orders(self, unit: Unit, gid: str, *, fresh: bool, ours: bool = True) -> Placed:
        if self._orders is None:
            return Placed()
        return self._orders.write(unit, gid, fresh=fresh, ours=ours)


def _member_ids(seen: Seen) -> frozenset[int]:
    if seen.state and seen.state.members:
        return frozenset(one["id"] for one in seen.state.members)
    return frozenset({int(seen.customer_id)} if seen.customer_id and seen.customer_id.isdigit() else ())


def _reason(member: Member, repairs: Sequence[str]) -> str | None:
    return reason_text([*member.repairs, *repairs]) or None


def _still_given_up(found: planning.Found, customer: ShopifyCustomer) -> dict[str, str]:
    """Return what Shopify refused earlier and the documents still want."""
    marks = found.state.given_up if found.state else {}
    return {
        name: mark
        for name, mark in marks.items()
        if name in customer.fields and planning.mark(name, customer.fields[name]) == mark
    }


def _remembered(found: planning.Found, customer: ShopifyCustomer) -> tuple[str, ...]:
    """Return the repairs of earlier runs that still stand: all while nothing has changed, else those of fields."""
    if found.state is None:
        return ()
    if found.state.hash == customer.hash:
        return found.state.repairs
    kept = _still_given_up(found, customer)
    return tuple(code for code in found.state.repairs if code.partition("_")[0] in kept)


def _with_all(member: Member, stored: Sequence[Member]) -> Member:
    """Return a member that keeps all rows of the shop: whose they are can no longer be told, so none may go."""
    return replace(
        member,
        subscriptions=_united(member.subscriptions, [one.subscriptions for one in stored], "started_at"),
        orders=_united(member.orders, [one.orders for one in stored], "placed_at"),
    )


def _united(own: Rows, stored: Sequence[Rows], date: str) -> Rows:
    ids = {row["id"] for row in own or ()}
    kept = [row for rows in stored for row in rows or () if row["id"] not in ids]
    return tuple(newest_first([*(own or ()), *kept], date)) if own is not None or kept else None
