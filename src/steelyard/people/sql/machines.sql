-- Installs and accounts of which telemetry knows no person, and whose sessions they were seen with.
with nameless as (
  select distinct person from people_seen
  where person not in (select person from people) and person not like '%@%'
),
seen as (
  select distinct session, email, account_id, account_uuid, install_id
  from (
    select session, email, account_id, account_uuid, install_id from events
    union all
    select session, email, account_id, account_uuid, install_id from points
  )
  where 'install:' || left(install_id, 12) in (select person from nameless)
    or account_id in (select person from nameless) or account_uuid in (select person from nameless)
)
select case when n.person like 'install:%' then 'install:' || seen.install_id
    else 'account:' || n.person end as reference,
  n.person, lower(email) as email, count(distinct session) as sessions
from nameless n
join seen on n.person in ('install:' || left(seen.install_id, 12), account_id, account_uuid)
group by all
order by all
