"""What a build of the documents came to, in a short table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from rich.table import Table

from cratejoy_migration.documents.staged import Connection, Staged

_COUNTS = """
select count(*), count(*) filter (where group_size > 1),
    count(distinct group_first_id) filter (where group_size > 1)
from migration.building_people
"""
_DONE = """
select l.status, count(*)
from migration.building_people p
join migration.ledger l on l.document_key = p.id::text
where not exists (select from migration.customer_documents_next d where d.id = p.id)
group by l.status order by l.status
"""
_CHANGES = """
select count(*) filter (where l.document_key is null),
    count(*) filter (where l.status <> 'unknown' and l.document_hash is distinct from d.document_hash),
    count(*) filter (where l.status = 'unknown')
from migration.customer_documents_next d
left join migration.ledger l on l.document_key = d.id::text
"""
_GONE = """
select count(*) from migration.ledger l
where not exists (select from migration.building_people p where p.id::text = l.document_key)
"""
_ORPHANS = """
select stream, reason, count(*), (array_agg(id order by id))[:5]
from migration.orphans group by stream, reason order by stream, reason
"""


@dataclass(frozen=True)
class Orphans:
    """Rows of a stream without a customer, with the first few ids."""

    stream: str
    reason: str
    count: int
    first_ids: list[int]


@dataclass(frozen=True)
class Changes:
    """How the staged customers stand to those that were migrated before.

    Attributes:
        new: never sent.
        changed: sent, and other than they were then.
        unchanged: sent, and as they were then.
        unfinished: sent by a run that did not see the end of it.
        gone: sent, and not staged any more; they stay in the shop.
    """

    new: int
    changed: int
    unchanged: int
    unfinished: int
    gone: int


@dataclass(frozen=True)
class Summary:
    """What there is to do.

    Attributes:
        customers: staged.
        to_go: documents.
        done: customers that need not go again, by their status in the ledger.
        groups: e-mail addresses that several customers share.
        grouped: these customers.
        orphans: rows without a customer.
        changes: against what was migrated before; None before the first migration.
    """

    customers: int
    to_go: int
    done: dict[str, int]
    groups: int
    grouped: int
    orphans: list[Orphans] = field(default_factory=list)
    changes: Changes | None = None


def summarise(connection: Connection, staged: Staged) -> Summary:
    """Count what was built, before it is put in place."""
    ((customers, grouped, groups),) = connection.execute(_COUNTS).fetchall()
    ((to_go,),) = connection.execute("select count(*) from migration.customer_documents_next").fetchall()
    done: dict[str, int] = dict(connection.execute(_DONE).fetchall()) if staged.ledger else {}
    orphans = [Orphans(*row) for row in connection.execute(_ORPHANS)]
    return Summary(customers, to_go, done, groups, grouped, orphans, _changes(connection, customers, staged))


def figures(summary: Summary) -> dict[str, int]:
    """Return what the history of runs keeps of a build."""
    kept = {"customers": summary.customers, "to_go": summary.to_go}
    return kept | (asdict(summary.changes) if summary.changes else {})


def table(summary: Summary) -> Table:
    """Return the summary for the screen."""
    screen = Table(box=None, pad_edge=False, show_header=False)
    screen.add_column(no_wrap=True)
    screen.add_column(justify="right", no_wrap=True)
    for label, count in _rows(summary):
        screen.add_row(label, f"{count:,}")
    return screen


def notes(summary: Summary) -> list[str]:
    """Return, for each kind of orphan, why they are orphans and the first few ids."""
    return [f"Orphaned {each.stream}, {each.reason}: {_ids(each)}" for each in summary.orphans]


def _changes(connection: Connection, customers: int, staged: Staged) -> Changes | None:
    """Count what changed; None while the ledger is empty."""
    if not staged.ledger or not connection.execute("select exists (select from migration.ledger)").fetchall()[0][0]:
        return None
    ((new, changed, unfinished),) = connection.execute(_CHANGES).fetchall()
    ((gone,),) = connection.execute(_GONE).fetchall()
    return Changes(new, changed, customers - new - changed - unfinished, unfinished, gone)


def _change_rows(changes: Changes) -> list[tuple[str, int]]:
    told = [("new", changes.new), ("changed", changes.changed), ("unchanged", changes.unchanged)]
    if changes.unfinished:
        told.append(("unfinished", changes.unfinished))
    return [*((f"  {name} since they were migrated" if name != "new" else "  new", count) for name, count in told),
            ("  gone from Cratejoy's side, still in the shop", changes.gone)]  # fmt: skip


def _rows(summary: Summary) -> list[tuple[str, int]]:
    return [
        ("staged customers", summary.customers),
        *(_change_rows(summary.changes) if summary.changes else []),
        ("documents to go", summary.to_go),
        *((f"already {status}", count) for status, count in summary.done.items()),
        ("e-mail addresses of several customers", summary.groups),
        ("customers that share one", summary.grouped),
        *((f"orphaned {each.stream}, {each.reason}", each.count) for each in summary.orphans),
    ]


def _ids(orphans: Orphans) -> str:
    more = ", ..." if orphans.count > len(orphans.first_ids) else ""
    return ", ".join(map(str, orphans.first_ids)) + more
