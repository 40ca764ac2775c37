"""Sending one customer again, with everybody who shares its e-mail, through the normal pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg

from cratejoy_migration import ledger_lock, meltano_runs, plugins
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.few import mates
from cratejoy_migration.documents.statements import Scope
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import SENDS_FEW
from cratejoy_migration.verify.store import Connection, exists

_BLOCK = ("tap-postgres", "target-shopify")
_IN_SHOP = frozenset({"created", "updated", "unchanged", "adopted", "merged"})
_FORGET = "update migration.ledger set document_hash = null where document_key = any(%s)"
_LINE = "select status, reason, shopify_id, document_hash is not null from migration.ledger where document_key = %s"


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        status: By the ledger; None when there is no line of it.
        reason: Repairs, or why it was refused.
        shopify_id: GID.
        sent: Whether this run came to an outcome.
        documents: So many customers went.
    """

    status: str | None
    reason: str | None
    shopify_id: str | None
    sent: bool
    documents: int

    @property
    def holds(self) -> bool:
        """Whether the customer is in the shop now."""
        return self.sent and self.status in _IN_SHOP

    def sentence(self, number: int) -> str:
        """Return what came of it, in words."""
        if not self.sent:
            return f"Customer {number} was not sent: is the setting dry_run on (TARGET_SHOPIFY_DRY_RUN)?"
        if not self.holds:
            return f"Customer {number} is {self.status}: {self.reason or 'no reason was recorded'}."
        others = self.documents - 1
        along = f", with {others} more of the same e-mail" if others else ""
        kept = f" ({self.reason})" if self.reason else ""
        return f"Customer {number} is in the shop{along}: {self.status}{kept}. {self.shopify_id or ''}".strip()


class Retry:
    """Sends one customer again.

    Args:
        project: Its folder.
        url: Of the staging database.
    """

    def __init__(self, project: Path, url: str) -> None:
        self._project = project
        self._url = url

    def run(self, number: int) -> Outcome:
        """Send the customer with this Cratejoy id; return what came of it.

        Raises:
            OperatorError: It is not staged, another run writes into the shop, or the pipeline failed.
            StagingError: No customers are staged.
            psycopg.Error: The database failed.
        """
        with self._connected() as connection:
            if not ledger_lock.take(connection, shared=True):
                raise OperatorError("Another run writes into the shop: send the customer after its end, or stop it.")
            ids = mates(connection, staging.read(connection), [number])
            if number not in ids:
                raise OperatorError(f"No customer {number} is staged: check the id, or collect first.")
            if exists(connection, "ledger"):
                # For the ledger they were never sent as they are, so that any run takes them.
                connection.execute(_FORGET, ([str(one) for one in ids],))
            build(self._url, Told(lambda *_: None, lambda _: None), Scope(ids=ids))
        self._send(len(ids))
        with self._connected() as connection:
            return self._outcome(connection, number, len(ids))

    def _send(self, most: int) -> None:
        if database := meltano_runs.open_database(self._project):
            meltano_runs.end_dead_runs(database)
        # However the documents are built anew meanwhile, no more customers go.
        variables = {
            "TAP_POSTGRES_MAX_RECORD_COUNT": str(most),
            "TARGET_SHOPIFY_REPAIR": "missing",
            SENDS_FEW: "1",
        }
        if plugins.run_meltano(self._project, "run", *_BLOCK, variables=variables):
            raise OperatorError(
                "The run that sends it again did not end well, see its own message above; the same command goes on."
            )

    def _outcome(self, connection: Connection, number: int, documents: int) -> Outcome:
        row = None
        if exists(connection, "ledger"):
            row = connection.execute(_LINE, (str(number),)).fetchone()
        status, reason, shopify_id, sent = row or (None, None, None, False)
        return Outcome(status, reason, shopify_id, sent, documents)

    def _connected(self) -> Connection:
        return psycopg.connect(self._url, connect_timeout=10, autocommit=True)
