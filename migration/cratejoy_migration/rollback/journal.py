"""What a rollback has to do and has done, in the staging database: every item one row, settled with its ledger rows.

What is settled leaves the ledger in the same transaction, so that a new migration starts clean; the rows are kept in
`migration.rollback.archived`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from target_shopify.ledger import marks_differ

from cratejoy_migration import ledger_lock
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.rollback import statements as sql

BATCH = 500
_COUNT_PAUSE = 50
"""After a count of the items none is made for so many times as long as it took."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a rollback undoes.

    Attributes:
        kind: order, customer, adopted, definition.
        key: GID; of a definition its name, such as `CUSTOMER cratejoy.customer_id`.
        owner: GID of an order's customer.
        action: delete, restore, strip, leave.
        reason: Why it is not deleted or restored, or why it was not yet.
        documents: Cratejoy ids of the ledger's rows.
        details: What else is known.
        image: Before-image of an adopted customer.
        writings: What was written to it.
    """

    kind: str
    key: str
    owner: str | None
    action: str
    reason: str
    documents: Sequence[str]
    details: Mapping[str, Any]
    image: Mapping[str, Any] = field(default_factory=dict)
    writings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an item: `done`, `kept` and why, `refused` by Shopify; `planned` is to be tried again."""

    key: str
    state: str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The rollback of one shop in the staging database; used by one thread.

    Args:
        url: Of the staging database.
        shop: my-shop.myshopify.com.
        marks: `target_shopify.ledger.marks_of` the settings.

    Raises:
        OperatorError: nothing was migrated by this database, or by other marks, or somebody else works by its ledger.
    """

    def __init__(self, url: str, shop: str, marks: str) -> None:
        self._shop = shop
        self._marks = marks
        self._count_at = 0.0
        self._uncounted = False
        self._connection = psycopg.connect(url, connect_timeout=10, autocommit=True, application_name="rollback")
        try:
            self._check()
        except BaseException:
            self.close()
            raise
        row = self._connection.execute(sql.CURRENT, (shop,)).fetchone()
        self.id: int = row[0] if row else 0
        self.began = bool(row and row[1])

    def close(self) -> None:
        """Let go of the database; what was settled since the last count is counted."""
        with self._connection, suppress(psycopg.Error):
            if self._uncounted:
                self._keep_counts()

    def plan(self) -> None:
        """Write down what is to be undone, from ledger, before-images and record of what was made."""
        with self._connection.transaction():
            self._connection.execute(sql.FORGET_PLANS, (self._shop,))
            self.id = int(self._value(sql.NEW, (self._shop, self._marks)))
            for statement in sql.PLAN:
                self._connection.execute(statement, {"id": self.id, "shop": self._shop})
        self._connection.execute("analyze migration.rollback")

    def begin(self) -> None:
        """Note that the shop is about to be changed: no migration starts until the end."""
        self._connection.execute(sql.BEGIN, (self.id,))
        self.began = True
        self._keep_counts()

    def planned(self) -> None:
        """Note that the plan is whole."""
        self._keep_counts()

    def forget(self) -> None:
        """Drop a plan that has nothing in it: the rollback before it stays the last one."""
        self._connection.execute(sql.FORGET_PLAN, (self.id,))

    def end(self, figures: Mapping[str, Any]) -> None:
        """Note that everything is undone that can be."""
        self._connection.execute(sql.END, (Jsonb(dict(figures)), Jsonb(self.counts()), self.id))
        self._uncounted = False

    # The plan meets the shop

    def lost(self) -> list[str]:
        """Return the Cratejoy ids of documents whose customers may be in the shop though nobody saw them made."""
        return [row[0] for row in self._connection.execute(sql.LOST, (self.id,))]

    def found(self, document: str, gid: str, action: str) -> None:
        """Note the customer of such a document."""
        values = {"id": self.id, "key": document, "gid": gid, "action": action}
        with self._connection.transaction():
            if self._connection.execute(sql.FOUND_ADOPTED, values).rowcount == 0:
                self._connection.execute(sql.FOUND, values)
            self._connection.execute(sql.NO_DOCUMENT, values)

    def in_doubt(self) -> list[str]:
        """Return the customers of whom not all our orders need be on record."""
        return [row[1] for row in self._connection.execute(sql.IN_DOUBT, (self.id,))]

    def found_order(self, gid: str, owner: str, number: str) -> None:
        """Note an order of ours that is not on record."""
        self._connection.execute(sql.ORDER, (self.id, gid, owner, Jsonb({"key": number, "gid": gid, "owner": owner})))

    def seen(self, rows: Sequence[tuple[str, bool, int, str, str]]) -> None:
        """Note what customers are like: key, whether there, number of orders, another action and its reason."""
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], [], []]
        self._connection.execute(sql.SEEN, (*columns, self.id))

    def load_seen(self, rows: Iterable[tuple[str, str, int, str | None, bool]]) -> None:
        """Take in what an export saw: kind, GID, number of orders, our id on it, whether it bears our traces."""
        for statement in sql.SEEN_TABLES:
            self._connection.execute(statement)
        with self._connection.cursor() as cursor, cursor.copy(sql.COPY_SEEN) as copy:
            for row in rows:
                copy.write_row(row)
        self._connection.execute(sql.INDEX_SEEN)

    def seen_by_export(self, foreign: str) -> list[Item]:
        """Note what customers are like, as an export saw them; return those whose origin nobody recorded."""
        self._connection.execute(sql.SEEN_CUSTOMERS, {"id": self.id, "foreign": foreign})
        return [Item(*row) for row in self._connection.execute(sql.UNLED, (self.id,))]

    def still_seen(self, kind: str) -> list[Item]:
        """Return what was deleted and an export saw all the same."""
        return [Item(*row) for row in self._connection.execute(sql.STILL_SEEN, (self.id, kind))]

    def strangers(self) -> list[tuple[str, str]]:
        """Return what bears our traces and is not the ledger's: kind and GID."""
        return self._connection.execute(sql.STRANGERS, (self.id,)).fetchall()

    def seen_counts(self) -> dict[str, dict[str, int]]:
        """Return how many customers and orders an export saw, and how many bear our traces."""
        rows = self._connection.execute(sql.SEEN_COUNTS).fetchall()
        nothing = {"customers": {"in_shop": 0, "with_traces": 0}}
        return nothing | {f"{kind}s": {"in_shop": total, "with_traces": ours} for kind, total, ours in rows}

    def keep_buyers(self) -> None:
        """Plan that customers with orders that are not ours stay."""
        self._connection.execute(sql.OWN_ORDERS, {"id": self.id})

    # Work

    def waiting(self, kind: str, state: str = "planned", size: int = BATCH) -> Iterator[list[Item]]:
        """Yield items of a kind that are in a state, batch by batch; each at most once."""
        last = ""
        while True:
            if kind == "adopted":
                rows = self._connection.execute(sql.WAITING_ADOPTED, (self._shop, self.id, last, size)).fetchall()
            else:
                rows = self._connection.execute(sql.WAITING, (self.id, kind, state, last, size)).fetchall()
            if not rows:
                return
            yield [Item(*row) for row in rows]
            last = rows[-1][1]

    def count(self, kind: str, state: str = "planned", action: str | None = None) -> int:
        """Return how many items of a kind are in a state."""
        query = "select count(*) from migration.rollback where rollback_id = %s and kind = %s and state = %s"
        values = (self.id, kind, state)
        return int(self._value(f"{query} and action = %s", (*values, action)) if action else self._value(query, values))

    def settle(self, kind: str, results: Sequence[Result]) -> None:
        """Write down what became of items; what is settled leaves the ledger at the same moment."""
        if not results:
            return
        columns = [[one.key for one in results], [one.state for one in results], [one.reason for one in results]]
        details = [Jsonb(dict(one.details)) for one in results]
        over = [one.key for one in results if one.state in ("done", "kept")]
        with self._connection.transaction():
            self._connection.execute(sql.SETTLE, (*columns, details, self.id, kind))
            self._connection.execute(sql.LEAVE_LEDGER, (self.id, kind, over))
            if kind in sql.LEAVE:
                self._connection.execute(sql.LEAVE[kind], (self._shop, over, self.id))
        self._uncounted = True
        if time.monotonic() >= self._count_at:
            self._keep_counts()

    def forget_documents(self) -> None:
        """Take the rows out of the ledger that have no customer in the shop."""
        with self._connection.transaction():
            self._connection.execute(sql.FORGET_ROWS, (self.id,))
            self._connection.execute(sql.FORGET_DOCUMENTS, (self.id,))

    def orders(self, gids: Sequence[str]) -> dict[str, str]:
        """Return the states of those of these orders that are ours."""
        query = "select key, state from migration.rollback where rollback_id = %s and kind = 'order' and key = any(%s)"
        return dict(self._connection.execute(query, (self.id, list(gids))).fetchall())

    def has_orders(self) -> bool:
        """Return whether orders were made, or meant to be made."""
        query = (
            "select exists (select from migration.rollback where rollback_id = %s"
            " and (kind = 'order' or (kind = 'definition' and key like 'ORDER %%')))"
        )
        return bool(self._value(query, (self.id,)))

    # What came of it

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """Return kind, action, state, reason and how many."""
        return self._connection.execute(sql.COUNTS, (self.id,)).fetchall()

    def stays(self) -> dict[str, int]:
        """Return what others changed in adopted customers, and how many have it."""
        return dict(self._connection.execute(sql.STAYS, (self.id,)).fetchall())

    def listed(self) -> Iterator[tuple[Any, ...]]:
        """Yield what is not simply undone: kind, key, Cratejoy ids, action, state, reason, what stays."""
        with self._connection.transaction(), self._connection.cursor(name="listed") as cursor:
            yield from cursor.execute(sql.LISTED, (self.id,))

    def _keep_counts(self) -> None:
        """Keep the counts for who looks on: to count takes long where there is much, so it is done the less often."""
        began = time.monotonic()
        self._connection.execute(sql.KEEP_COUNTS, (Jsonb(self.counts()), self.id))
        ended = time.monotonic()
        self._count_at = ended + _COUNT_PAUSE * (ended - began)
        self._uncounted = False

    def _check(self) -> None:
        there = "select to_regclass('migration.ledger') is not null and to_regclass('migration.rollbacks') is not null"
        if not self._value(there, ()):
            raise OperatorError(
                "No migration into Shopify is on record in this staging database: there is nothing to roll back."
            )
        if not ledger_lock.take(self._connection):
            raise OperatorError(
                "A migration or another rollback works by this ledger right now: wait for its end, or stop it."
            )
        other = "select coalesce(min(shop), '') from migration.ledger where shop is not null and shop <> %s"
        shop = self._value(other, (self._shop,))
        if shop:
            raise OperatorError(f"This ledger belongs to the shop {shop}, not to {self._shop}: nothing was done.")
        self._connection.execute(sql.TABLES)
        row = self._connection.execute(sql.OTHER_MARKS, {"shop": self._shop, "marks": self._marks}).fetchone()
        if row:
            raise OperatorError(f"{marks_differ(row[0], self._marks)} Nothing was done.")

    def _value(self, query: str, values: tuple[Any, ...]) -> Any:
        row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None
