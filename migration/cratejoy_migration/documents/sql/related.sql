-- The records of one stream, of each customer that has any. The fence keeps PostgreSQL from sorting whole rows.
{head}
select p.place, jsonb_agg(r.record order by {order}) as records
from (
    select t.id, {owner} as owner, {moment} as moment, {record} as record
    from cratejoy.{stream} t {only}
    offset 0
) r
join migration.building_people p on p.id = r.owner
group by p.place
