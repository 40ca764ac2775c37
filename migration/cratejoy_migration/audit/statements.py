"""The SQL of the audit's tables; braces are filled with names and conditions of ours, values are parameters."""

from __future__ import annotations

TABLES = """
create schema if not exists migration;
create table if not exists migration.audit (
    stream text primary key,
    api_count bigint,
    staged_count bigint not null,
    missing bigint,
    extra bigint not null,
    checked_at timestamptz not null,
    details jsonb not null default '{}'
);
create table if not exists migration.audit_pages (
    stream text not null,
    query smallint not null default 0,
    page bigint not null,
    page_size integer not null,
    rows integer not null,
    first_id bigint,
    last_id bigint,
    missing bigint[] not null,
    checked_at timestamptz not null default now(),
    run_id text not null,
    primary key (stream, query, page)
);
create table if not exists migration.audit_walks (
    stream text not null,
    query smallint not null,
    run_id text not null,
    asked_size integer not null,
    page_size integer not null,
    base smallint,
    count bigint,
    index bigint not null,
    ended_at timestamptz,
    primary key (stream, query)
);
create table if not exists migration.audit_seen (
    stream text not null,
    query smallint not null,
    pass smallint not null,
    index bigint not null,
    ids bigint[] not null,
    unwanted bigint[] not null,
    primary key (stream, query, pass, index)
);
"""
SAVE = """
insert into migration.audit (stream, api_count, staged_count, missing, extra, checked_at, details)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (stream) do update set api_count = excluded.api_count, staged_count = excluded.staged_count,
    missing = excluded.missing, extra = excluded.extra, checked_at = excluded.checked_at, details = excluded.details
"""
LINES = "select stream, api_count, staged_count, missing, extra, checked_at, details from migration.audit"
PAGE = """
insert into migration.audit_pages (stream, query, page, page_size, rows, first_id, last_id, missing, run_id)
values (%(stream)s, %(query)s, %(page)s, %(page_size)s, cardinality(%(ids)s::bigint[]), %(first_id)s, %(last_id)s,
    {missing}, %(run_id)s)
on conflict (stream, query, page) do update set page_size = excluded.page_size, rows = excluded.rows,
    first_id = excluded.first_id, last_id = excluded.last_id, checked_at = now(), run_id = excluded.run_id,
    missing = case when %(pass_number)s = 1 then excluded.missing else array(
        select distinct id from unnest(audit_pages.missing || excluded.missing) both_times (id) order by id) end
"""
ABSENT = """
coalesce((
    select array_agg(distinct wanted.id order by wanted.id) from unnest(%(ids)s::bigint[]) wanted (id)
    where not exists (select from cratejoy.{stream} t where t.id = wanted.id)
), '{{}}')
"""
ALL_ABSENT = (
    "coalesce((select array_agg(distinct wanted.id order by wanted.id)"
    " from unnest(%(ids)s::bigint[]) wanted (id)), '{}')"
)
SEEN = """
insert into migration.audit_seen (stream, query, pass, index, ids, unwanted) values (%s, %s, %s, %s, %s, %s)
on conflict (stream, query, pass, index) do update set
    ids = case when excluded.pass = 1 then excluded.ids else audit_seen.ids || excluded.ids end,
    unwanted = case when excluded.pass = 1 then excluded.unwanted else audit_seen.unwanted || excluded.unwanted end
"""
WALK = """
insert into migration.audit_walks (stream, query, run_id, asked_size, page_size, base, count, index)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (stream, query) do update set run_id = excluded.run_id, asked_size = excluded.asked_size,
    page_size = excluded.page_size, base = excluded.base, count = excluded.count, index = excluded.index,
    ended_at = null
"""
PLACE = """
select w.index, s.ids || s.unwanted, w.page_size, w.base, w.count
from migration.audit_walks w
join migration.audit_seen s on s.stream = w.stream and s.query = w.query and s.pass = 1 and s.index = w.index
where w.stream = %s and w.query = %s and w.asked_size = %s and w.ended_at is null
"""
SETTLE = """
with met as materialized (
    select distinct on (m.id) m.id, q.query, q.page
    from migration.audit_pages q, unnest(q.missing) m (id)
    where q.stream = %(stream)s
    order by m.id, q.checked_at desc, q.page
), still as materialized (
    select met.query, met.page, array_agg(met.id order by met.id) as ids from met
    where not met.id = any(%(gone)s::bigint[]) {absent}
    group by met.query, met.page
)
update migration.audit_pages p set missing = coalesce(still.ids, '{{}}')
from migration.audit_pages q left join still on still.query = q.query and still.page = q.page
where p.stream = %(stream)s and cardinality(p.missing) > 0
    and q.stream = p.stream and q.query = p.query and q.page = p.page
    and p.missing is distinct from coalesce(still.ids, '{{}}')
"""
STILL_ABSENT = "and not exists (select from cratejoy.{stream} t where t.id = met.id)"
EXTRA = """
select t.id from cratejoy.{stream} t
where {condition} and not exists (
    select from (
        select unnest(ids) as id from migration.audit_seen where stream = %s
        union all select unnest(unwanted) from migration.audit_seen where stream = %s
    ) seen where seen.id = t.id)
order by t.id
"""
STOPPED_LATER = """
select count(*) > 0 and bool_and(w.ended_at is not null and w.run_id <> %(run_id)s and (
    select r.state <> 'done' from migration.runs r
    where r.run_id = w.run_id and r.command in ('audit', 'backfill') order by r.started_at desc limit 1))
from migration.audit_walks w where w.stream = %(stream)s
"""
HOLES = """
select query, page, page_size, rows, first_id, last_id, missing from migration.audit_pages
where stream = %s and cardinality(missing) > 0 order by query, page limit %s
"""
HOLEY_PAGES = "select count(*) from migration.audit_pages where stream = %s and cardinality(missing) > 0"
