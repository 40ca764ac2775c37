"""The steps of a build as SQL: each a name and its statements, made for what is staged."""

from __future__ import annotations

from collections.abc import Sequence
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
_MADE = "create unlogged table migration.building_{} as"
_GROUPS = "create unlogged table migration.building_groups as select distinct p.group_first_id"
_COLUMNS = """
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
        ids: documents of nobody but these customers, made of their rows alone; whoever shares an e-mail with one of
            them is among them (see `mates`).
        table: where they go, in the schema migration; one that is not phase 2's is not kept over a crash.
    """

    everything: bool = False
    refused: bool = False
    only: str | None = None
    ids: tuple[int, ...] = ()
    table: str = DOCUMENTS

    def condition(self, staged: Staged) -> str:
        """Return the SQL of whether a customer's document is built."""
        if self.only:
            return f"exists (select from migration.{self.only} o where o.document_key = p.id::text)"
        if self.everything or self.ids or not staged.ledger:
            return "true"
        return _TO_GO + (" or l.status = 'refused'" if self.refused else "")


def steps(staged: Staged, scope: Scope) -> list[Step]:
    """Return the build of the documents.

    Args:
        staged: what there is to build from.
        scope: whose documents.
    """
    streams = related(staged)
    people = _MADE.format("people")
    return [
        Step(
            "customers",
            (*kept.functions().values(), people_of(staged, scope.ids, people), *_finished("building_people", "id")),
        ),
        *(
            Step(
                stream,
                (rows_of(staged, stream, scope.ids, _MADE.format(stream)), *_finished(f"building_{stream}", "place")),
            )
            for stream in streams
        ),
        Step("documents", _documents(staged, scope)),
        Step("indexes", _finished("customer_documents_next", "id")),
        # Orphans are found by looking at everybody's rows.
        *([] if scope.ids else [Step("orphans", (*_ORPHANS, *(_orphans(staged, stream) for stream in streams)))]),
    ]


def related(staged: Staged) -> list[str]:
    """Return the staged streams whose rows go into the documents of their customers."""
    return [stream for stream in _KEPT if staged.has(stream)]


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


def email_key(staged: Staged, alias: str = "") -> str:
    """Return the SQL of what customers who share an e-mail have in common: it without case and white space."""
    email = f"{alias}email" if staged.has("customers", "email") else "null::text"
    return f"nullif(regexp_replace(lower({email}), '{WHITE_SPACE}', '', 'g'), '')"


def people_of(staged: Staged, ids: Sequence[int] = (), head: str = "") -> str:
    """Return the SQL of the customers, and of who shares an e-mail with whom.

    Args:
        staged: what there is.
        ids: of these alone.
        head: what becomes of it.
    """
    only = f"where id in ({_listed(ids)})" if ids else ""
    return _sql("people", email_key=email_key(staged), only=only, head=head)


def rows_of(staged: Staged, stream: str, ids: Sequence[int] = (), head: str = "") -> str:
    """Return the SQL of one stream's records by customer; arguments as those of `people_of`."""
    moment = _MOMENTS.get(stream)
    return _sql(
        "related",
        stream=stream,
        owner=staged.owner(stream, "t"),
        moment=f"t.{moment}" if moment and staged.has(stream, moment) else "null::timestamptz",
        order="r.moment desc nulls last, r.id desc" if moment else "r.id",
        record=kept.record("t", _KEPT[stream], staged.columns[stream]),
        only=f"where {owned_by(staged, stream, ids)}" if ids else "",
        head=head,
    )


def owned_by(staged: Staged, stream: str, ids: Sequence[int]) -> str:
    """Return the SQL of whether a row of a stream (`t`) belongs to one of these customers; an index can serve it."""
    owner, listed = staged.owner(stream, "t"), _listed(ids)
    if not staged.has(stream, "customer_id"):
        return f"{owner} in ({listed})"
    return f"(t.customer_id in ({listed}) or (t.customer_id is null and {owner} in ({listed})))"


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(str(int(number)) for number in ids) or "null"


def _orphans(staged: Staged, stream: str) -> str:
    return _sql("orphans", stream=stream, owner=staged.owner(stream, "t"))


def _documents(staged: Staged, scope: Scope) -> tuple[str, ...]:
    """Return what builds the documents, in the order in which they go: the first of an e-mail before the others.

    Who shares an e-mail with somebody who has to go, goes along: the customer that they become is made of all of them.
    """
    kind = "" if scope.table == DOCUMENTS else "unlogged "
    head = f"create {kind}table migration.customer_documents_next as\n{columns_of(staged)}"
    condition = scope.condition(staged)
    if scope.only or condition == "true":
        return (select(staged, head, condition, "order by p.place"),)
    return (
        select(staged, _GROUPS, f"p.group_size > 1 and ({condition})"),
        select(staged, head, f"{condition} or {_IN_GROUP}", "order by p.place"),
    )


def columns_of(staged: Staged) -> str:
    """Return the beginning of the SQL that makes documents: their columns."""
    names = (kept.quoted(name) for name in staged.columns["customers"] if name not in ADDED)
    return _COLUMNS.format(columns=", ".join(f"c.{name}" for name in names)).strip()


def select(staged: Staged, head: str, condition: str, tail: str = "") -> str:
    """Return the SQL that begins with a head and goes over the documents for which a condition holds."""
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
