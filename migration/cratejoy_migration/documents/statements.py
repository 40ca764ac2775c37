"""The steps of a build as SQL: each a name and its statements, made for what is staged."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from cratejoy_migration.documents import kept
from cratejoy_migration.documents.staged import Staged

ADDED = (
    "addresses", "subscriptions", "orders",
    "email_key", "group_first_id", "group_size", "document_hash",
)  # fmt: skip
"""Columns of a document beside those of the staged customer."""
WHITE_SPACE = r"[\s\u00a0\u1680\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
_KEPT = {"customer_addresses": kept.ADDRESS, "subscriptions": kept.SUBSCRIPTION, "orders": kept.ORDER}
_MOMENTS = {"subscriptions": "start_date", "orders": "placed_at"}
DOCUMENTS = "customer_documents"
"""The table that phase 2 reads."""
_GROUPS = "create unlogged table migration.building_groups as select distinct p.group_first_id"
_NEXT = """
create {kind}table migration.customer_documents_next as
select {columns}, r.addresses, r.subscriptions, r.orders,
    p.email_key, p.group_first_id, p.group_size, h.document_hash
"""
_IN_GROUP = "p.group_first_id in (select group_first_id from migration.building_groups)"
_TO_GO = "l.document_key is null or l.status = 'unknown' or l.document_hash is distinct from h.document_hash"


@dataclass(frozen=True)
class Step:
    """A step of the build; its statements run one after the other."""

    name: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """Whose documents are built, and into which table.

    Attributes:
        everything: documents of customers that are done, too.
        refused: documents of customers that Shopify could not take, too.
        only: documents of nobody but those whose `document_key` is in this table of the schema migration.
        table: where they go, in the schema migration; one that is not phase 2's is not kept over a crash.
    """

    everything: bool = False
    refused: bool = False
    only: str | None = None
    table: str = DOCUMENTS

    def condition(self, staged: Staged) -> str:
        """Return the SQL of whether a customer's document is built."""
        if self.only:
            return f"exists (select from migration.{self.only} o where o.document_key = p.id::text)"
        if self.everything or not staged.ledger:
            return "true"
        return _TO_GO + (" or l.status = 'refused'" if self.refused else "")


def steps(staged: Staged, scope: Scope) -> list[Step]:
    """Return the build of the documents.

    Args:
        staged: what there is to build from.
        scope: whose documents.
    """
    streams = [stream for stream in _KEPT if staged.has(stream)]
    return [
        Step("customers", (*kept.functions().values(), _people(staged), *_finished("building_people", "id"))),
        *(Step(stream, (_related(staged, stream), *_finished(f"building_{stream}", "place"))) for stream in streams),
        Step("documents", _documents(staged, scope)),
        Step("indexes", _finished("customer_documents_next", "id")),
        Step("orphans", (*_ORPHANS, *(_orphans(staged, stream) for stream in streams))),
    ]


def swap(staged: Staged, table: str = DOCUMENTS) -> tuple[str, ...]:
    """Return what puts the new documents in the place of the old ones and clears up."""
    built = ("people", *(stream for stream in _KEPT if staged.has(stream)))
    return (
        f"drop table if exists migration.{table}",
        f"alter table migration.customer_documents_next rename to {table}",
        f"alter index migration.customer_documents_next_pkey rename to {table}_pkey",
        f"create index on migration.{table} (group_first_id)",
        "drop table if exists migration.building_groups",
        *(f"drop table migration.building_{name}" for name in built),
        *(f"drop function {signature}" for signature in kept.functions()),
    )


_ORPHANS = (
    "drop table if exists migration.orphans",
    "create table migration.orphans (stream text not null, id bigint, customer_id bigint, reason text not null)",
)


def _sql(name: str, **values: str) -> str:
    text = resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.format_map(values)


def _finished(table: str, key: str) -> tuple[str, str]:
    return f"alter table migration.{table} add primary key ({key})", f"analyze migration.{table}"


def _people(staged: Staged) -> str:
    email = "email" if staged.has("customers", "email") else "null::text"
    return _sql("people", email=email, white_space=WHITE_SPACE)


def _related(staged: Staged, stream: str) -> str:
    moment = _MOMENTS.get(stream)
    return _sql(
        "related",
        stream=stream,
        owner=staged.owner(stream, "t"),
        moment=f"t.{moment}" if moment and staged.has(stream, moment) else "null::timestamptz",
        order="r.moment desc nulls last, r.id desc" if moment else "r.id",
        record=kept.record("t", _KEPT[stream], staged.columns[stream]),
    )


def _orphans(staged: Staged, stream: str) -> str:
    return _sql("orphans", stream=stream, owner=staged.owner(stream, "t"))


def _documents(staged: Staged, scope: Scope) -> tuple[str, ...]:
    """Return what builds the documents, in the order in which they go: the first of an e-mail before the others.

    Who shares an e-mail with somebody who has to go, goes along: the customer that they become is made of all of them.
    """
    columns = (kept.quoted(name) for name in staged.columns["customers"] if name not in ADDED)
    head = _NEXT.format(
        kind="" if scope.table == DOCUMENTS else "unlogged ", columns=", ".join(f"c.{name}" for name in columns)
    )
    condition = scope.condition(staged)
    if scope.only or condition == "true":
        return (_select(staged, head, condition, "order by p.place"),)
    return (
        _select(staged, _GROUPS, f"p.group_size > 1 and ({condition})"),
        _select(staged, head, f"{condition} or {_IN_GROUP}", "order by p.place"),
    )


def _select(staged: Staged, head: str, condition: str, tail: str = "") -> str:
    names = {"customer_addresses": "a", "subscriptions": "s", "orders": "o"}
    joins = [
        f"left join migration.building_{stream} {alias} on {alias}.place = p.place"
        for stream, alias in names.items()
        if staged.has(stream)
    ]
    if staged.ledger:
        joins.append("left join migration.ledger l on l.document_key = p.id::text")
    return _sql(
        "documents",
        head=head.strip(),
        joins="\n".join(joins),
        addresses=_addresses(staged),
        subscriptions=_records(staged, "subscriptions", "s"),
        orders=_records(staged, "orders", "o"),
        not_hashed=", ".join(f"'{name}'" for name in (*kept.NOT_HASHED, "addresses")),
        scope=condition,
        tail=tail,
    )


def _records(staged: Staged, stream: str, alias: str) -> str:
    """Return a customer's records: an empty array when there are none, null when the stream was never staged."""
    return f"coalesce({alias}.records, '[]')" if staged.has(stream) else "null::jsonb"


def _addresses(staged: Staged) -> str:
    """Return the addresses: those of the table, where it has any of the customer, else those in the customer."""
    ways = ["a.records"] if staged.has("customer_addresses") else []
    if staged.has("customers", "addresses"):
        ways.append(kept.array(kept.nested("c", "addresses", staged.columns["customers"]), "addresses"))
    ways.append("'[]'" if staged.has("customer_addresses") else "null::jsonb")
    return f"coalesce({', '.join(ways)})"
