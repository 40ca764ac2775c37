"""What a run remembers of each customer: the ledger's rows, what may be asked of it, and a run without one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from target_shopify.before import BeforeImage

LOCK = "target-shopify ledger"
"""Name of the advisory lock that whoever writes to the shop by this ledger holds."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a document."""

    shopify_id: str | None
    origin: str | None
    status: str
    document_hash: str | None


@dataclass(frozen=True, slots=True)
class ShopObject:
    """Something that we made in the shop besides customers.

    Attributes:
        kind: `order` or `definition`.
        key: Cratejoy id of the order; `CUSTOMER cratejoy.customer_id` for a definition.
        gid: Its GID.
        owner: GID of the order's customer.
        values_before: Metafields that were under a definition's key already when we made it; None when nobody saw it.
    """

    kind: str
    key: str
    gid: str
    owner: str | None = None
    values_before: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of one document, with the orders of its customer that are ours."""

    document_key: str
    cratejoy_id: int | None
    shopify_id: str | None
    origin: str | None
    status: str
    reason: str | None
    document_hash: str
    orders: tuple[ShopObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """A document that is about to be sent; `leader` is the key of the document that leads its e-mail."""

    document_key: str
    cratejoy_id: int | None
    document_hash: str
    leader: str


class Ledger(Protocol):
    """Where outcomes go."""

    remembers: bool

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of these documents."""

    def intend(self, intents: Sequence[Intent]) -> None:
        """Write down what is about to be sent."""

    def record(self, rows: Sequence[Row]) -> None:
        """Write outcomes down, durably."""

    def keep(self, image: BeforeImage) -> None:
        """Keep a customer that we did not make, durably, before it is written to; its first image lasts.

        This method and `orders` are those that any thread may call.
        """

    def orders(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the GIDs of those of these orders that we made."""

    def intend_object(self, kind: str, key: str) -> None:
        """Write down that something is about to be made in the shop."""

    def intended(self, kind: str) -> frozenset[str]:
        """Return the keys of what was about to be made, and whose making nobody has seen."""

    def made(self, objects: Sequence[ShopObject]) -> None:
        """Write down what was made in the shop."""

    def demote(self, keys: Sequence[str]) -> None:
        """Note that these documents no longer lead their customer: one with a lower id has joined."""

    def harvest(self, found: Iterable[tuple[str, str]]) -> int:
        """Settle unknown rows from (leader's key, customer GID) pairs; return how many."""

    def unknown(self) -> int:
        """Return how many rows are unknown."""

    def total(self) -> int | None:
        """Return how many documents wait in staging, when this database holds them."""

    def close(self) -> None:
        """Let go of the database."""


class NoLedger:
    """No database: Shopify itself is what tells what was done."""

    remembers = False

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return nothing."""
        del keys
        return {}

    def intend(self, intents: Sequence[Intent]) -> None:
        """Do nothing."""

    def record(self, rows: Sequence[Row]) -> None:
        """Do nothing."""

    def keep(self, image: BeforeImage) -> None:
        """Do nothing."""

    def orders(self, keys: Sequence[str]) -> dict[str, str]:
        """Return nothing."""
        del keys
        return {}

    def intend_object(self, kind: str, key: str) -> None:
        """Do nothing."""

    def intended(self, kind: str) -> frozenset[str]:
        """Return nothing."""
        del kind
        return frozenset()

    def made(self, objects: Sequence[ShopObject]) -> None:
        """Do nothing."""

    def demote(self, keys: Sequence[str]) -> None:
        """Do nothing."""

    def harvest(self, found: Iterable[tuple[str, str]]) -> int:
        """Do nothing."""
        del found
        return 0

    def unknown(self) -> int:
        """Return 0."""
        return 0

    def total(self) -> int | None:
        """Return None."""
        return None

    def close(self) -> None:
        """Do nothing."""


def marks_of(namespace: str, prefix: str) -> str:
    """Return by what ours is known in the shop, as the ledger keeps it; a namespace has no spaces."""
    return f"{namespace} {prefix}"


def marks_differ(bears: str, marks: str) -> str:
    """Return the sentence about a ledger that bears other marks than the settings say."""
    (namespace, _, prefix), (other, _, another) = bears.partition(" "), marks.partition(" ")
    return (
        f"What this ledger has carried bears the namespace {namespace} and the tag prefix {prefix}, but the settings "
        f"say {other} and {another}: set metafield_namespace and tag_prefix back."
    )
