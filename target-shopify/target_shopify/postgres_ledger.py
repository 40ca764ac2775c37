"""The ledger in Postgres: one connection that any thread may use, opened anew when it breaks.

A row is written twice: as `unknown` before anything is sent, and with its outcome afterwards. So a run that was killed
in between leaves a trace of what may have happened, and the next run looks before it writes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import psycopg2
import psycopg2.extras

from target_shopify import ledger_statements as sql
from target_shopify.errors import LedgerFailed
from target_shopify.ledger import LOCK, Intent, Known, Row, ShopObject, marks_differ

if TYPE_CHECKING:
    import logging

    from target_shopify.before import BeforeImage

_PATIENCE_SECONDS = 120.0
"""In mid-run a database may restart."""
_START_SECONDS = 10.0
"""At the start one that is not there is rather a wrong ledger_url."""


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
        rows = self._work(lambda cursor: self._all(cursor, sql.FIND, (self._settings_mark, list(keys))))
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
        self._write(sql.INTEND, values)

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
            _execute(cursor, sql.RECORD, values)
            _execute(cursor, sql.MADE, orders)

        self._work(work)

    def keep(self, image: BeforeImage) -> None:
        """Keep a customer that we did not make, durably; its first image lasts, and so do all writings."""
        writing = psycopg2.extras.Json([image.writing])
        values = [(self._shop, image.shopify_id, self._run_id, psycopg2.extras.Json(image.image), writing)]
        self._write(sql.KEEP, values)

    def orders(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the GIDs of those of these orders that we made."""
        return dict(self._work(lambda cursor: self._all(cursor, sql.ORDERS, (list(keys), self._shop))))

    def intend_object(self, kind: str, key: str) -> None:
        """Write down that something is about to be made in the shop."""
        self._write(sql.INTEND_OBJECT, [(self._shop, kind, key, self._run_id)])

    def intended(self, kind: str) -> frozenset[str]:
        """Return the keys of what was about to be made, and whose making nobody has seen."""
        rows = self._work(lambda cursor: self._all(cursor, sql.INTENDED, (kind, self._shop)))
        return frozenset(row[0] for row in rows)

    def made(self, objects: Sequence[ShopObject]) -> None:
        """Write down what was made in the shop."""
        self._write(sql.MADE, self._objects(objects))

    def demote(self, keys: Sequence[str]) -> None:
        """Note that these documents no longer lead their customer."""
        self._work(lambda cursor: cursor.execute(sql.DEMOTE, (list(keys),)))

    def harvest(self, found: Iterable[tuple[str, str]]) -> int:
        """Settle unknown rows from (leader's key, customer GID) pairs."""
        settled = 0
        for page in _pages(found, 5000):
            settled += self._work(
                lambda cursor, page=page: (
                    psycopg2.extras.execute_values(cursor, sql.HARVEST, page, page_size=len(page)) or cursor.rowcount
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
        cursor.execute(sql.TABLE)
        cursor.execute("select shop from migration.ledger where shop is not null and shop <> %s limit 1", (self._shop,))
        other = cursor.fetchone()
        if other:
            raise LedgerFailed(
                f"This ledger belongs to the shop {other[0]}, not to {self._shop}: use another database "
                "(ledger_url), or purge the old migration first."
            )
        cursor.execute(sql.OTHER_MARKS, (self._marks,))
        if (bears := cursor.fetchone()) and self._marks:
            raise LedgerFailed(f"{marks_differ(bears[0], self._marks)} Nothing was written.")
        cursor.execute(sql.UNDER_WAY, (self._shop,))
        if cursor.fetchone():
            name = self._shop.removesuffix(".myshopify.com")
            raise LedgerFailed(
                f"A rollback of {self._shop} has begun and is not finished: finish it first, with migration rollback "
                f"--confirm {name}. Nothing was written."
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
