-- Every staged customer, who shares an e-mail address with whom, and the place among the documents.
create unlogged table migration.building_people as
select row_number() over (order by group_first_id, id) as place, id, email_key, group_first_id, group_size
from (
    select id, email_key, min(id) over mates as group_first_id, count(*) over mates as group_size
    from (
        select id, nullif(regexp_replace(lower({email}), '{white_space}', '', 'g'), '') as email_key
        from cratejoy.customers
    ) keyed
    window mates as (partition by email_key, case when email_key is null then id end)
) grouped
