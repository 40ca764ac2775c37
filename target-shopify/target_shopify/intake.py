"""From documents as they arrive to units of work: mapped, checked against the ledger, grouped by e-mail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from target_shopify.ledger import Intent
from target_shopify.mapping.documents import document_hash, document_key, group_key
from target_shopify.mapping.member import read_member
from target_shopify.rules import Refused
from target_shopify.work import Entry, Outcome, Ticket, Unit

if TYPE_CHECKING:
    from target_shopify.lanes import Lane
    from target_shopify.ledger import Ledger
    from target_shopify.mapping.member import Member
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.settlement import Settlement

_DOCUMENTS = 200
_MOST_DOCUMENTS = 2_000
_SECONDS = 0.5
_DONE = frozenset({"created", "updated", "unchanged", "adopted", "merged"})


class Intake:
    """Takes documents one by one and gives units to a lane.

    Args:
        options: Of the mapping.
        ledger: What is known already.
        settlement: Takes the outcomes that need no lane.
        lane: Takes the units.
        trust_ledger: A document that the ledger has as it is needs no look at the shop.
    """

    def __init__(
        self, options: MappingOptions, ledger: Ledger, settlement: Settlement, lane: Lane, *, trust_ledger: bool
    ) -> None:
        self._options = options
        self._ledger = ledger
        self._settlement = settlement
        self._lane = lane
        self._trust_ledger = trust_ledger
        self._waiting: dict[str, tuple[Ticket, Member]] = {}
        self._since = time.monotonic()
        self._last_group: str | None = None

    def add(self, document: Mapping[str, Any]) -> None:
        """Take one document.

        Raises:
            RunStopped: The run cannot go on, or this document's refusal is one too many.
        """
        ticket = self._ticket(document)
        try:
            member = read_member(document, self._options)
        except Refused as refused:
            self._settlement.settle([Outcome(ticket, "refused", reason=refused.reason)])
            if self._settlement.over:
                self._settlement.flush()
            return
        if self._is_full(member):
            self.flush()
        if not self._waiting:
            self._since = time.monotonic()
        earlier = self._waiting.pop(ticket.key, None)
        if earlier:
            self._settlement.settle([Outcome(earlier[0], "")])
        self._waiting[ticket.key] = (ticket, member)
        self._last_group = _group(member)

    def tick(self) -> None:
        """Let nobody wait long for a batch to fill."""
        if self._waiting and time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Give what waits to the lane.

        Raises:
            RunStopped: The run cannot go on.
        """
        waiting, self._waiting = list(self._waiting.values()), {}
        if not waiting:
            return
        known = self._ledger.find([ticket.key for ticket, _ in waiting])
        units = grouped(Entry(ticket, member, known.get(ticket.key)) for ticket, member in waiting)
        # Who shares an e-mail goes together: what the others' documents say of the customer is known from them only.
        units = [unit for unit in units if not self._is_settled(unit)]
        self._ledger.intend([_intent(entry, unit) for unit in units for entry in unit.entries])
        for unit in units:
            self._lane.submit(unit)

    def _ticket(self, document: Mapping[str, Any]) -> Ticket:
        key = document_key(document)
        given = document.get("document_hash")
        mark = given if isinstance(given, str) and given else document_hash(document)
        number = int(key) if key.isdigit() else None
        return Ticket(key, number, mark, document, self._settlement.admit())

    def _is_full(self, newcomer: Member) -> bool:
        """Whether to send what waits before this one, which is not torn from those who share its e-mail."""
        joins = self._last_group is not None and _group(newcomer) == self._last_group
        return len(self._waiting) >= (_MOST_DOCUMENTS if joins else _DOCUMENTS)

    def _is_settled(self, unit: Unit) -> bool:
        """Settle a unit that the ledger has whole and as it is."""
        if not self._trust_ledger or not all(_is_done(entry) for entry in unit.entries):
            return False
        known = [(entry.ticket, entry.known) for entry in unit.entries]
        self._settlement.settle(
            [Outcome(ticket, "unchanged", one.origin, one.shopify_id) for ticket, one in known if one is not None]
        )
        return True


def _is_done(entry: Entry) -> bool:
    known = entry.known
    return known is not None and known.status in _DONE and known.document_hash == entry.ticket.document_hash


def _group(member: Member) -> str | None:
    return group_key(member.email) if member.email else None


def grouped(entries: Iterable[Entry]) -> list[Unit]:
    """Return units: documents of one e-mail together, in the order their first came."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_group(entry.member) or f"\0{entry.ticket.key}", []).append(entry)
    return [Unit(group) for group in groups.values()]


def _intent(entry: Entry, unit: Unit) -> Intent:
    ticket = entry.ticket
    return Intent(ticket.key, ticket.cratejoy_id, ticket.document_hash, unit.leader.ticket.key)
