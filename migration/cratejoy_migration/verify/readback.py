"""The shop's customers and orders, as far as they are ours, read back into tables of the staging database."""

from __future__ import annotations

import hashlib
import logging
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from target_shopify import exports

from cratejoy_migration.verify.store import Connection

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

    from cratejoy_migration.verify.compare import Rules

_TABLES = """
drop table if exists migration.readback, migration.readback_orders;
create unlogged table migration.readback (
    gid text not null, number bigint not null, ids bigint[] not null, marked boolean not null, digest text not null,
    customer json not null
);
create unlogged table migration.readback_orders (
    cratejoy_id bigint not null, gid text not null, customer text, amount numeric, currency text,
    processed_at timestamptz, created_at timestamptz, digest text not null
);
"""
_KEYS = """
alter table migration.readback add primary key (gid);
alter table migration.readback_orders add primary key (cratejoy_id, gid);
analyze migration.readback, migration.readback_orders;
"""
_DROP = "drop table if exists migration.readback, migration.readback_orders"
_KNOWN = """
select substring(shopify_id from '[0-9]+$')::bigint from migration.ledger where shopify_id ~ '/[0-9]{1,18}$'
order by 1
"""
_MOST_ID = 2**63 - 1
_LOGGER = logging.getLogger("verify")


class ReadBack:
    """Reads the shop back.

    Args:
        connection: Of the staging database, in autocommit.
        client: Of the shop.
        rules: Prefix, namespace, and whether orders were created.
        folder: Where the export lies while it is read.
    """

    def __init__(self, connection: Connection, client: ShopifyClient, rules: Rules, folder: Path) -> None:
        self._connection = connection
        self._client = client
        self._options = rules.options
        self._folder = folder

    def fill(self, *, ledger: bool) -> int:
        """Fill the tables anew; return how many customers the shop has in all.

        Args:
            ledger: Whether there is a ledger, whose customers are ours even when they lost every mark.

        Raises:
            TargetError: The shop cannot be read.
            psycopg.Error: The tables cannot be filled.
        """
        self._connection.execute(_TABLES)
        known = self._known() if ledger else array("q")
        path = exports.export(self._client, "ExportCustomers", self._folder, _LOGGER, self._options.namespace)
        total = self._customers(path, known)
        path.unlink()
        if self._options.orders == "create":
            path = exports.export(self._client, "ExportOrders", self._folder, _LOGGER, self._options.namespace)
            self._orders(path)
            path.unlink()
        self._connection.execute(_KEYS)
        return total

    def drop(self) -> None:
        """Drop the tables."""
        self._connection.execute(_DROP)

    def _known(self) -> array[int]:
        """Return the numbers of the ledger's customers, sorted."""
        with self._connection.transaction(), self._connection.cursor("verify_known") as cursor:
            cursor.itersize = 10_000
            return array("q", (row[0] for row in cursor.execute(_KNOWN)))

    def _customers(self, path: Path, known: array[int]) -> int:
        total = 0
        columns = "gid, number, ids, marked, digest, customer"
        with self._connection.cursor().copy(f"copy migration.readback ({columns}) from stdin") as copy:
            for one in exports.objects(path):
                total += 1
                ids, marked = marks(one, self._options.tag_prefix)
                number = number_of(str(one["id"]))
                if marked or _has(known, number):
                    text = orjson.dumps(one)
                    copy.write_row((one["id"], number, ids, marked, digest(one), text.decode()))
        return total

    def _orders(self, path: Path) -> None:
        columns = "cratejoy_id, gid, customer, amount, currency, processed_at, created_at, digest"
        with self._connection.cursor().copy(f"copy migration.readback_orders ({columns}) from stdin") as copy:
            for row in filter(None, map(_order, exports.objects(path))):
                copy.write_row(row)


def marks(customer: Mapping[str, Any], prefix: str) -> tuple[list[int], bool]:
    """Return the Cratejoy ids that a customer carries, lowest first, and whether it carries any mark of ours."""
    tags = [str(tag).casefold() for tag in customer.get("tags") or ()]
    pattern = re.compile(rf"{re.escape(prefix.casefold())}id-(\d{{1,18}})")
    found = {int(match[1]) for tag in tags if (match := pattern.fullmatch(tag))}
    number = next((one["value"] for one in _children(customer, "Metafield") if one.get("key") == "customer_id"), None)
    if number and number.isdecimal() and int(number) <= _MOST_ID:
        found.add(int(number))
    return sorted(found), bool(found) or number is not None or f"{prefix.casefold()}migrated" in tags


def digest(customer: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a customer, whatever the order of its children."""
    children = {kind: sorted(found, key=lambda one: str(one.get("id"))) for kind, found in _kinds(customer)}
    return hashlib.sha256(orjson.dumps({**customer, "children": children}, option=orjson.OPT_SORT_KEYS)).hexdigest()


def number_of(gid: str) -> int:
    """Return the number in a GID, which the admin's addresses have."""
    tail = gid.rpartition("/")[2].partition("?")[0]
    return int(tail) if tail.isdecimal() else 0


def _order(one: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the row of an order that is ours; None for another one."""
    number = (one.get("orderId") or {}).get("value")
    if not (number and number.isdecimal() and int(number) <= _MOST_ID):
        return None
    money = (one.get("totalPriceSet") or {}).get("shopMoney") or {}
    customer = (one.get("customer") or {}).get("id")
    mark = hashlib.sha256(orjson.dumps(one, option=orjson.OPT_SORT_KEYS)).hexdigest()
    amount, currency = money.get("amount"), money.get("currencyCode")
    return int(number), one["id"], customer, amount, currency, one["processedAt"], one["createdAt"], mark


def _children(customer: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = customer["children"].get(kind, [])
    return found


def _kinds(customer: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield from customer["children"].items()


def _has(numbers: array[int], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
