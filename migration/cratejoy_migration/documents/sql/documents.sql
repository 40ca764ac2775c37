-- Documents with their hashes, of all whom the scope takes in.
{head}
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
{tail}
