"""The SQL of a rollback: its tables, the plan from what the ledger owns, and how a finished item leaves the ledger."""

from __future__ import annotations

TABLES = """
create table if not exists migration.rollback (
    rollback_id bigint not null references migration.rollbacks (id) on delete cascade,
    kind text not null,
    key text not null,
    owner text,
    action text not null,
    state text not null default 'planned',
    reason text,
    details jsonb not null default '{}',
    documents text[] not null default '{}',
    archived jsonb,
    there boolean,
    orders bigint,
    at timestamptz not null default now(),
    primary key (rollback_id, kind, key)
);
create index if not exists rollback_owner on migration.rollback (rollback_id, owner) where owner is not null;
create index if not exists rollback_state on migration.rollback (rollback_id, kind, state, key);
alter table migration.rollbacks add column if not exists marks text;
alter table migration.rollbacks add column if not exists counts jsonb;
alter table migration.ledger add column if not exists marks text;
"""
"""One row each for what a rollback undoes: `order`, `customer` (made by us), `adopted`, `definition`, and `document`
(a row of the ledger without a customer in the shop). States: `planned`; `done`; `kept`, which
stays in the shop and why; `refused` by Shopify, which the ledger goes on owning."""

CURRENT = """
select id, began_at from migration.rollbacks where shop = %s and ended_at is null order by id desc limit 1
"""
NEW = "insert into migration.rollbacks (shop, marks) values (%s, %s) returning id"
OTHER_MARKS = """
select marks from (
    select marks from migration.ledger where shopify_id is not null
    union all
    select marks from migration.rollbacks where shop = %(shop)s and began_at is not null and ended_at is null
) m where marks <> %(marks)s limit 1
"""
"""What is undone leaves the ledger, so a rollback that has begun keeps them too."""
FORGET_PLANS = "delete from migration.rollbacks where shop = %s and began_at is null"
FORGET_PLAN = "delete from migration.rollbacks where id = %s and began_at is null"
KEEP_COUNTS = "update migration.rollbacks set counts = %s where id = %s"
"""Of a whole plan and of a rollback, now and then and at its end: to count millions of rows anew takes seconds."""
BEGIN = "update migration.rollbacks set began_at = coalesce(began_at, now()) where id = %s"
END = "update migration.rollbacks set ended_at = now(), figures = %s, counts = %s where id = %s"

PLAN = (
    """
    insert into migration.rollback (rollback_id, kind, key, owner, action, archived)
    select %(id)s, 'order', gid, owner, 'delete', to_jsonb(o)
    from migration.shop_objects o where kind = 'order' and gid is not null and shop = %(shop)s
    on conflict do nothing
    """,
    """
    insert into migration.rollback (rollback_id, kind, key, action, archived, details)
    select %(id)s, 'definition', key, 'delete', to_jsonb(o), jsonb_build_object('before', greatest(
        coalesce(values_before, 0), (
            select count(*) from migration.before_images b
            where b.shop = %(shop)s and not image -> 'metafields' @> '[{"key": "sync_state"}]'
                and image -> 'metafields' @> jsonb_build_array(jsonb_build_object('key', split_part(o.key, '.', 2))))))
    from migration.shop_objects o where kind = 'definition' and shop = %(shop)s
    """,
    """
    insert into migration.rollback (rollback_id, kind, key, action, reason, documents, archived, details)
    select %(id)s,
        case when b.shopify_id is null then 'customer' else 'adopted' end,
        coalesce(l.gid, b.shopify_id),
        case when b.shopify_id is not null then 'restore' when l.adopted then 'strip' else 'delete' end,
        case when b.shopify_id is null and l.adopted then 'no before-image' end,
        coalesce(l.documents, '{}'), l.archived,
        jsonb_strip_nulls(jsonb_build_object(
            'unsure', case when l.in_doubt then true end,
            'unled', case when b.shopify_id is null and not l.adopted and not l.created then true end))
    from (
        select shopify_id gid, array_agg(document_key order by document_key) documents, jsonb_agg(to_jsonb(r)) archived,
            coalesce(bool_or(origin = 'adopted'), false) adopted, coalesce(bool_or(origin = 'created'), false) created,
            bool_or(status in ('unknown', 'refused')) in_doubt
        from migration.ledger r where shopify_id is not null group by shopify_id
    ) l
    full join (select shopify_id from migration.before_images where shop = %(shop)s) b on b.shopify_id = l.gid
    """,
    """
    insert into migration.rollback (rollback_id, kind, key, action, documents, archived, details)
    select %(id)s, 'document', document_key, 'forget', array[document_key], to_jsonb(l),
        case when cratejoy_id is not null and (status = 'unknown' or attempts > 0)
            then '{"unsure": true}'::jsonb else '{}'::jsonb end
    from migration.ledger l where shopify_id is null
    """,
)
"""In this order; an order of the ledger's shop only."""

LOST = """
select key from migration.rollback
where rollback_id = %s and kind = 'document' and details ? 'unsure' order by key
"""
FOUND = """
insert into migration.rollback as r (rollback_id, kind, key, action, documents, archived, details)
select d.rollback_id, 'customer', %(gid)s, %(action)s, d.documents, jsonb_build_array(d.archived), '{"unsure": true}'
from migration.rollback d where d.rollback_id = %(id)s and d.kind = 'document' and d.key = %(key)s
on conflict (rollback_id, kind, key) do update set documents = r.documents || excluded.documents,
    archived = r.archived || excluded.archived, details = r.details || excluded.details
"""
FOUND_ADOPTED = """
update migration.rollback r set documents = r.documents || d.documents,
    archived = coalesce(r.archived, '[]') || jsonb_build_array(d.archived), details = r.details || d.details
from migration.rollback d
where d.rollback_id = %(id)s and d.kind = 'document' and d.key = %(key)s
    and r.rollback_id = %(id)s and r.kind = 'adopted' and r.key = %(gid)s
"""
NO_DOCUMENT = "delete from migration.rollback where rollback_id = %(id)s and kind = 'document' and key = %(key)s"
IN_DOUBT = """
select kind, key from migration.rollback
where rollback_id = %s and kind in ('customer', 'adopted') and details ? 'unsure' order by key
"""
ORDER = """
insert into migration.rollback (rollback_id, kind, key, owner, action, archived)
values (%s, 'order', %s, %s, 'delete', %s) on conflict do nothing
"""
SEEN = """
update migration.rollback r set there = t.there, orders = t.orders,
    action = case when t.action <> '' then t.action else r.action end,
    reason = case when t.reason <> '' then t.reason else r.reason end
from unnest(%s::text[], %s::boolean[], %s::bigint[], %s::text[], %s::text[]) t (key, there, orders, action, reason)
where r.rollback_id = %s and r.kind = 'customer' and r.key = t.key
"""
OWN_ORDERS = """
update migration.rollback r set action = 'strip', reason = 'own orders'
where r.rollback_id = %(id)s and r.kind = 'customer' and r.action = 'delete' and r.orders >
    (select count(*) from migration.rollback o
        where o.rollback_id = %(id)s and o.kind = 'order' and o.owner = r.key)
"""
COUNTS = """
select kind, action, state, coalesce(reason, ''), count(*) from migration.rollback
where rollback_id = %s group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""
STAYS = """
select s.name, count(*) from migration.rollback r, jsonb_array_elements_text(r.details -> 'stays') s (name)
where r.rollback_id = %s group by 1 order by 2 desc, 1
"""
LISTED = """
select kind, key, documents, action, state, coalesce(reason, ''), coalesce(details ->> 'stays', '')
from migration.rollback
where rollback_id = %s and (state <> 'done' or reason is not null or details ? 'stays') and kind <> 'document'
order by kind, key
"""
WAITING = """
select kind, key, owner, action, coalesce(reason, ''), documents, details from migration.rollback
where rollback_id = %s and kind = %s and state = %s and key > %s order by key limit %s
"""
UNLED = """
select kind, key, owner, action, coalesce(reason, ''), documents, details from migration.rollback
where rollback_id = %s and kind = 'customer' and details ? 'unled' and there order by key
"""
WAITING_ADOPTED = """
select r.kind, r.key, r.owner, r.action, coalesce(r.reason, ''), r.documents, r.details, b.image, b.writings
from migration.rollback r join migration.before_images b on b.shopify_id = r.key and b.shop = %s
where r.rollback_id = %s and r.kind = 'adopted' and r.state = 'planned' and r.key > %s order by r.key limit %s
"""
SETTLE = """
update migration.rollback r set state = t.state, reason = nullif(t.reason, ''), details = r.details || t.details,
    at = now()
from unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[]) t (key, state, reason, details)
where r.rollback_id = %s and r.kind = %s and r.key = t.key
"""
LEAVE_LEDGER = """
delete from migration.ledger where document_key in (
    select unnest(documents) from migration.rollback
    where rollback_id = %s and kind = %s and key = any(%s))
"""
LEAVE = {
    "adopted": "delete from migration.before_images where shop = %s and shopify_id = any(%s) and %s > 0",
    "order": """
        delete from migration.shop_objects o using migration.rollback r
        where o.shop = %s and o.kind = 'order' and o.key = r.archived ->> 'key'
            and r.kind = 'order' and r.key = any(%s) and r.rollback_id = %s
        """,
    "definition": """
        delete from migration.shop_objects where shop = %s and kind = 'definition' and key = any(%s) and %s > 0
        """,
}
"""What else of a kind goes, of a shop, by keys, in a rollback; orders by their primary key: there may be millions."""
FORGET_DOCUMENTS = """
update migration.rollback set state = 'done', at = now()
where rollback_id = %s and kind = 'document' and state = 'planned'
"""
FORGET_ROWS = """
delete from migration.ledger where document_key in (
    select unnest(documents) from migration.rollback where rollback_id = %s and kind = 'document')
"""

SEEN_TABLES = (
    "drop table if exists pg_temp.seen",
    "create temp table seen (kind text, gid text, orders bigint, number text, ours boolean)",
)
COPY_SEEN = "copy seen (kind, gid, orders, number, ours) from stdin"
INDEX_SEEN = "create index on seen (gid); analyze seen"
SEEN_CUSTOMERS = """
update migration.rollback r set there = s.gid is not null, orders = coalesce(s.orders, 0),
    action = case when s.number <> all(r.documents) then 'leave' else r.action end,
    reason = case when s.number <> all(r.documents) then %(foreign)s else r.reason end
from migration.rollback t left join seen s on s.gid = t.key and s.kind = 'customer'
where t.rollback_id = %(id)s and t.kind = 'customer'
    and r.rollback_id = t.rollback_id and r.kind = t.kind and r.key = t.key
"""
STILL_SEEN = """
select kind, key, owner, action, coalesce(reason, ''), documents, details from migration.rollback r
where rollback_id = %s and kind = %s and state = 'done' and action = 'delete'
    and exists (select from seen s where s.gid = r.key)
order by key
"""
STRANGERS = """
select s.kind, s.gid from seen s
where s.ours and not exists (
    select from migration.rollback r
    where r.rollback_id = %s and r.kind in ('order', 'customer', 'adopted') and r.key = s.gid)
order by 1, 2
"""
SEEN_COUNTS = "select kind, count(*), count(*) filter (where ours) from seen group by kind"
