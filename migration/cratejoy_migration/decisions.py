"""What a person has accepted, and why: the one place where a gate may be told to let something through.

A decision is never changed: a new one about the same thing takes the place of the earlier one, which stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

_TABLE = """
create schema if not exists migration;
create table if not exists migration.decisions (
    id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    amount bigint not null,
    reason text not null,
    decided_at timestamptz not null default now()
);
"""
_LATEST = """
select distinct on (kind, subject) kind, subject, amount, reason, decided_at from migration.decisions
where kind = %s order by kind, subject, id desc
"""


@dataclass(frozen=True)
class Decision:
    """Something accepted.

    Attributes:
        kind: What is let through: "missing" rows, "refused" customers, "different" customers.
        subject: Of what: a stream's name, or "all".
        amount: So many rows at most.
        reason: In the operator's words.
        decided_at: When.
    """

    kind: str
    subject: str
    amount: int
    reason: str
    decided_at: datetime


def accept(connection: Connection, kind: str, subject: str, amount: int, reason: str) -> None:
    """Write down that a person accepts up to `amount` rows of a kind."""
    connection.execute(_TABLE)
    connection.execute(
        "insert into migration.decisions (kind, subject, amount, reason) values (%s, %s, %s, %s)",
        (kind, subject, amount, reason),
    )


def accepted(connection: Connection, kind: str) -> dict[str, Decision]:
    """Return the decisions of a kind that hold now, by subject."""
    row = connection.execute("select to_regclass('migration.decisions') is not null").fetchone()
    if not (row and row[0]):
        return {}
    return {found[1]: Decision(*found) for found in connection.execute(_LATEST, (kind,))}
