-- What the console looks at, of any size, made by number: customers with names, five orders each, a ledger, an audit.
create table cratejoy.customers as
select 7101000017 + n * 7 as id, f.first || ' ' || f.last as name, f.first as first_name, f.last as last_name,
    case when n % 50 = 0 then 'Customer.' || n - 1 else 'customer.' || n end || '@example.com' as email,
    'US' as country, 5::bigint as num_orders, 1::bigint as num_subscriptions, 'active' as subscription_status,
    15996::bigint as total_revenue, null::text as note, 'customer' as type,
    '/v1/customers/' || 7101000017 + n * 7 || '/' as url, null::jsonb as store_settings,
    jsonb_build_array(jsonb_build_object('id', n, 'to', f.first || ' ' || f.last, 'city', 'Portland', 'state', 'OR',
        'street', n || ' Example Street', 'country', 'US', 'zip_code', '97201', 'phone_number', '503-555-0100'))
        as addresses,
    null::jsonb as _extra
from cratejoy.size, generate_series(1, customers) n, lateral (
    select (array['Ada', 'Bob', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gus', 'Hana'])[n % 8 + 1] as first,
        initcap(translate((n * 7919 % customers)::text, '0123456789', 'aeioubdlmn')) as last
) f;
alter table cratejoy.customers add primary key (id);

create table cratejoy.subscriptions as
select 8101000000 + n * 3 as id, 7101000017 + (n * 7919 % customers + 1) * 7 as customer_id, 'active' as status,
    true as autorenew, '2021-01-01Z'::timestamptz + n % 43800 * interval '1 hour' as start_date,
    '2026-11-15Z'::timestamptz as end_date, null::jsonb as customer, null::jsonb as _extra
from cratejoy.size, generate_series(1, customers * 7 / 6) n;
alter table cratejoy.subscriptions add primary key (id);

create table cratejoy.orders as
select 9101000000 + n * 3 as id, 7101000017 + (n * 7907 % customers + 1) * 7 as customer_id,
    '2021-01-01Z'::timestamptz + n % 43800 * interval '1 hour' as placed_at, 'closed' as status,
    'paid' as financial_status, 'fulfilled' as fulfillment_status, false as is_test, 4499::bigint as total,
    null::jsonb as customer, null::jsonb as _extra
from cratejoy.size, generate_series(1, customers * 5) n;
alter table cratejoy.orders add primary key (id);

create schema migration;
create table migration.ledger as
select id::text as document_key, id as cratejoy_id, 'gid://shopify/Customer/' || id as shopify_id, 'created' as origin,
    case when id % 500 = 0 then 'refused' else 'created' end as status, null::text as reason,
    md5(id::text) as document_hash, 'run-1' as run_id, 1 as attempts, now() as created_at, now() as updated_at
from cratejoy.customers;
alter table migration.ledger add primary key (document_key);
analyze;
