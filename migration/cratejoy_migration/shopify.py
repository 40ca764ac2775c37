"""The loader `staging-target-shopify`: target-shopify with its ledger, and its line in the history, in staging."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, Any

import psycopg
from target_shopify import cli
from target_shopify.errors import LedgerFailed
from target_shopify.target import TargetShopify

from cratejoy_migration import history, one_run, runs
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.staging import StagingError, connection_url, keep_up

if TYPE_CHECKING:
    from collections import Counter


class StagingTargetShopify(TargetShopify):
    """The target; without a `ledger_url` the staging database keeps the ledger, and stays up as long as the target."""

    _history: history.LiveRun | None = None

    def __init__(self, *, config: dict[str, Any] | None = None, parse_env_config: bool = False, **options: Any) -> None:
        settings = {**(config or {}), **(self._env_var_config if parse_env_config else {})}
        if not settings.get("ledger_url"):
            settings["ledger_url"] = _staging_url()
        super().__init__(config=settings, **options)

    # Sealed by the SDK so that reading stays as it is, and it does: this only looks at its beginning and its end.
    def process_lines(self, file_input: IO[str] | None = None) -> Counter[str]:  # type: ignore[misc]
        """Carry the input; what is written is on record in the history of runs, as `migrate` or `send`."""
        if self.settings.dry_run or not self.settings.ledger_url:
            return super().process_lines(file_input)
        command = "send" if os.environ.get(history.SENDS_FEW) else "migrate"
        run = history.RunRecord(self.settings.ledger_url, command)
        os.environ["MELTANO_RUN_ID"] = run.run_id  # so that the ledger's rows and this line name each other
        self._history = history.LiveRun(run, self._figures)
        self._history.begin()
        with self._history.part(), self._right():
            return super().process_lines(file_input)

    @contextmanager
    def _right(self) -> Iterator[None]:
        """Keep runs of others out of the store while this one writes."""
        try:
            with one_run.sharing(_staging_url(), "a migration"):
                yield
        except OperatorError as error:
            raise LedgerFailed(str(error)) from None

    def process_endofpipe(self) -> None:
        """Settle what is left.

        Raises:
            RunStopped: The run ended early; what was settled is recorded.
        """
        with self._history.part(last=True) if self._history else nullcontext():
            super().process_endofpipe()
        if self._history and self.settings.ledger_url:
            self._tell_changes(self.settings.ledger_url)

    def _tell_changes(self, url: str) -> None:
        """Say what has changed since the migration before, as the build of the documents counted it."""
        with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            built = runs.last_of_each(connection).get("documents")
            if built and "new" in built.figures:
                self.logger.info("Since the migration before: %s.", changes_told(built.figures))

    def _figures(self) -> dict[str, Any]:
        """Return how far the run is; nothing before the shop was asked."""
        run = self.__dict__.get("run")
        return run.figures() if run else {}


def changes_told(figures: Mapping[str, Any]) -> str:
    """Return what changed in words: `12 new, 3 changed, 1,985 unchanged, 1 gone (still in the shop)`."""
    told = [f"{figures.get(name, 0):,} {name}" for name in ("new", "changed", "unchanged", "gone")]
    return ", ".join(told) + (" (still in the shop)" if figures.get("gone") else "")


def _staging_url() -> str:
    try:
        url = connection_url()
        keep_up()
    except StagingError as error:
        raise LedgerFailed(str(error)) from None
    return url


def main() -> None:
    """Entry point."""
    cli.main(StagingTargetShopify)
