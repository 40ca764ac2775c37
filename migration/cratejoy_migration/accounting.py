"""Every staged customer, subscription and order in exactly one line: what became of it. The totals add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from rich.table import Table

from cratejoy_migration.documents import staged as staging
from cratejoy_migration.documents.staged import Connection, Staged

_OUTCOMES = ("created", "updated", "unchanged", "adopted", "merged", "refused", "unknown", "pending")
_FATES = ("carried", "with a refused customer", "with an unknown customer", "pending", "orphan")
_LEDGER = "migration.ledger"
_NO_LEDGER = (
    "(select null::text as document_key, null::text as status, null::text as reason, null::text as document_hash"
    " where false)"
)
_ALL = "select count(*) from cratejoy.{stream}"
_CUSTOMERS = """
select coalesce(l.status, 'pending'), case when l.status = 'refused' then coalesce(l.reason, '') end, count(*)
from cratejoy.customers c
left join {ledger} l on l.document_key = c.id::text
group by 1, 2
"""
_RELATED = """
select case
        when c.id is null then 'orphan'
        when l.status is null then 'pending'
        when l.status = 'refused' then 'with a refused customer'
        when l.status = 'unknown' then 'with an unknown customer'
        else 'carried' end,
    null::text, count(*)
from (select {owner} as owner from cratejoy.{stream} t offset 0) t
left join cratejoy.customers c on c.id = t.owner
left join {ledger} l on l.document_key = c.id::text
group by 1
"""
_CHANGED = """
select count(*) from migration.customer_documents d join migration.ledger l on l.document_key = d.id::text
where l.status <> 'unknown' and l.document_hash is distinct from d.document_hash
"""
_GONE = """
select count(*) from migration.ledger l
where not exists (select from cratejoy.customers c where c.id::text = l.document_key)
"""


@dataclass(frozen=True)
class Line:
    """So many rows of a stream with one outcome; `reason` is that of a refusal."""

    stream: str
    outcome: str
    reason: str | None
    count: int


@dataclass(frozen=True)
class Accounting:
    """What became of what was staged.

    Attributes:
        lines: one an outcome, a refusal's reason apart.
        staged: rows of each stream, counted by themselves.
        changed: customers of these lines that have changed since and are to go again.
        gone: rows of the ledger whose customer is not staged any more.
    """

    lines: list[Line]
    staged: dict[str, int]
    changed: int = 0
    gone: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether the lines of each stream come to the rows that are staged."""
        return all(self.total(stream) == count for stream, count in self.staged.items())

    def total(self, stream: str) -> int:
        """Return the sum of a stream's lines."""
        return sum(line.count for line in self.lines if line.stream == stream)


def account(url: str) -> Accounting:
    """Return the accounting of the staging database.

    Raises:
        StagingError: no customers are staged.
        psycopg.Error: the database cannot be read.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        staged = staging.read(connection)
        streams = ["customers", *(name for name in ("subscriptions", "orders") if staged.has(name))]
        return Accounting(
            [line for stream in streams for line in _lines(connection, staged, stream)],
            {stream: _count(connection, _ALL.format(stream=stream)) for stream in streams},
            _count(connection, _CHANGED) if staged.ledger and _has_documents(connection) else 0,
            _count(connection, _GONE) if staged.ledger else 0,
        )


def table(accounting: Accounting) -> Table:
    """Return the accounting for the screen."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in (("staged", "left"), ("outcome", "left"), ("rows", "right")):
        screen.add_column(heading, justify=side, no_wrap=heading != "outcome")  # type: ignore[arg-type]
    for stream, count in accounting.staged.items():
        for line in (line for line in accounting.lines if line.stream == stream):
            screen.add_row(stream, f"{line.outcome}: {line.reason}" if line.reason else line.outcome, f"{line.count:,}")
        screen.add_row(stream, "all", f"{count:,}", style="bold", end_section=True)
    return screen


def machine(accounting: Accounting) -> dict[str, Any]:
    """Return the accounting for machines."""
    return {
        "adds_up": accounting.adds_up,
        "staged": accounting.staged,
        "lines": [asdict(line) for line in accounting.lines],
        "changed": accounting.changed,
        "gone": accounting.gone,
    }


def notes(accounting: Accounting) -> Iterable[str]:
    """Yield what the lines do not show, and whether they add up."""
    if accounting.changed:
        yield f"Customers of these lines that have changed since and are to go again: {accounting.changed:,}."
    if accounting.gone:
        yield f"Rows of the ledger whose customers are not staged (any more): {accounting.gone:,}."
    yield "Every staged row is in exactly one line." if accounting.adds_up else "The lines do not add up; report this."


def _lines(connection: Connection, staged: Staged, stream: str) -> list[Line]:
    ledger = _LEDGER if staged.ledger else _NO_LEDGER
    query = _CUSTOMERS if stream == "customers" else _RELATED
    found = connection.execute(query.format(ledger=ledger, stream=stream, owner=staged.owner(stream, "t")))
    order = _OUTCOMES if stream == "customers" else _FATES
    return sorted((Line(stream, *row) for row in found), key=lambda line: (_rank(line.outcome, order), -line.count))


def _rank(outcome: str, order: tuple[str, ...]) -> int:
    return order.index(outcome) if outcome in order else len(order)


def _has_documents(connection: Connection) -> bool:
    return _exists(connection, "migration.customer_documents")


def _exists(connection: Connection, table_name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table_name,)).fetchone()
    return bool(row and row[0])


def _count(connection: Connection, query: Any) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
