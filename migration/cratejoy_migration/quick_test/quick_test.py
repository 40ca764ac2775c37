"""One quick test: read a little where nothing is staged, choose customers, build their documents, send them (dry)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from cratejoy_migration import meltano_runs, plugins
from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.statements import Scope
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.history import SENDS_FEW
from cratejoy_migration.quick_test import result
from cratejoy_migration.quick_test.result import Result
from cratejoy_migration.quick_test.sample import LOOKED_AT, choose
from cratejoy_migration.staging import StagingError

SUFFIX = "quick-test"
"""Of Meltano's state ids: a quick test leaves no bookmark, and holds up no collection."""
STREAMS = ("customers", "subscriptions", "orders")
_BUILT = "select id from migration.customer_documents order by id"
"""Whoever shares an e-mail with a chosen customer goes along."""
_ROWS = """
select coalesce(sum(jsonb_array_length({})), 0)::bigint from migration.customer_documents
where jsonb_typeof({}) = 'array'
"""


@dataclass(frozen=True)
class QuickTest:
    """A quick test.

    Attributes:
        project: The project's folder.
        url: The staging database.
        reports: Folder of reports.
        say: Told in a few words what is done.
    """

    project: Path
    url: str
    reports: Path
    say: Callable[[str], None]

    def run(self, customers: int, *, send: bool) -> Result:
        """Carry so many customers through the whole path.

        Args:
            customers: At most.
            send: Write them into the shop; else nothing is written there.

        Raises:
            OperatorError: A step did not end well, or there is no customer at all.
            StagingError: The documents cannot be built.
        """
        began = time.monotonic()
        with psycopg.connect(self.url, connect_timeout=10, autocommit=True) as connection:
            if not _has_customers(connection):
                self._collect(customers)
            try:
                ids = choose(connection, staging.read(connection), customers)
            except StagingError:
                ids = ()
            if not ids:
                raise OperatorError("Cratejoy has no customers to test with: check the store that the keys belong to.")
            self.say(f"Building {len(ids):,} documents")
            build(self.url, Told(lambda *_: None, lambda _: None), Scope(ids=ids))
            ids = tuple(int(row[0]) for row in connection.execute(_BUILT))
            rows = {"subscriptions": 0, "orders": 0}
            for name in rows:
                row = connection.execute(_ROWS.format(name, name)).fetchone()
                rows[name] = int(row[0]) if row else 0
            self.say("Writing them into the shop" if send else "Asking Shopify without writing anything")
            self._send(len(ids), send=send)
            lines = result.recorded(connection, ids) if send else result.foretold(self._folder)
        found = Result(send, tuple(lines), rows, round(time.monotonic() - began, 1))
        found.write(self._folder)
        return found

    @property
    def _folder(self) -> Path:
        return self.reports / result.FOLDER

    def _collect(self, customers: int) -> None:
        """Read the first rows of the streams that documents are made of, beside all bookmarks."""
        self.say("Reading some rows from Cratejoy")
        limit = str(min(1000, customers * LOOKED_AT))
        variables = {
            "TAP_CRATEJOY_RECORD_LIMIT": limit,
            "TAP_CRATEJOY_ON_INCOMPLETE": "warn",
            "TAP_CRATEJOY__SELECT_FILTER": json.dumps(STREAMS),
        }
        self._meltano(("tap-cratejoy", "target-postgres"), variables, "Reading Cratejoy ended early")

    def _send(self, most: int, *, send: bool) -> None:
        # However the documents are built anew meanwhile, no more than a handful goes.
        variables = {
            "TAP_POSTGRES_MAX_RECORD_COUNT": str(most),
            "TARGET_SHOPIFY_DRY_RUN": "false" if send else "true",
            SENDS_FEW: "1",
        }
        if not send:
            variables["TARGET_SHOPIFY_REPORT_DIR"] = str(self._folder)
        trouble = "Carrying the customers ended early" if send else "Asking Shopify ended early"
        self._meltano(("tap-postgres", "target-shopify"), variables, trouble)

    def _meltano(self, blocks: tuple[str, str], variables: dict[str, str], trouble: str) -> None:
        line = ("run", f"--state-id-suffix={SUFFIX}", "migration:unlock", *blocks)
        status = plugins.run_meltano(self.project, *line, variables=variables)
        if database := meltano_runs.open_database(self.project):
            meltano_runs.forget_state(database, SUFFIX)
        if status:
            raise OperatorError(f"{trouble} (exit status {status}); the lines before say why. Run it again then.")


def _has_customers(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute("select to_regclass('cratejoy.customers') is not null").fetchone()
    if not (row and row[0]):
        return False
    row = connection.execute("select exists (select from cratejoy.customers)").fetchone()
    return bool(row and row[0])
