"""Which customers a quick test takes: staged ones, those with subscriptions and orders before others."""

from __future__ import annotations

from cratejoy_migration.documents.staged import Connection, Staged

LOOKED_AT = 40
"""So many rows of each stream are looked at for each customer that is wanted."""
_CHOSEN = """
with {parts}
select c.id from cratejoy.customers c {joins}
where c.id in ({any})
order by {weight} desc, c.id limit %(most)s
"""
_LATEST = """
{name} as (
    select distinct {owner} as id from (select * from cratejoy.{stream} order by id desc limit %(looked)s) t
)"""


def choose(connection: Connection, staged: Staged, most: int) -> tuple[int, ...]:
    """Return the ids of at most so many staged customers, ascending.

    Args:
        connection: To the staging database.
        staged: What is there.
        most: How many are wanted.
    """
    owners = {stream: staged.owner(stream, "t") for stream in ("subscriptions", "orders") if staged.has(stream)}
    parts = [
        _LATEST.format(name=f"of_{stream}", stream=stream, owner=owner)
        for stream, owner in (owners | {"customers": "t.id"}).items()
    ]
    query = _CHOSEN.format(
        parts=", ".join(parts),
        joins=" ".join(f"left join of_{stream} on of_{stream}.id = c.id" for stream in owners),
        any=" union ".join(f"select id from of_{stream}" for stream in (*owners, "customers")),  # noqa: S608
        weight=" + ".join(["0::int", *(f"(of_{stream}.id is not null)::int" for stream in owners)]),
    )
    found = connection.execute(query, {"looked": LOOKED_AT * most, "most": most})
    return tuple(sorted(row[0] for row in found))
