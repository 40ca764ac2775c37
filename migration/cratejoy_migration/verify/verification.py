"""One verification from the first question to the certificate: documents, read-back, comparison, verdict."""

from __future__ import annotations

import logging
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from target_shopify.client import ShopifyClient
from target_shopify.ledger import LOCK, marks_differ, marks_of
from target_shopify.run import mapping_options
from target_shopify.shop import ask

from cratejoy_migration import decisions, ledger_lock, runs
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.statements import Scope
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.verify import facts as finding
from cratejoy_migration.verify import store
from cratejoy_migration.verify.certificate import Certificate
from cratejoy_migration.verify.compare import Rules
from cratejoy_migration.verify.comparing import Comparing
from cratejoy_migration.verify.facts import Accepted, Facts
from cratejoy_migration.verify.readback import ReadBack
from cratejoy_migration.verify.store import Connection

if TYPE_CHECKING:
    from target_shopify.settings import Settings
    from target_shopify.shop import Shop

_LOGGER = logging.getLogger("verify")
_PACKAGES = ("cratejoy-migration", "tap-cratejoy", "target-shopify")
_RUNS = 12
_OTHER_MARKS = """
select to_jsonb(l) ->> 'marks' from migration.ledger l
where shopify_id is not null and to_jsonb(l) ->> 'marks' <> %s limit 1
"""
_UNDER_WAY = "select id from migration.rollbacks where shop = %s and began_at is not null and ended_at is null"
_SESSION = {"timezone": "UTC", "application_name": "migration verify", "work_mem": "64MB", "jit": "off"}


@dataclass(frozen=True)
class Telling:
    """Where a verification says what it does.

    Attributes:
        step: Called after each step with its name and its seconds.
        beat: Called now and then with figures.
    """

    step: Callable[[str, float], None]
    beat: Callable[[dict[str, Any]], None] = lambda _: None


class Verification:
    """A verification of one project.

    Args:
        url: Of the staging database, which holds the ledger.
        settings: Of target-shopify, as customers were written.
        run_id: Of this run.
        telling: Where it says what it does.
    """

    def __init__(self, url: str, settings: Settings, run_id: str, telling: Telling) -> None:
        self._url = url
        self._settings = settings
        self._run_id = run_id
        self._telling = telling
        self._client = ShopifyClient(settings, _LOGGER)

    def run(self, samples: int) -> Certificate:
        """Verify; the verdicts are on record afterwards.

        Args:
            samples: Customers of each verdict that the certificate names.

        Raises:
            OperatorError: There is nothing to verify, or something writes to the shop now.
            StagingError: No customers are staged.
            TargetError: The shop cannot be read.
            psycopg.Error: The database failed.
        """
        began = datetime.now(UTC)
        with self._connected() as connection, alone(connection):
            staged = staging.read(connection)
            self._check_ledger(connection, ledger=staged.ledger)
            shop = ask(self._client, self._settings, _scopes(self._settings.orders))
            rules = Rules(mapping_options(self._settings, shop), self._settings.replaces)
            store.prepare(connection)
            build(self._url, Told(lambda *_: None, _LOGGER.warning), Scope(everything=True, table=store.DOCUMENTS))
            began_at = self._told("documents built", began.timestamp())
            store.pair(connection, ledger=staged.ledger)
            with self._read_back(connection, rules) as read_back:
                total = read_back.fill(ledger=staged.ledger)
                began_at = self._told("shop read back", began_at)
                comparing = self._compare(connection, rules)
                self._told("compared", began_at)
                found = self._facts(connection, staged, comparing, samples, total)
                certificate = self._certificate(connection, staged, found, shop, began)
                number = store.keep(connection, certificate.line)
                store.clear(connection)
                return certificate.numbered(number)

    def _compare(self, connection: Connection, rules: Rules) -> Comparing:
        with psycopg.connect(self._url, connect_timeout=10) as reading:
            comparing = Comparing(reading, connection, rules)
            comparing.run(lambda: self._telling.beat({"documents": comparing.documents}))
            return comparing

    def _facts(
        self, connection: Connection, staged: staging.Staged, comparing: Comparing, samples: int, total: int
    ) -> Facts:
        lines, counts = finding.lines(connection, staged, self._settings.orders)
        foreign, foreign_count = finding.foreign(connection, ledger=staged.ledger)
        return Facts(
            lines=lines,
            staged=counts,
            read_back={stream: comparing.rows[stream] for stream in comparing.rows if stream in counts},
            differences=finding.differences(connection),
            explained=finding.explained(connection),
            foreign=foreign,
            foreign_count=foreign_count,
            shop_customers=total,
            no_longer_staged=finding.no_longer_staged(connection, ledger=staged.ledger),
            samples=finding.samples(connection, samples),
            refused_rows=comparing.refused,
        )

    def _certificate(
        self, connection: Connection, staged: staging.Staged, found: Facts, shop: Shop, began: datetime
    ) -> Certificate:
        accepted = decisions.accepted(connection, "different").get("all")
        missing = {name: one.amount for name, one in decisions.accepted(connection, "missing").items()}
        let_through = Accepted(accepted.amount if accepted else 0, missing)
        kinds = ("missing", "refused", "different")
        return Certificate(
            facts=found,
            unexplained=tuple(finding.unexplained(found, let_through, orders=self._settings.orders)),
            decisions=tuple(one for kind in kinds for one in decisions.accepted(connection, kind).values()),
            runs=tuple(run for run in runs.latest(connection, _RUNS) if run.state != "running"),
            shop=shop.domain,
            run_id=self._run_id,
            began=began,
            ended=datetime.now(UTC),
            versions=_versions(self._settings, connection),
            settings=_shaping(self._settings, shop),
            hashes=finding.hashes(connection, staged),
        )

    def _check_ledger(self, connection: Connection, *, ledger: bool) -> None:
        if self._settings.ledger_url and self._settings.ledger_url != self._url:
            raise OperatorError(
                "The ledger is in another database (ledger_url) than what is staged: only what lies together can be "
                "compared; leave ledger_url empty."
            )
        domain = f"{self._settings.shop}.myshopify.com"
        other = "select shop from migration.ledger where shop is not null and shop <> %s limit 1"
        row = connection.execute(other, (domain,)).fetchone() if ledger else None
        if row:
            raise OperatorError(f"The ledger tells of the shop {row[0]}, not of {domain}: check TARGET_SHOPIFY_SHOP.")
        marks = marks_of(self._settings.namespace, self._settings.tag_prefix)
        row = connection.execute(_OTHER_MARKS, (marks,)).fetchone() if ledger else None
        if row:
            raise OperatorError(f"{marks_differ(row[0], marks)} Nothing was verified.")
        if store.exists(connection, "rollbacks") and connection.execute(_UNDER_WAY, (domain,)).fetchone():
            raise OperatorError(
                "A rollback has begun and is not finished, so nothing can be verified; finish it first: migration "
                f"rollback --confirm {self._settings.shop}"
            )

    @contextmanager
    def _read_back(self, connection: Connection, rules: Rules) -> Iterator[ReadBack]:
        with workspace(self._settings.report_dir) as folder:
            read_back = ReadBack(connection, self._client, rules, folder)
            try:
                yield read_back
            finally:
                if not connection.broken:
                    read_back.drop()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with psycopg.connect(self._url, connect_timeout=10, autocommit=True) as connection:
            for name, value in _SESSION.items():
                connection.execute("select set_config(%s, %s, false)", (name, value))
            yield connection

    def _told(self, name: str, since: float) -> float:
        now = time.time()
        self._telling.step(name, now - since)
        return now


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Let nobody write to the shop by this ledger meanwhile.

    Raises:
        OperatorError: Somebody does.
    """
    if not ledger_lock.take(connection, shared=True):
        raise OperatorError("Another run writes into the shop by this ledger: verify after its end, or stop it.")
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock_shared(hashtext(%s))", (LOCK,))


@contextmanager
def workspace(reports: Path | None) -> Iterator[Path]:
    """Make a folder for the export; it is gone afterwards, and so is what a killed verification left."""
    if reports is not None:
        reports.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in reports.glob(".verify-*"):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=reports) as folder:
        yield Path(folder)


def _scopes(orders: str) -> frozenset[str]:
    """Return what the app must be allowed to; orders older than 60 days are hidden without read_all_orders."""
    return frozenset({"read_customers"} | ({"read_orders", "read_all_orders"} if orders == "create" else set()))


def _versions(settings: Settings, connection: Connection) -> dict[str, str]:
    found = {name: metadata.version(name) for name in _PACKAGES}
    number = connection.info.server_version
    server = f"{number // 10000}.{number % 10000}"
    return {**found, "Admin API": settings.api_version, "PostgreSQL": server, "Python": platform.python_version()}


def _shaping(settings: Settings, shop: Shop) -> dict[str, str]:
    """Return the settings that shape customers."""
    return {
        "orders": settings.orders,
        "update_policy": settings.update_policy,
        "conflict": settings.conflict,
        "tag_prefix": settings.tag_prefix,
        "metafield_namespace": settings.namespace,
        "currency": shop.currency,
        "default_country": settings.default_country or "none",
    }
