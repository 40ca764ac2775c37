"""The normal pipeline of phase 1, run for a part of the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cratejoy_migration import meltano_runs, plugins
from cratejoy_migration.audit.plan import with_children

_BLOCK = ("tap-cratejoy", "target-postgres")


class Pipeline:
    """`meltano run tap-cratejoy target-postgres` in one project."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def read(self, variables: Mapping[str, str]) -> int:
        """Read pages and elements that settings of the tap name; return the exit status. Bookmarks stay."""
        return self._run(variables)

    def scan(self, stream: str) -> int:
        """Read a whole stream; return the exit status.

        The scan has a state of its own, so that the bookmarks of all streams stay as they are, and goes on where it
        was killed. That state is dropped when the scan has ended well.
        """
        suffix = f"backfill-{stream}"
        chosen = {"TAP_CRATEJOY__SELECT_FILTER": json.dumps(with_children(stream))}
        status = self._run(chosen, f"--state-id-suffix={suffix}")
        if status == 0 and (database := meltano_runs.open_database(self._project)):
            meltano_runs.forget_state(database, suffix)
        return status

    def _run(self, variables: Mapping[str, str], *options: str) -> int:
        if database := meltano_runs.open_database(self._project):
            meltano_runs.end_dead_runs(database)
        return plugins.run_meltano(self._project, "run", *options, *_BLOCK, variables=variables)
