"""Documents of a few customers, made at once of their own rows, without the tables of a whole build; reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cratejoy_migration.documents import kept, statements
from cratejoy_migration.documents.staged import Connection, Staged

_MATES = """
select m.id from cratejoy.customers m where m.id = any(%(ids)s::bigint[])
union select m.id from cratejoy.customers o join cratejoy.customers m on {mine} = {theirs}
where o.id = any(%(ids)s::bigint[])
order by 1
"""
_STAGED = "select id from cratejoy.customers where id = any(%(ids)s::bigint[]) order by 1"


def mates(connection: Connection, staged: Staged, ids: Sequence[int]) -> tuple[int, ...]:
    """Return these customers, as far as they are staged, and all who share an e-mail with one of them."""
    query = _STAGED
    if staged.has("customers", "email"):
        query = _MATES.format(mine=statements.email_key(staged, "m."), theirs=statements.email_key(staged, "o."))
    return tuple(number for (number,) in connection.execute(query, {"ids": list(ids)}))


def documents(connection: Connection, staged: Staged, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the documents of these customers, as a build would make them.

    Args:
        connection: in autocommit; its time zone becomes UTC.
        staged: what there is to make them from.
        ids: with all who share an e-mail with one of them (see `mates`).
    """
    if not ids:
        return []
    connection.execute("select set_config('timezone', 'UTC', false)")
    for statement in kept.functions().values():
        connection.execute(statement.replace("create function", "create or replace function").replace(*_KEPT))
    parts = {"people": statements.people_of(staged, ids)}
    parts |= {stream: statements.rows_of(staged, stream, ids) for stream in statements.related(staged)}
    made = ", ".join(f"building_{name} as (\n{text}\n)" for name, text in parts.items())
    chosen = statements.select(staged, statements.columns_of(staged), "true", "order by p.place")
    query = f"with {made} select row_to_json(d) from (\n{chosen}\n) d"  # noqa: S608  # our own texts and numbers
    query = query.replace(*_KEPT).replace(*_BUILT)
    return [row[0] for row in connection.execute(query)]


_KEPT = ("migration.kept_", "pg_temp.kept_")
_BUILT = ("migration.building_", "building_")
