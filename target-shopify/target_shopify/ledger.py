"""What happened to each customer, in Postgres: one row a document.

A row is written twice: as `unknown` before anything is sent, and with its outcome afterwards. So a run that was killed
in between leaves a trace of what may have happened, and the next run looks before it writes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg2
import psycopg2.extras
import psycopg2.sql

from target_shopify.errors import LedgerFailed

if TYPE_CHECKING:
    import logging

    from target_shopify.before import BeforeImage

_TABLE = """
create schema if not exists migration;
create table if not exists migration.ledger (
    document_key text primary key,
    cratejoy_id bigint,
    shopify_id text,
    origin text,
    status text not null,
    reason text,
    document_hash text,
    run_id text,
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table migration.ledger add column if not exists shop text;
alter table migration.ledger add column if not exists leader text;
alter table migration.ledger add column if not exists settings text;
alter table migration.ledger add column if not exists marks text;
create table if not exists migration.before_images (
    shop text not null,
    shopify_id text not null,
    taken_at timestamptz not null default now(),
    run_id text,
    image jsonb not null,
    writings jsonb not null default '[]',
    primary key (shopify_id, shop)
);
create table if not exists migration.shop_objects (
    shop text not null,
    kind text not null,
    key text not null,
    gid text,
    owner text,
    values_before bigint,
    run_id text,
    made_at timestamptz not null default now(),
    primary key (kind, key, shop)
);
create table if not exists migration.rollbacks (
    id bigint generated always as identity primary key,
    shop text not null,
    planned_at timestamptz not null default now(),
    began_at timestamptz,
    ended_at timestamptz,
    figures jsonb not null default '{}'
);
"""
_FIND = """
select document_key, shopify_id, origin, status, case when settings = %s then document_hash end
from migration.ledger where document_key = any(%s)
"""
_INTEND = """
insert into migration.ledger as l
    (document_key, cratejoy_id, status, document_hash, run_id, attempts, shop, leader, settings, marks) values %s
on conflict (document_key) do update set
    status = 'unknown', document_hash = excluded.document_hash, run_id = excluded.run_id,
    attempts = l.attempts + 1, shop = excluded.shop, leader = excluded.leader, settings = excluded.settings,
    marks = excluded.marks, updated_at = now()
"""
_RECORD = """
insert into migration.ledger as l
    (document_key, cratejoy_id, shopify_id, origin, status, reason, document_hash, run_id, attempts, shop, settings,
    marks)
values %s
on conflict (document_key) do update set
    shopify_id = coalesce(excluded.shopify_id, l.shopify_id),
    origin = case when excluded.status in ('created', 'adopted', 'merged') then excluded.origin
                  else coalesce(l.origin, excluded.origin) end,
    status = excluded.status, reason = excluded.reason, document_hash = excluded.document_hash,
    run_id = excluded.run_id, attempts = greatest(l.attempts, 1), shop = excluded.shop,
    settings = excluded.settings, marks = excluded.marks, updated_at = now()
"""
_OTHER_MARKS = """
select marks from migration.ledger where marks is not null and marks <> %s and shopify_id is not null limit 1
"""
_DEMOTE = """
update migration.ledger set status = 'merged', origin = 'merged', updated_at = now() where document_key = any(%s)
"""
_HARVEST = """
with told (leader, gid) as (values %s)
update migration.ledger l set
    shopify_id = told.gid,
    origin = case when l.document_key = l.leader then 'created' else 'merged' end,
    status = case when l.document_key = l.leader then 'created' else 'merged' end,
    updated_at = now()
from told where l.leader = told.leader and l.status = 'unknown' and l.origin is null
"""
_KEEP = """
insert into migration.before_images as b (shop, shopify_id, run_id, image, writings) values %s
on conflict (shopify_id, shop) do update set writings = b.writings || excluded.writings
where not b.writings @> excluded.writings
"""
_INTEND_OBJECT = "insert into migration.shop_objects (shop, kind, key, run_id) values %s on conflict do nothing"
_MADE = """
insert into migration.shop_objects as o (shop, kind, key, gid, owner, values_before, run_id) values %s
on conflict (kind, key, shop) do update set gid = excluded.gid, owner = excluded.owner,
    values_before = coalesce(o.values_before, excluded.values_before)
where (o.gid, o.owner) is distinct from (excluded.gid, excluded.owner)
"""
_INTENDED = "select key from migration.shop_objects where gid is null and kind = %s and shop = %s"
_ORDERS = """
select key, gid from migration.shop_objects where kind = 'order' and key = any(%s) and shop = %s and gid is not null
"""
_UNDER_WAY = """
select began_at from migration.rollbacks where shop = %s and began_at is not null and ended_at is null limit 1
"""
LOCK = "target-shopify ledger"
"""Name of the advisory lock that whoever writes to the shop by this ledger holds."""
_PATIENCE_SECONDS = 120.0
"""In mid-run a database may restart."""
_START_SECONDS = 10.0
"""At the start one that is not there is rather a wrong ledger_url."""


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


class PostgresLedger:
    """The table `migration.ledger`, and beside it `migration.before_images` and `migration.shop_objects`.

    Args:
        url: Of its database.
        shop: my-shop.myshopify.com; a ledger belongs to one shop.
        run_id: Of this run.
        logger: Where reconnections are told.
        tick: Called while the database is away; raises when the run is to end.
        settings_mark: Stands for the settings that shape a customer: what was written under others counts as changed.
        marks: `marks_of` the settings; one ledger has one namespace and one prefix, or nobody finds it all again.

    Raises:
        LedgerFailed: The database cannot be used, belongs to another shop, or another run writes to it.
    """

    remembers = True

    def __init__(
        self,
        url: str,
        shop: str,
        run_id: str,
        logger: logging.Logger,
        tick: Callable[[], None] = lambda: None,
        *,
        settings_mark: str = "",
        marks: str | None = None,
    ) -> None:
        self._url = url
        self._tick = tick
        self._shop = shop
        self._run_id = run_id
        self._settings_mark = settings_mark
        self._marks = marks
        self._logger = logger
        self._connection: Any = None
        self._turn = threading.RLock()
        self._work(self._prepare, _START_SECONDS)

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of these documents."""
        rows = self._work(lambda cursor: self._all(cursor, _FIND, (self._settings_mark, list(keys))))
        return {key: Known(*rest) for key, *rest in rows}

    def intend(self, intents: Sequence[Intent]) -> None:
        """Write down what is about to be sent."""
        values = [
            (
                one.document_key,
                one.cratejoy_id,
                "unknown",
                one.document_hash,
                self._run_id,
                1,
                self._shop,
                one.leader,
                self._settings_mark,
                self._marks,
            )
            for one in intents
        ]
        self._write(_INTEND, values)

    def record(self, rows: Sequence[Row]) -> None:
        """Write outcomes down, durably; the last one counts when a document comes twice."""
        if not rows:
            return
        last = {row.document_key: row for row in rows}
        values = [
            (
                row.document_key,
                row.cratejoy_id,
                row.shopify_id,
                row.origin,
                row.status,
                row.reason,
                row.document_hash,
                self._run_id,
                0 if row.status in ("unchanged", "refused") else 1,
                self._shop,
                self._settings_mark,
                self._marks,
            )
            for row in last.values()
        ]
        orders = self._objects([order for row in rows for order in row.orders])

        def work(cursor: Any) -> None:
            _execute(cursor, _RECORD, values)
            _execute(cursor, _MADE, orders)

        self._work(work)

    def keep(self, image: BeforeImage) -> None:
        """Keep a customer that we did not make, durably; its first image lasts, and so do all writings."""
        writing = psycopg2.extras.Json([image.writing])
        values = [(self._shop, image.shopify_id, self._run_id, psycopg2.extras.Json(image.image), writing)]
        self._write(_KEEP, values)

    def orders(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the GIDs of those of these orders that we made."""
        return dict(self._work(lambda cursor: self._all(cursor, _ORDERS, (list(keys), self._shop))))

    def intend_object(self, kind: str, key: str) -> None:
        """Write down that something is about to be made in the shop."""
        self._write(_INTEND_OBJECT, [(self._shop, kind, key, self._run_id)])

    def intended(self, kind: str) -> frozenset[str]:
        """Return the keys of what was about to be made, and whose making nobody has seen."""
        rows = self._work(lambda cursor: self._all(cursor, _INTENDED, (kind, self._shop)))
        return frozenset(row[0] for row in rows)

    def made(self, objects: Sequence[ShopObject]) -> None:
        """Write down what was made in the shop."""
        self._write(_MADE, self._objects(objects))

    def demote(self, keys: Sequence[str]) -> None:
        """Note that these documents no longer lead their customer."""
        self._work(lambda cursor: cursor.execute(_DEMOTE, (list(keys),)))

    def harvest(self, found: Iterable[tuple[str, str]]) -> int:
        """Settle unknown rows from (leader's key, customer GID) pairs."""
        settled = 0
        for page in _pages(found, 5000):
            settled += self._work(
                lambda cursor, page=page: (
                    psycopg2.extras.execute_values(cursor, _HARVEST, page, page_size=len(page)) or cursor.rowcount
                )
            )
        return settled

    def unknown(self) -> int:
        """Return how many rows are unknown."""
        rows = self._work(
            lambda cursor: self._all(cursor, "select count(*) from migration.ledger where status = 'unknown'", None)
        )
        return int(rows[0][0])

    def total(self) -> int | None:
        """Return how many documents wait in staging, when this database holds them."""
        there = "select to_regclass('migration.customer_documents') is not null"
        if not self._work(lambda cursor: self._all(cursor, there, None))[0][0]:
            return None
        count = "select count(*) from migration.customer_documents"
        return int(self._work(lambda cursor: self._all(cursor, count, None))[0][0])

    def close(self) -> None:
        """Let go of the database."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _objects(self, objects: Sequence[ShopObject]) -> list[tuple[Any, ...]]:
        last = {(one.kind, one.key): one for one in objects}
        return [
            (self._shop, one.kind, one.key, one.gid, one.owner, one.values_before, self._run_id)
            for one in last.values()
        ]

    def _write(self, query: str, values: list[tuple[Any, ...]]) -> None:
        if values:
            self._work(lambda cursor: _execute(cursor, query, values))

    @staticmethod
    def _all(cursor: Any, query: str, arguments: tuple[Any, ...] | None) -> list[tuple[Any, ...]]:
        cursor.execute(query, arguments)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _work(self, work: Any, patience: float | None = None) -> Any:
        """Do something in a transaction; a connection that broke is opened anew, for two minutes unless said."""
        patience = _PATIENCE_SECONDS if patience is None else patience
        until = time.monotonic() + patience
        told = False
        while True:
            try:
                return self._once(work)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                self.close()
                if time.monotonic() > until or _hopeless(error):
                    raise LedgerFailed(_sentence(error)) from None
                self._tick()
                if not told:
                    self._logger.warning("The ledger's database is away; trying for %.0f s to reach it.", patience)
                told = True
                time.sleep(1.0)
            except psycopg2.Error as error:
                raise LedgerFailed(_sentence(error)) from None

    def _once(self, work: Any) -> Any:
        with self._turn:
            if self._connection is None:
                self._connection = psycopg2.connect(self._url, connect_timeout=10, application_name="target-shopify")
                self._lock()
            with self._connection, self._connection.cursor() as cursor:
                return work(cursor)

    def _lock(self) -> None:
        """One run a ledger: two would send the same customers side by side."""
        with self._connection, self._connection.cursor() as cursor:
            for _ in range(20):
                cursor.execute("select pg_try_advisory_lock(hashtext(%s))", (LOCK,))
                if cursor.fetchone()[0]:
                    return
                time.sleep(0.5)  # the session of a killed run ends a moment after it
        raise LedgerFailed(
            "Another run of target-shopify, or a rollback, works by this ledger: wait for its end, or stop it."
        )

    def _prepare(self, cursor: Any) -> None:
        cursor.execute(_TABLE)
        cursor.execute("select shop from migration.ledger where shop is not null and shop <> %s limit 1", (self._shop,))
        other = cursor.fetchone()
        if other:
            raise LedgerFailed(
                f"This ledger belongs to the shop {other[0]}, not to {self._shop}: use another database "
                "(ledger_url), or purge the old migration first."
            )
        cursor.execute(_OTHER_MARKS, (self._marks,))
        if (bears := cursor.fetchone()) and self._marks:
            raise LedgerFailed(f"{marks_differ(bears[0], self._marks)} Nothing was written.")
        cursor.execute(_UNDER_WAY, (self._shop,))
        if cursor.fetchone():
            name = self._shop.removesuffix(".myshopify.com")
            raise LedgerFailed(
                f"A rollback of {self._shop} has begun and is not finished: finish it first, with migration rollback "
                f"--confirm {name}. Nothing was written."
            )


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


def _execute(cursor: Any, query: str, values: list[tuple[Any, ...]]) -> None:
    if values:
        psycopg2.extras.execute_values(cursor, query, values, page_size=len(values))


def _hopeless(error: Exception) -> bool:
    """Whether waiting cannot help: a wrong password or name, refused at the first attempt."""
    text = str(error)
    return any(
        phrase in text for phrase in ("password authentication", "does not exist", "no pg_hba", "translate host")
    )


def _sentence(error: Exception) -> str:
    """Return what is wrong without the URL or a row in it."""
    code = getattr(error, "pgcode", None)
    kind = type(error).__name__
    if "password authentication" in str(error):
        return "The ledger's database refused user or password: check ledger_url."
    if code == "42501":
        return "The ledger's database user may not create the schema migration: grant it CREATE, or use another."
    if code == "53100":
        return "The ledger's database has no disk space left: free some; the same command goes on."
    return (
        f"The ledger's database cannot be used ({kind}{f' {code}' if code else ''}): check ledger_url and the server."
    )


def _pages(items: Iterable[tuple[str, str]], size: int) -> Iterable[list[tuple[str, str]]]:
    page: list[tuple[str, str]] = []
    for item in items:
        page.append(item)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
