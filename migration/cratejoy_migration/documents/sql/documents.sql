-- What still has to go, in the order in which it goes: the first of an e-mail address before the others.
create {kind}table migration.customer_documents_next as
select {columns}, r.addresses, r.subscriptions, r.orders,
    p.email_key, p.group_first_id, p.group_size, h.document_hash
from migration.building_people p
join cratejoy.customers c on c.id = p.id
{joins}
cross join lateral (
    select {addresses} as addresses, {subscriptions} as subscriptions, {orders} as orders
    offset 0
) r
cross join lateral (
    select encode(sha256(convert_to(concat_ws(E'\n',
        jsonb_strip_nulls(to_jsonb(c) - array[{not_hashed}]),
        coalesce(r.addresses, 'null'), coalesce(r.subscriptions, 'null'), coalesce(r.orders, 'null')
    ), 'UTF8')), 'hex') as document_hash
    offset 0
) h
where {scope}
order by p.place
