"""The tables of the ledger, and every statement on them."""

from __future__ import annotations

TABLE = """
create schema if not exists migration;
create table if not exists migration.ledger (
    document_key text primary key,
    cratejoy_id bigint,
    shopify_id text,
    origin text,
    status text not null,
    reason text,
    document_hash text,
    run_id text,
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table migration.ledger add column if not exists shop text;
alter table migration.ledger add column if not exists leader text;
alter table migration.ledger add column if not exists settings text;
alter table migration.ledger add column if not exists marks text;
create table if not exists migration.before_images (
    shop text not null,
    shopify_id text not null,
    taken_at timestamptz not null default now(),
    run_id text,
    image jsonb not null,
    writings jsonb not null default '[]',
    primary key (shopify_id, shop)
);
create table if not exists migration.shop_objects (
    shop text not null,
    kind text not null,
    key text not null,
    gid text,
    owner text,
    values_before bigint,
    run_id text,
    made_at timestamptz not null default now(),
    primary key (kind, key, shop)
);
create table if not exists migration.rollbacks (
    id bigint generated always as identity primary key,
    shop text not null,
    planned_at timestamptz not null default now(),
    began_at timestamptz,
    ended_at timestamptz,
    figures jsonb not null default '{}'
);
"""
FIND = """
select document_key, shopify_id, origin, status, case when settings = %s then document_hash end
from migration.ledger where document_key = any(%s)
"""
INTEND = """
insert into migration.ledger as l
    (document_key, cratejoy_id, status, document_hash, run_id, attempts, shop, leader, settings, marks) values %s
on conflict (document_key) do update set
    status = 'unknown', document_hash = excluded.document_hash, run_id = excluded.run_id,
    attempts = l.attempts + 1, shop = excluded.shop, leader = excluded.leader, settings = excluded.settings,
    marks = excluded.marks, updated_at = now()
"""
RECORD = """
insert into migration.ledger as l
    (document_key, cratejoy_id, shopify_id, origin, status, reason, document_hash, run_id, attempts, shop, settings,
    marks)
values %s
on conflict (document_key) do update set
    shopify_id = coalesce(excluded.shopify_id, l.shopify_id),
    origin = case when excluded.status in ('created', 'adopted', 'merged') then excluded.origin
                  else coalesce(l.origin, excluded.origin) end,
    status = excluded.status, reason = excluded.reason, document_hash = excluded.document_hash,
    run_id = excluded.run_id, attempts = greatest(l.attempts, 1), shop = excluded.shop,
    settings = excluded.settings, marks = excluded.marks, updated_at = now()
"""
OTHER_MARKS = """
select marks from migration.ledger where marks is not null and marks <> %s and shopify_id is not null limit 1
"""
DEMOTE = """
update migration.ledger set status = 'merged', origin = 'merged', updated_at = now() where document_key = any(%s)
"""
HARVEST = """
with told (leader, gid) as (values %s)
update migration.ledger l set
    shopify_id = told.gid,
    origin = case when l.document_key = l.leader then 'created' else 'merged' end,
    status = case when l.document_key = l.leader then 'created' else 'merged' end,
    updated_at = now()
from told where l.leader = told.leader and l.status = 'unknown' and l.origin is null
"""
KEEP = """
insert into migration.before_images as b (shop, shopify_id, run_id, image, writings) values %s
on conflict (shopify_id, shop) do update set writings = b.writings || excluded.writings
where not b.writings @> excluded.writings
"""
INTEND_OBJECT = "insert into migration.shop_objects (shop, kind, key, run_id) values %s on conflict do nothing"
MADE = """
insert into migration.shop_objects as o (shop, kind, key, gid, owner, values_before, run_id) values %s
on conflict (kind, key, shop) do update set gid = excluded.gid, owner = excluded.owner,
    values_before = coalesce(o.values_before, excluded.values_before)
where (o.gid, o.owner) is distinct from (excluded.gid, excluded.owner)
"""
INTENDED = "select key from migration.shop_objects where gid is null and kind = %s and shop = %s"
ORDERS = """
select key, gid from migration.shop_objects where kind = 'order' and key = any(%s) and shop = %s and gid is not null
"""
UNDER_WAY = """
select began_at from migration.rollbacks where shop = %s and began_at is not null and ended_at is null limit 1
"""
