"""The pieces of work between input and shop: a document read, a unit that travels together, an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from target_shopify.ledger import Known, ShopObject
from target_shopify.mapping.member import Member

STATUSES = ("created", "updated", "unchanged", "adopted", "merged", "refused", "unknown")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One document that was read, whatever becomes of it.

    Attributes:
        key: Its key in the ledger.
        cratejoy_id: None when it has none.
        document_hash: What tells a changed document from an unchanged one.
        document: As it came in, for the dead letters and the bulk lane's second look.
        epoch: Which STATE waits for it.
    """

    key: str
    cratejoy_id: int | None
    document_hash: str
    document: Mapping[str, Any]
    epoch: int


@dataclass(slots=True)
class Entry:
    """A document that can travel.

    Attributes:
        ticket: The document.
        member: The customer as Shopify can hold it.
        known: What the ledger has on it.
    """

    ticket: Ticket
    member: Member
    known: Known | None


@dataclass(slots=True)
class Unit:
    """Documents of one e-mail that become one Shopify customer together; the lowest id first."""

    entries: list[Entry]
    keys: tuple[str, ...] = field(init=False)
    """What no two units on their way may share: e-mail, phone, Cratejoy ids."""

    def __post_init__(self) -> None:
        self.entries.sort(key=lambda entry: entry.member.cratejoy_id)
        members = [entry.member for entry in self.entries]
        found = [f"i{member.cratejoy_id}" for member in members]
        found += [f"e{member.email.casefold()}" for member in members if member.email]
        found += [f"p{member.phone}" for member in members if member.phone]
        self.keys = tuple(dict.fromkeys(found))

    @property
    def leader(self) -> Entry:
        """The document with the lowest id."""
        return self.entries[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    Attributes:
        ticket: The document.
        status: One of `STATUSES`; empty for a document that a later one of the same customer took the place of.
        origin: How its customer first came in: created, adopted, merged.
        shopify_id: GID of the customer.
        reason: Codes of refusal or repairs.
        demoted: Keys of documents that lead their customer no longer.
        orders: Orders of the customer that are ours.
    """

    ticket: Ticket
    status: str
    origin: str | None = None
    shopify_id: str | None = None
    reason: str | None = None
    demoted: tuple[str, ...] = ()
    orders: tuple[ShopObject, ...] = ()
