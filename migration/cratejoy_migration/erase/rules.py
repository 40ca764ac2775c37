"""Which rows of a table are a person's own: one rule for every table there is or will be, by its columns."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

DOCUMENT_TABLES = frozenset(
    {"customer_documents", "customer_documents_next", "verify_documents", "verify_pairs", "verdicts_next"}
)
"""Tables of the schema migration whose `id` is a Cratejoy customer's."""
SUPPRESSED = "erased"
"""The table of those who must not come back: nothing but their Cratejoy ids."""
_STAGED = {
    "customer_id": "customer_id = any(%(ids)s)",
    "subscription_id": "subscription_id = any(%(subscriptions)s)",
    "order_id": "order_id = any(%(orders)s)",
}
"""The first of these columns that a staged table has decides; a cart belongs to its customer, not to its order."""
_KEPT = {
    "cratejoy_id": "cratejoy_id = any(%(ids)s)",
    "customer_id": "customer_id = any(%(ids)s)",
    "document_key": "document_key = any(%(keys)s)",
    "leader": "leader = any(%(keys)s)",
    "documents": "documents && %(keys)s",
    "shopify_id": "shopify_id = any(%(gids)s)",
    "gid": "gid = any(%(gids)s)",
    "owner": "owner = any(%(gids)s)",
    "key": "key = any(%(gids)s)",
}
"""Each of these columns that a table of ours has may name the person."""


def own_rows(schema: str, table: str, columns: AbstractSet[str]) -> str | None:
    """Return the SQL of whether a row is the person's; None when no row of the table can be.

    Its values: `ids`, `orders`, `subscriptions` (bigint[]), `keys`, `gids` (text[]).
    """
    if schema == "migration":
        return _of_ours(table, columns)
    if table == "customers":
        return "id = any(%(ids)s)" if "id" in columns else None
    chosen = next((rule for column, rule in _STAGED.items() if column in columns), None)
    if "customer" not in columns:
        return chosen
    embedded = "to_jsonb(customer) ->> 'id' = any(%(keys)s)"
    return f"({chosen} or customer_id is null and {embedded})" if "customer_id" in columns else embedded


def _of_ours(table: str, columns: AbstractSet[str]) -> str | None:
    if table == SUPPRESSED:
        return None
    rules = [rule for column, rule in _KEPT.items() if column in columns]
    if table in DOCUMENT_TABLES and "id" in columns:
        rules.append("id = any(%(ids)s)")
    return f"({' or '.join(rules)})" if rules else None
