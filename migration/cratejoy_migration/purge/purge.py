"""A purge from plan to proof: the database first, then the embedded server, files, Meltano's memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg
from dotenv import dotenv_values

from cratejoy_migration import meltano_runs, plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.overview import place
from cratejoy_migration.purge import database, embedded, files, running
from cratejoy_migration.purge.files import Remnant
from cratejoy_migration.purge.pipelines import Memory
from cratejoy_migration.staging import StagingError, staging_database
from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.project import configured_url, normalised_url


@dataclass(frozen=True)
class Scope:
    """What a purge is about.

    Attributes:
        database: Rows, with the embedded server's files.
        files: Reports, logs, Meltano's files and memory.
    """

    database: bool = True
    files: bool = True


@dataclass
class Stock:
    """What there is at one moment.

    Attributes:
        tables: By database, what our schemas hold.
        objects: What else they hold, the schemas themselves among them.
        embedded: Files and bytes of `.staging`, when they are to go.
        remnants: Files.
        memory: Rows of Meltano's tables.
        shop: The shop that the ledger belongs to.
        kept: What stays, and why.
        strangers: Files that look like copies of reports; they are for a person to delete.
        warning: What a person should know before.
        trouble: Why it cannot be carried out.
    """

    tables: dict[str, list[database.Content]] = field(default_factory=dict)
    objects: int = 0
    embedded: tuple[int, int] = (0, 0)
    remnants: list[Remnant] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)
    shop: str | None = None
    kept: list[tuple[str, str]] = field(default_factory=list)
    strangers: list[Path] = field(default_factory=list)
    warning: str = ""
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is there that a purge removes."""
        return not (self.objects or self.embedded[0] or self.remnants or any(self.memory.values()))


class Purge:
    """The purge of one project.

    Args:
        project: Its folder.
        scope: What is removed.
    """

    def __init__(self, project: Path, scope: Scope) -> None:
        self._project = project
        self._scope = scope
        self._layout = Layout(project)
        self._spares_server = False

    @cached_property
    def _told(self) -> dict[str, object]:
        """The target's settings; what they say goes without them, too, as far as the environment says it."""
        try:
            return plugins.as_told(self._project, plugins.TARGET)
        except OperatorError:
            values = {**dotenv_values(self._project / ".env"), **os.environ}
            names = ("shop", "ledger_url", "report_dir")
            found = {name: values.get(f"TARGET_SHOPIFY_{name.upper()}") for name in names}
            return {name: value for name, value in found.items() if value}

    @property
    def shop(self) -> str | None:
        """The shop as the settings name it."""
        name = self._told.get("shop")
        return str(name).lower().removesuffix(".myshopify.com") if name else None

    @property
    def folder(self) -> str:
        """The folder's name: what stands for a shop that nobody has named."""
        return self._project.name.lower()

    @property
    def is_embedded(self) -> bool:
        """Return whether the staging database is the embedded one."""
        return configured_url(self._project) is None

    # What there is

    def stock(self) -> Stock:
        """Look at everything that a purge would remove.

        Raises:
            psycopg.Error: a database cannot be read.
        """
        found = Stock()
        if self._scope.database:
            self._look_at_databases(found)
        if self._scope.files:
            found.remnants = files.remnants(self._project, self.reports(), self._memory().run_ids())
            found.memory = dict(self._memory().counts())
        self._note_what_stays(found)
        return found

    def _look_at_databases(self, found: Stock) -> None:
        try:
            with self.databases() as places:
                for url, is_own in places:
                    self._look_at(url, found, is_own=is_own)
        except StagingError as error:
            if not self.is_embedded:
                raise
            found.warning = f"The embedded database cannot be opened ({error}) .staging goes with all that is in it."
        if self.is_embedded and not self._spares_server:
            found.embedded = embedded.measured(self._layout)

    def _look_at(self, url: str, found: Stock, *, is_own: bool) -> None:
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            found.tables[place(url)] = database.content(connection)
            found.objects += database.left(connection)
            found.shop = found.shop or database.shop(connection)
            if database.rollback_under_way(connection):
                found.trouble = "A rollback has begun and is not finished: finish it first, with migration rollback."
            if is_own and database.foreign(connection):
                self._spares_server = True
                found.kept.append(
                    (".staging", "its database holds tables that are not ours; old pages and logs may keep traces")
                )

    def _note_what_stays(self, found: Stock) -> None:
        if (self._project / ".env").exists():
            found.kept.append((".env", "your keys: revoke them at Cratejoy and Shopify, then delete the file"))
        if self._scope.database and not self.is_embedded:
            found.kept.append(
                ("write-ahead log, replicas, backups", "of your database server: yours to expire or delete")
            )
        if (self._project / ".sandbox").exists():
            found.kept.append((".sandbox", "made-up people of the demo: make clean"))
        if os.environ.get("MELTANO_STATE_BACKEND_URI", "systemdb") != "systemdb":
            found.kept.append(("bookmarks in your state backend", "no personal data: meltano state clear"))
        if self._scope.files:
            found.strangers = files.strangers(self._project, self.reports(), found.remnants)
            found.kept += [(str(path), "looks like a copy of a report: delete it yourself") for path in found.strangers]

    # Carrying out

    def check(self, stock: Stock) -> None:
        """Look whether it can be carried out now.

        Raises:
            OperatorError: it cannot; the text says why.
        """
        if stock.trouble:
            raise OperatorError(f"{stock.trouble} Nothing was removed.")
        self._refuse_running()

    def carry_out(self, stock: Stock) -> None:
        """Remove everything; safe to kill at any moment and to run again.

        Raises:
            OperatorError: a program is running, or something cannot be removed; the text says what was.
        """
        self.check(stock)
        if self._scope.database:
            self._remove_rows(stock)
        if self._scope.files:
            self._remove_files(stock)

    def _refuse_running(self) -> None:
        engine = meltano_runs.open_database(self._project)
        names = meltano_runs.living_runs(engine) if engine else []
        if names:
            raise OperatorError(f"Meltano is running {names[0]}: wait for its end, or end it. Nothing was removed.")
        if self.is_embedded:
            embedded.refuse_when_in_use(self._layout)

    def _remove_rows(self, stock: Stock) -> None:
        if stock.objects:
            with self.databases() as places:
                for url, _ in places:
                    _drop(url)
        if stock.embedded[0]:
            embedded.remove(self._layout)

    def _remove_files(self, stock: Stock) -> None:
        try:
            files.remove(stock.remnants)
        except OSError as error:
            raise OperatorError(
                f"Cannot remove {error.filename} ({os.strerror(error.errno or 0)}): remove it by hand, or run as its "
                "owner. The same command goes on."
            ) from None
        self._memory().forget()

    # Where things are

    @contextmanager
    def databases(self) -> Iterator[list[tuple[str, bool]]]:
        """Yield the URLs of databases with rows of ours, and whether it is the embedded one; none is built for this."""
        ledger = str(self._told.get("ledger_url") or "")
        others = [(normalised_url(ledger), False)] if ledger else []
        if self.is_embedded and not embedded.is_there(self._layout):
            yield others
            return
        with staging_database(self._project) as url:
            yield [(url, self.is_embedded), *(other for other in others if place(other[0]) != place(url))]

    def reports(self) -> list[Path]:
        """Return the folders of reports."""
        named = self._told.get("report_dir")
        return [self._project / plugins.REPORTS, *([self._project / str(named)] if named else [])]

    def _memory(self) -> Memory:
        return Memory(meltano_runs.open_database(self._project))


def _drop(url: str) -> None:
    with psycopg.connect(url, connect_timeout=10, autocommit=True, application_name="migration purge") as connection:
        running.keep_others_out(connection)
        database.drop(connection)
        database.forget_statistics(connection)
