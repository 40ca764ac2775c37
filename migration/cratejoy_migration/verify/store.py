"""What verification keeps in the staging database: verdicts on every customer, and one line a verification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from cratejoy_migration.verify.judging import Verdict

Connection = psycopg.Connection[tuple[Any, ...]]

DOCUMENTS = "verify_documents"
_TABLES = """
create schema if not exists migration;
create table if not exists migration.verifications (
    id bigint generated always as identity primary key,
    run_id text not null,
    shop text not null,
    verified_at timestamptz not null,
    clean boolean not null,
    counts jsonb not null,
    versions jsonb not null,
    hashes jsonb not null
);
create table if not exists migration.verdicts (
    document_key text primary key,
    verdict text not null,
    reason text,
    shopify_id text,
    differences jsonb not null,
    explained jsonb not null,
    verification bigint not null,
    checked_at timestamptz not null
);
drop table if exists migration.verdicts_next;
create unlogged table migration.verdicts_next (
    id bigint not null, verdict text not null, reason text, shopify_id text, differences jsonb not null,
    explained jsonb not null
);
"""
_PAIRS = """
drop table if exists migration.verify_pairs;
create unlogged table migration.verify_pairs as
select d.id, {columns},
    min(d.id) over (partition by coalesce({gid}, d.id::text)) as lead
from migration.verify_documents d {join};
create index on migration.verify_pairs (lead, id);
analyze migration.verify_pairs;
"""
_LEDGER_COLUMNS = """
l.status, l.reason, l.origin, l.shopify_id, coalesce(l.document_hash <> d.document_hash, false) as changed
"""
"""A repair that was killed leaves rows without a hash: they are compared as they are."""
_NO_LEDGER_COLUMNS = (
    "null::text as status, null::text as reason, null::text as origin, null::text as shopify_id, false as changed"
)
_READ_PAIRS = """
select id, lead, status, reason, origin, shopify_id, changed from migration.verify_pairs order by lead, id
"""
_KEEP = """
insert into migration.verifications (run_id, shop, verified_at, clean, counts, versions, hashes)
values (%(run_id)s, %(shop)s, %(verified_at)s, %(clean)s, %(counts)s, %(versions)s, %(hashes)s) returning id
"""
_VERDICTS = """
insert into migration.verdicts
select id::text, verdict, reason, shopify_id, differences, explained, %s, %s from migration.verdicts_next
"""
_LEFT_OVER = ("verify_documents", "verify_pairs", "verdicts_next", "readback", "readback_orders")
_LATEST = """
select id, run_id, shop, verified_at, clean, counts, versions, hashes from migration.verifications order by id desc
limit 1
"""


@dataclass(frozen=True)
class Line:
    """A verification on record.

    Attributes:
        id: Its number.
        run_id: Of the run that made it.
        shop: my-shop.myshopify.com.
        verified_at: When.
        clean: Nothing was unexplained.
        counts: Rows by stream, verdict and reason; see `facts`.
        versions: Of our packages and of the API.
        hashes: SHA-256 over the staged ids, the documents and the read-back.
    """

    id: int
    run_id: str
    shop: str
    verified_at: datetime
    clean: bool
    counts: dict[str, Any]
    versions: dict[str, str]
    hashes: dict[str, str]


def prepare(connection: Connection) -> None:
    """Make the tables that last, and an empty one for the verdicts to come."""
    connection.execute(_TABLES)


def pair(connection: Connection, *, ledger: bool) -> None:
    """Put each document beside what the ledger says of it, in the order in which they are compared."""
    connection.execute(
        _PAIRS.format(
            columns=_LEDGER_COLUMNS if ledger else _NO_LEDGER_COLUMNS,
            gid="l.shopify_id" if ledger else "null",
            join="left join migration.ledger l on l.document_key = d.id::text" if ledger else "",
        )
    )


def pairs(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Yield the pairs in their order, a few thousand in memory; inside a transaction."""
    with connection.cursor("verify_pairs") as cursor:
        cursor.itersize = 5000
        yield from cursor.execute(_READ_PAIRS)


def add(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    """Note verdicts."""
    with connection.cursor().copy("copy migration.verdicts_next from stdin") as copy:
        for one in verdicts:
            differences = orjson.dumps([asdict(difference) for difference in one.differences]).decode()
            explained = orjson.dumps(one.explained).decode()
            copy.write_row((one.id, one.verdict, one.reason, one.shopify_id, differences, explained))


def keep(connection: Connection, line: Line) -> int:
    """Put the verdicts in the place of the earlier ones, and write the verification's line; return its number."""
    values = {**asdict(line), **{name: Jsonb(getattr(line, name)) for name in ("counts", "versions", "hashes")}}
    with connection.transaction():
        row = connection.execute(_KEEP, values).fetchone()
        number = int(row[0]) if row else 0
        connection.execute("truncate migration.verdicts")
        connection.execute(_VERDICTS, (number, line.verified_at))
    return number


def clear(connection: Connection) -> None:
    """Drop what is needed only while a verification runs."""
    for name in _LEFT_OVER:
        connection.execute(f"drop table if exists migration.{name}")


def latest(connection: Connection) -> Line | None:
    """Return the last verification on record."""
    if not exists(connection, "verifications"):
        return None
    row = connection.execute(_LATEST).fetchone()
    return Line(*row) if row else None


def exists(connection: Connection, name: str) -> bool:
    """Whether a table of the schema migration is there."""
    row = connection.execute("select to_regclass(%s) is not null", (f"migration.{name}",)).fetchone()
    return bool(row and row[0])


def by_key(connection: Connection, query: str, keys: Sequence[Any]) -> dict[Any, tuple[Any, ...]]:
    """Return the rows of a query that takes a list of keys, by their first column."""
    return {row[0]: row for row in connection.execute(query, (list(keys),))}
