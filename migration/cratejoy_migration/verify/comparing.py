"""Every staged customer beside what the shop has, a few hundred at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
from target_shopify.customers import found_of
from target_shopify.mapping import histories
from target_shopify.mapping.histories import Kind
from target_shopify.mapping.member import read_member
from target_shopify.mapping.values import identifier
from target_shopify.planning import Found
from target_shopify.rules import Refused

from cratejoy_migration.verify import judging, store
from cratejoy_migration.verify.compare import GIVEN_UP, Rules, compare
from cratejoy_migration.verify.differences import WRONG, Compared, Difference
from cratejoy_migration.verify.judging import Pair, Verdict
from cratejoy_migration.verify.orders import Placed, compare_orders
from cratejoy_migration.verify.readback import number_of
from cratejoy_migration.verify.store import Connection

_GROUPS = 300
_DOCUMENTS = "select id, row_to_json(d)::text from migration.verify_documents d where id = any(%s)"
_CUSTOMERS = "select gid, customer::text from migration.readback where gid = any(%s)"
_ORDERS = """
select cratejoy_id, customer, amount, currency, to_char(processed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from migration.readback_orders where cratejoy_id = any(%s)
"""
_DOUBLED = """
select n.id, array_agg(r.number order by r.number)
from migration.readback r cross join unnest(r.ids) n(id) group by n.id having count(*) > 1
"""
_KINDS: tuple[Kind, ...] = ("subscriptions", "orders")
Group = list[Pair]


class Comparing:
    """Compares all customers.

    Args:
        reading: A connection in a transaction, for the pairs.
        connection: Another one, in autocommit, for all else.
        rules: By which customers were written.
    """

    def __init__(self, reading: Connection, connection: Connection, rules: Rules) -> None:
        self._reading = reading
        self._connection = connection
        self._rules = rules
        self._doubled: dict[int, list[int]] = {}
        self.documents = 0
        """Documents compared or judged so far."""
        self.rows = dict.fromkeys(_KINDS, 0)
        """Rows of loaded customers' documents that were found in the shop."""
        self.refused: dict[str, int] = dict.fromkeys(_KINDS, 0)
        """Those that Shopify refused, as recorded."""

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Judge every staged customer; the verdicts go into the store.

        Args:
            tick: Called after each batch.
        """
        self._doubled = dict(self._connection.execute(_DOUBLED).fetchall())
        for batch in _batches(self._groups()):
            verdicts = list(self._batch(batch))
            store.add(self._connection, verdicts)
            self.documents += len(verdicts)
            tick()

    def _groups(self) -> Iterator[Group]:
        rows = (Pair(*row) for row in store.pairs(self._reading))
        for _, group in groupby(rows, key=lambda pair: pair.lead):
            yield list(group)

    def _batch(self, groups: Sequence[Group]) -> Iterator[Verdict]:
        judged = [[(pair, judging.unsent(pair)) for pair in group] for group in groups]
        there = [[pair for pair, verdict in group if verdict is None] for group in judged]
        wanted = [pair for group in there for pair in group]
        documents = self._documents([pair.id for pair in wanted])
        customers = store.by_key(self._connection, _CUSTOMERS, [pair.shopify_id for pair in wanted])
        orders = self._orders(documents)
        for group, sent in zip(judged, there, strict=True):
            told = [verdict for _, verdict in group if verdict]
            yield from map(self._seen_once, told)
            if not sent:
                continue
            if any(verdict.verdict == judging.PENDING for verdict in told):
                yield from map(self._seen_once, judging.beside_unsent(sent))
            else:
                yield from self._customer(sent, documents, customers.get(sent[0].shopify_id), orders)

    def _customer(
        self,
        pairs: Group,
        documents: Mapping[int, dict[str, Any]],
        row: tuple[Any, ...] | None,
        orders: Mapping[int, Placed],
    ) -> list[Verdict]:
        if row is None:
            return list(map(self._seen_once, judging.gone(pairs)))
        found = read_back(orjson.loads(row[1]))
        options = self._rules.options
        try:
            members = [read_member(documents[pair.id], options) for pair in pairs]
        except Refused as refused:
            # Sent under other settings or by another version: it would be refused now.
            return judging.judged(pairs, Compared((Difference("customer", WRONG, refused.reason),)))
        told = compare(found, members, self._rules, pairs[0].origin)
        if options.orders == "create":
            reasons = [pair.reason or "" for pair in pairs]
            more = list(compare_orders(members, orders, found.id, options.currency, reasons))
            told = Compared(
                (*told.differences, *(one for one in more if isinstance(one, Difference))),
                tuple(dict.fromkeys([*told.explained, *(one for one in more if isinstance(one, str))])),
            )
        verdicts = list(map(self._seen_once, judging.judged(pairs, told)))
        loaded = [documents[one.id] for one in verdicts if one.verdict != judging.DIFFERENT]
        if loaded:
            self._count(found, loaded, orders, told.explained)
        return verdicts

    def _seen_once(self, verdict: Verdict) -> Verdict:
        """Return the verdict, with other customers that carry the same id."""
        numbers = self._doubled.get(verdict.id)
        if not numbers:
            return verdict
        own = number_of(verdict.shopify_id) if verdict.shopify_id else None
        return judging.doubled(verdict, [str(number) for number in numbers if number != own])

    def _count(
        self,
        found: Found,
        documents: Sequence[Mapping[str, Any]],
        orders: Mapping[int, Placed],
        explained: Sequence[str],
    ) -> None:
        """Count the rows of the documents that are in the customer's histories, or orders of the shop, or refused."""
        for kind in _KINDS:
            wanted = {number for one in documents for number in _ids(one.get(kind))}
            if kind == "orders" and self._rules.options.orders == "create":
                there = wanted & orders.keys()
                refused = f"order: {GIVEN_UP}" in explained
            else:
                items = (histories.join(kind, found.metafields) or []) if wanted else []
                there = wanted & {item.get("id") for item in items}
                refused = f"metafield {kind[:-1]}_history: {GIVEN_UP}" in explained
            self.rows[kind] += len(there)
            self.refused[kind] += len(wanted) - len(there) if refused else 0

    def _documents(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        rows = self._connection.execute(_DOCUMENTS, (list(ids),))
        return {number: orjson.loads(text) for number, text in rows}

    def _orders(self, documents: Mapping[int, Mapping[str, Any]]) -> dict[int, Placed]:
        if self._rules.options.orders != "create":
            return {}
        ids = [number for one in documents.values() for number in _ids(one.get("orders"))]
        return {number: Placed(*row) for number, *row in self._connection.execute(_ORDERS, (ids,))}


def read_back(one: Mapping[str, Any]) -> Found:
    """Return an exported customer as the target knows customers."""
    children = one["children"]
    metafields = {str(field["key"]): field for field in children.get("Metafield", ())}
    return found_of(dict(one), children.get("MailingAddress", []), metafields)


def _ids(rows: Any) -> Iterator[int]:
    for row in rows or ():
        number = identifier(row.get("id")) if isinstance(row, dict) else None
        if number is not None:
            yield number


def _batches(groups: Iterable[Group]) -> Iterator[list[Group]]:
    batch: list[Group] = []
    for group in groups:
        batch.append(group)
        if len(batch) == _GROUPS:
            yield batch
            batch = []
    if batch:
        yield batch
