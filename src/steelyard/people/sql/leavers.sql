-- Of whom the directories' last word is that they left before a day. Where they say that somebody
-- is gone but not since when (1970-01-01), the day counts on which that was first read. Who
-- begins later, or has work since, has not left.

with latest as (
  select person, lower(email) as email, start_date, end_date from people
  qualify row_number() over (partition by person order by valid_from desc) = 1
),
told as (
  select lower(email) as email, key, max(seen_day) as day from raw_people group by all
),
gone as (
  select l.person, max(l.start_date) as start_date,
    case when max(l.end_date) > '1970-01-01' then max(l.end_date) else max(t.day) end as left_on
  from latest l
  left join told t on t.key = l.person or (t.email <> '' and t.email in (l.email, lower(l.person)))
  where l.end_date is not null
  group by l.person
)
select g.person from gone g
left join people_seen s using (person)
where g.left_on is not null and greatest(g.left_on, g.start_date, s.last_day) < ?
order by g.left_on, g.person
