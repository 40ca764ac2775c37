"""What a verification found, as figures: rows by stream and verdict, differences by field, what nobody staged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cratejoy_migration.documents.staged import Staged
from cratejoy_migration.verify.judging import CLASSES, DIFFERENT, LEFT_OUT, LOADED, MERGED, ORPHAN, PENDING
from cratejoy_migration.verify.store import Connection

STREAMS = ("customers", "subscriptions", "orders")
_CUSTOMERS = """
select verdict, reason, count(*) from migration.verdicts_next group by 1, 2
"""
_RELATED = """
select case when v.id is null then 'orphan' else v.verdict end,
    case when v.id is null then case when t.owner is null then 'names no customer' else 'customer is not staged' end
         else v.reason end,
    count(*)
from (select {owner} as owner from cratejoy.{stream} t offset 0) t
left join migration.verdicts_next v on v.id = t.owner
group by 1, 2
"""
_DIFFERENCES = """
select d ->> 'field', d ->> 'kind', count(*), count(distinct coalesce(v.shopify_id, v.id::text))
from migration.verdicts_next v cross join jsonb_array_elements(v.differences) d group by 1, 2 order by 4 desc, 1, 2
"""
_EXPLAINED = """
select e, count(*) from migration.verdicts_next v cross join jsonb_array_elements_text(v.explained) e
group by 1 order by 2 desc, 1
"""
_FOREIGN = """
select r.number, r.ids from migration.readback r
where r.marked
    and not exists (select from cratejoy.customers c where c.id = any(r.ids))
    and not exists (select from migration.verify_pairs p where p.shopify_id = r.gid)
    {ledger}
order by r.number
"""
_FOREIGN_LEDGER = "and not exists (select from migration.ledger l where l.shopify_id = r.gid)"
_NO_LONGER_STAGED = """
select count(*) from migration.ledger l where l.shopify_id is not null
    and not exists (select from cratejoy.customers c where c.id::text = l.document_key)
"""
_SAMPLES = """
select id, verdict, reason, shopify_id, differences, explained from migration.verdicts_next
where verdict = %s order by md5(id::text) limit %s
"""
_DIGEST = "select encode(sha256(convert_to(coalesce(string_agg({value}, ',' order by {value}), ''), 'UTF8')), 'hex')"
_MOST_FOREIGN = 200


@dataclass(frozen=True)
class Line:
    """So many rows of a stream with one verdict; `reason` where there is one."""

    stream: str
    verdict: str
    reason: str | None
    count: int


@dataclass(frozen=True)
class Facts:
    """What was found.

    Attributes:
        lines: Rows by stream, verdict and reason.
        staged: Rows of each stream, counted by themselves.
        read_back: Rows of loaded customers that were found in the shop again, by stream.
        refused_rows: Rows of loaded customers that Shopify refused, as recorded, by stream.
        differences: Field, kind, differences, Shopify customers.
        explained: What is otherwise for a reason on record, and on how many customers.
        foreign: Shopify customers with our marks that nobody staged: number, Cratejoy ids; the first 200.
        foreign_count: All of them.
        shop_customers: Customers of the shop in all.
        no_longer_staged: Customers in the ledger that are not staged any more.
        samples: Some customers of each verdict.
    """

    lines: tuple[Line, ...]
    staged: Mapping[str, int]
    read_back: Mapping[str, int]
    differences: tuple[tuple[str, str, int, int], ...] = ()
    explained: tuple[tuple[str, int], ...] = ()
    foreign: tuple[tuple[int, tuple[int, ...]], ...] = ()
    foreign_count: int = 0
    shop_customers: int = 0
    no_longer_staged: int = 0
    samples: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    refused_rows: Mapping[str, int] = field(default_factory=dict)

    def total(self, stream: str, *verdicts: str) -> int:
        """Return the rows of a stream, of these verdicts or of all."""
        return sum(
            line.count for line in self.lines if line.stream == stream and (not verdicts or line.verdict in verdicts)
        )


@dataclass(frozen=True)
class Accepted:
    """How much a person has let through: different customers, and orphans by stream or for `all`."""

    different: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)


def unexplained(facts: Facts, accepted: Accepted, *, orders: str) -> list[str]:
    """Return what keeps a migration from being clean, a sentence each; nothing when it is.

    Args:
        facts: What was found.
        accepted: What a person has let through.
        orders: The setting of that name: rows of orders that are not carried need not be found.
    """
    told = [
        f"{stream}: {count:,} rows are staged, {facts.total(stream):,} have a verdict"
        for stream, count in facts.staged.items()
        if facts.total(stream) != count
    ]
    if pending := facts.total("customers", PENDING):
        told.append(f"{_customers(pending)} still to go: {_reasons(facts, PENDING)}")
    different = facts.total("customers", DIFFERENT)
    if different > accepted.different:
        told.append(f"{_customers(different)} different in the shop, {accepted.different:,} accepted")
    if facts.foreign_count:
        told.append(f"{_customers(facts.foreign_count)} in the shop with marks of this migration, and not staged")
    told += _orphans(facts, accepted)
    told += _lost_rows(facts, orders)
    return told


def _orphans(facts: Facts, accepted: Accepted) -> list[str]:
    over = {
        stream: count
        for stream in facts.staged
        if (count := facts.total(stream, ORPHAN) - accepted.missing.get(stream, 0)) > 0
    }
    if sum(over.values()) <= accepted.missing.get("all", 0):
        return []
    return [f"{stream}: {facts.total(stream, ORPHAN):,} rows belong to no staged customer" for stream in over]


def _lost_rows(facts: Facts, orders: str) -> list[str]:
    told = []
    for stream, found in facts.read_back.items():
        loaded = facts.total(stream, LOADED, MERGED) - facts.refused_rows.get(stream, 0)
        if found != loaded and not (stream == "orders" and orders == "none"):
            told.append(f"{stream}: {loaded:,} rows belong to loaded customers, {found:,} were found in the shop")
    return told


def _reasons(facts: Facts, verdict: str) -> str:
    return ", ".join(
        f"{line.reason} ({line.count:,})"
        for line in facts.lines
        if line.stream == "customers" and line.verdict == verdict
    )


def _customers(count: int) -> str:
    return f"{count:,} customer{'' if count == 1 else 's'}"


def lines(connection: Connection, staged: Staged, orders: str) -> tuple[tuple[Line, ...], dict[str, int]]:
    """Return every staged row in exactly one line, and the rows of each stream counted by themselves."""
    streams = [stream for stream in STREAMS if stream == "customers" or staged.has(stream)]
    found: list[Line] = []
    counts: dict[str, int] = {}
    for stream in streams:
        query = _CUSTOMERS if stream == "customers" else _RELATED
        rows = connection.execute(query.format(stream=stream, owner=staged.owner(stream, "t"))).fetchall()
        told: Counter[tuple[str, str | None]] = Counter()
        for verdict, reason, count in rows:
            told[_carried(stream, orders, verdict, reason)] += count
        made = [Line(stream, verdict, reason, count) for (verdict, reason), count in told.items()]
        found += sorted(made, key=lambda line: (CLASSES.index(line.verdict), -line.count, line.reason or ""))
        counts[stream] = _count(connection, f"select count(*) from cratejoy.{stream}")  # noqa: S608  # our own names
    return tuple(found), counts


def _carried(stream: str, orders: str, verdict: str, reason: str | None) -> tuple[str, str | None]:
    """Return verdict and reason of a row, by that of its customer; orders may not be carried at all."""
    if stream == "orders" and orders == "none" and verdict in (LOADED, MERGED, DIFFERENT):
        return LEFT_OUT, "orders: none"
    return verdict, reason


def differences(connection: Connection) -> tuple[tuple[str, str, int, int], ...]:
    """Return field, kind, differences and Shopify customers."""
    return tuple(connection.execute(_DIFFERENCES).fetchall())


def explained(connection: Connection) -> tuple[tuple[str, int], ...]:
    """Return what is otherwise for a reason on record, and on how many customers."""
    return tuple(connection.execute(_EXPLAINED).fetchall())


def foreign(connection: Connection, *, ledger: bool) -> tuple[tuple[tuple[int, tuple[int, ...]], ...], int]:
    """Return the first of the customers that carry our marks and that nobody staged, and how many there are."""
    query = _FOREIGN.format(ledger=_FOREIGN_LEDGER if ledger else "")
    first = connection.execute(f"{query} limit {_MOST_FOREIGN}").fetchall()
    every = f"select count(*) from ({query}) f"  # noqa: S608  # our own text
    return tuple((number, tuple(ids)) for number, ids in first), _count(connection, every)


def no_longer_staged(connection: Connection, *, ledger: bool) -> int:
    """Return how many customers of the ledger are not staged any more."""
    return _count(connection, _NO_LONGER_STAGED) if ledger else 0


def samples(connection: Connection, most: int) -> dict[str, list[dict[str, Any]]]:
    """Return some customers of each verdict, the same ones each time."""
    names = ("cratejoy_id", "verdict", "reason", "shopify_id", "differences", "explained")
    found = {
        verdict: [dict(zip(names, row, strict=True)) for row in connection.execute(_SAMPLES, (verdict, most))]
        for verdict in CLASSES
    }
    return {verdict: rows for verdict, rows in found.items() if rows}


def hashes(connection: Connection, staged: Staged) -> dict[str, str]:
    """Return SHA-256 over the ids of each stream, the documents, and what was read back."""
    streams = [stream for stream in STREAMS if stream == "customers" or staged.has(stream)]
    sources = {f"staged {stream}": ("id::text", f"cratejoy.{stream}") for stream in streams}
    sources["documents"] = ("id::text || ' ' || document_hash", "migration.verify_documents")
    sources["read back"] = ("gid || ' ' || digest", "migration.readback")
    sources["orders read back"] = ("gid || ' ' || digest", "migration.readback_orders")
    return {
        name: str(_value(connection, f"{_DIGEST.format(value=value)} from {table}"))
        for name, (value, table) in sources.items()
    }


def _value(connection: Connection, query: Any) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _count(connection: Connection, query: Any) -> int:
    return int(_value(connection, query) or 0)
