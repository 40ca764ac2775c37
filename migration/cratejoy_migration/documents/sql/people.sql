-- Every staged customer, who shares an e-mail address with whom, and the place among the documents.
{head}
select row_number() over (order by group_first_id, id) as place, id, email_key, group_first_id, group_size
from (
    select id, email_key, min(id) over mates as group_first_id, count(*) over mates as group_size
    from (
        select id, {email_key} as email_key
        from cratejoy.customers {only}
    ) keyed
    window mates as (partition by email_key, case when email_key is null then id end)
) grouped
