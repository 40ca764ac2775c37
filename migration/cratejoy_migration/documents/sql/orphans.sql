-- Rows of one stream that belong to no staged customer.
insert into migration.orphans (stream, id, customer_id, reason)
select '{stream}', t.id, t.owner,
    case when t.owner is null then 'no customer named' else 'customer missing' end
from (select t.id, {owner} as owner from cratejoy.{stream} t offset 0) t
left join migration.building_people p on p.id = t.owner
where p.id is null
