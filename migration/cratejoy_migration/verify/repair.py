"""Sending again what a verification found different: just those customers, through the normal pipeline."""

from __future__ import annotations

from pathlib import Path

import psycopg

from cratejoy_migration import meltano_runs, plugins
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.statements import Scope
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.verify.differences import CHANGED, REPAIRABLE
from cratejoy_migration.verify.store import Connection, Line, exists, latest

_BLOCK = ("tap-postgres", "target-shopify")
_TABLE = "repairs"
_MARK = """
drop table if exists migration.repairs;
create table migration.repairs as
select v.document_key from migration.verdicts v
where v.verdict = 'different' and exists (
    select from jsonb_array_elements(v.differences) d
    where d ->> 'kind' = any({kinds}) or (d ->> 'kind' = 'changed_in_shop' and d ->> 'field' = 'metafield')
);
alter table migration.repairs add primary key (document_key);
update migration.ledger l set document_hash = null from migration.repairs r where r.document_key = l.document_key;
"""
_DROP = "drop table if exists migration.repairs"


class Repair:
    """Brings what is different up to date.

    Args:
        project: Its folder.
        url: Of the staging database.
        overwrite: Also what somebody changed in the shop.
    """

    def __init__(self, project: Path, url: str, *, overwrite: bool) -> None:
        self._project = project
        self._url = url
        self._overwrite = overwrite

    def run(self) -> int:
        """Send it; return how many customers went.

        Raises:
            OperatorError: Nothing was verified yet, or the pipeline failed.
        """
        with psycopg.connect(self._url, connect_timeout=10, autocommit=True) as connection:
            verified(connection)
            count = self._mark(connection)
            if count:
                build(self._url, Told(lambda *_: None, lambda _: None), Scope(only=_TABLE))
        if count:
            self._send()
        with psycopg.connect(self._url, connect_timeout=10, autocommit=True) as connection:
            connection.execute(_DROP)
        return count

    def _mark(self, connection: Connection) -> int:
        """Note who goes; for the ledger they were never sent as they are, so that any run takes them."""
        if not exists(connection, "ledger"):
            return 0
        kinds = sorted(REPAIRABLE | ({CHANGED} if self._overwrite else set()))
        # Metafields in our namespace are ours: a run writes them anew whoever changed them.
        listed = "array[" + ", ".join(f"'{kind}'" for kind in kinds) + "]"
        with connection.transaction():
            connection.execute(_MARK.format(kinds=listed))
        row = connection.execute("select count(*) from migration.repairs").fetchone()
        return int(row[0]) if row else 0

    def _send(self) -> None:
        if database := meltano_runs.open_database(self._project):
            meltano_runs.end_dead_runs(database)
        variables = {"TARGET_SHOPIFY_REPAIR": "all" if self._overwrite else "missing"}
        if plugins.run_meltano(self._project, "run", *_BLOCK, variables=variables):
            raise OperatorError(
                "The run that repairs did not end well, see its own message above; the same command goes on."
            )


def verified(connection: Connection) -> Line:
    """Return the last verification.

    Raises:
        OperatorError: There is none.
    """
    line = latest(connection)
    if line is None:
        raise OperatorError(
            "Nothing was verified yet, so nothing is known to be different; run first: migration verify"
        )
    return line
