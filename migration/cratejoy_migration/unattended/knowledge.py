"""What is known of a migration, gathered from where it is kept: bookmarks, audit, decisions, ledger, the path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from tap_cratejoy import dates

from cratejoy_migration import decisions, meltano_runs
from cratejoy_migration.unattended.planner import Audit, Known, Move
from cratejoy_migration.unattended.record import PathRecord, Round

Connection = psycopg.Connection[tuple[Any, ...]]
Bookmarks = Mapping[str, Mapping[str, Any]]
_SETTLED = "select count(*), max(updated_at) from migration.ledger where status <> 'unknown'"


@dataclass(frozen=True)
class Sources:
    """Where knowledge is kept.

    Attributes:
        project: Folder of the project, for Meltano's own database.
        connection: To the staging database, in autocommit mode.
        streams: Those that are collected.
    """

    project: Path
    connection: Connection
    streams: tuple[str, ...]

    def known(self, record: PathRecord, round_: Round) -> Known:
        """Return what decides on the next move."""
        let_through = decisions.accepted(self.connection, "missing")
        return Known(
            streams=self.streams,
            scans=complete_scans(self.bookmarks()),
            audits=self.audits(),
            accepted={name: decision.amount for name, decision in let_through.items()},
            past=record.past(round_.number),
            since=round_.since,
            first=round_.first,
        )

    def bookmarks(self) -> Bookmarks:
        """Return the bookmark of each stream."""
        database = meltano_runs.open_database(self.project)
        return meltano_runs.bookmarks(database) if database else {}

    def audits(self) -> dict[str, Audit]:
        """Return the last audit of each stream."""
        if not self._has("migration.audit"):
            return {}
        rows = self.connection.execute("select stream, coalesce(missing, 1), checked_at from migration.audit")
        return {stream: Audit(missing, checked_at) for stream, missing, checked_at in rows}

    def progress(self, move: Move) -> str:
        """Return how far a move has come, as a text that changes when it comes further."""
        if move.name == "collect":
            mark = self.bookmarks().get(move.stream, {})
            return json.dumps([mark.get(key) for key in ("scan_started_at", "pass", "page", "records", "complete")])
        if move.name == "backfill":
            return str(self.audits().get(move.stream))
        if move.name in {"migrate", "repair"} and self._has("migration.ledger"):
            return " ".join(map(str, self.connection.execute(_SETTLED).fetchone() or ()))
        return ""

    def counts(self) -> dict[str, int]:
        """Return the figures of a notice: rows staged, missing and by outcome."""
        found: dict[str, int] = {}
        for stream in self.streams:
            if self._has(f"cratejoy.{stream}"):
                found[stream] = self._number(f"select count(*) from cratejoy.{stream}")  # noqa: S608  # a name of ours
        found["missing"] = sum(audit.missing for audit in self.audits().values())
        if self._has("migration.ledger"):
            rows = self.connection.execute("select status, count(*) from migration.ledger group by status")
            found |= {str(status): int(count) for status, count in rows}
        return found

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _has(self, table: str) -> bool:
        row = self.connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
        return bool(row and row[0])


def complete_scans(bookmarks: Bookmarks) -> dict[str, datetime]:
    """Return the start of each stream's scan where that scan is complete."""
    found = {name: dates.parse(mark.get("scan_started_at")) for name, mark in bookmarks.items() if mark.get("complete")}
    return {name: moment for name, moment in found.items() if moment is not None}
