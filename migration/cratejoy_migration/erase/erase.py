"""Erasing one person from plan to proof: one transaction in each database, then the files, then a second look."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cratejoy_migration.erase import lines, mentions, person, rows
from cratejoy_migration.erase.lines import Letter
from cratejoy_migration.erase.person import Person
from cratejoy_migration.erase.rows import Found
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.purge import running

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass
class Traces:
    """What there was of a person.

    Attributes:
        person: Who.
        tables: By table.
        letters: By file.
    """

    person: Person = field(default_factory=Person)
    tables: list[Found] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Return what finds the person in a file."""
        return mentions.person(self.person.emails, self.person.ids, self.person.gids)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.tables or self.letters)


class Erase:
    """The erasure of one person.

    Args:
        urls: Of the databases with rows of ours.
        folders: With reports and logs.
        given: E-mail address or Cratejoy id.
        tell: Takes the name of what is looked through.
    """

    def __init__(self, urls: list[str], folders: list[Path], given: str, tell: Callable[[str], None]) -> None:
        self._urls = urls
        self._folders = folders
        self._given = given
        self._tell = tell

    def look(self) -> Traces:
        """Return what there is of the person, found by removing it and taking that back.

        Raises:
            OperatorError: a program is running, or nobody can be meant.
        """
        with self._connected() as connections:
            return self._look(self._find(connections), connections)

    def carry_out(self) -> tuple[Traces, Traces]:
        """Remove the person everywhere; return what there was, and what a second look finds.

        The files go first: as long as the rows are there, the same command knows whom it is about.

        Raises:
            OperatorError: a program is running, or a file cannot be written.
        """
        with self._connected() as connections:
            found = Traces(self._find(connections))
            self._tell("reports and logs")
            found.letters = lines.look(self._folders, found.pattern)
            try:
                lines.take_out(found.letters, found.pattern)
            except OSError as error:
                raise OperatorError(
                    f"Cannot rewrite {error.filename} ({os.strerror(error.errno or 0)}): free space, or run as its "
                    "owner. No row was removed."
                ) from None
            for one in connections:
                found.tables += self._rows(one, found.person, keep=True)
            return found, self._look(found.person, connections)

    def _look(self, who: Person, connections: list[Connection]) -> Traces:
        tables = [found for one in connections for found in self._rows(one, who, keep=False)]
        traces = Traces(who, tables)
        self._tell("reports and logs")
        traces.letters = lines.look(self._folders, traces.pattern)
        return traces

    def _find(self, connections: list[Connection]) -> Person:
        who = Person()
        for one in connections:
            _join(who, person.find(one, self._given))
        return who

    def _rows(self, connection: Connection, who: Person, *, keep: bool) -> list[Found]:
        with _transaction(connection, keep=keep):
            found = rows.erase(connection, who, self._tell)
            rows.keep_out(connection, who)
        if keep:
            for one in found:
                connection.execute(sql.SQL("vacuum {}").format(sql.Identifier(*one.table.split(".", 1))))
        return found

    @contextmanager
    def _connected(self) -> Iterator[list[Connection]]:
        """Yield connections to all databases, everybody else locked out."""
        with ExitStack() as stack:
            made = [
                stack.enter_context(
                    psycopg.connect(url, connect_timeout=10, autocommit=True, application_name="migration erase")
                )
                for url in self._urls
            ]
            for one in made:
                running.keep_others_out(one)
            yield made


def _join(known: Person, new: Person) -> None:
    known.ids |= new.ids
    known.emails |= new.emails
    known.gids |= new.gids
    known.orders = sorted({*known.orders, *new.orders})
    known.subscriptions = sorted({*known.subscriptions, *new.subscriptions})


@contextmanager
def _transaction(connection: Connection, *, keep: bool) -> Iterator[None]:
    """Open a transaction that is committed, or was only to look."""
    with connection.transaction():
        connection.execute("select set_config('client_min_messages', 'warning', true)")
        yield
        if not keep:
            raise psycopg.Rollback
