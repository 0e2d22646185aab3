-- Addresses of telemetry that stand in no entry of any directory.
with told as (
  select lower(trim(email)) as email from raw_people
  union select lower(trim(unnest(emails))) from raw_people
)
select s.person
from people_seen s
left join (select person, sum(list_nanos) as nanos from usage_days group by all) u using (person)
where s.person like '%@%' and s.person not like '%:%' and s.person not in (select email from told)
  and s.person not in (select person from people)
order by nanos desc nulls last, s.person
