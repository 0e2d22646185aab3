-- Who has work on days on which no directory employs them, from the first such record to the last.
with seen as (
  select person, min(first_day) as first_day, max(last_day) as last_day
  from (
    select person, first_day, last_day from people_seen
    union all select person, day, day from session_days
    union all select person, day, day from vendor_days
    union all select person, day, day from bills
    union all select person, day, day from work_commits
    union all select person, day, day from work_pull_requests
    union all select person, day, day from work_reviews
    union all select person, day, day from work_reverts
    union all select person, day, day from work_deployments
    union all select person, day, day from work_lead_times
    union all select person, day, day from work_issues
    union all select person, day, day from work_worklogs
    union all select person, day, day from work_incidents
    union all select person, day, day from work_ci_runs
    union all select person, day, day from work_surveys
  )
  where person <> ''
  group by person
),
employed as (
  select person, greatest(valid_from, coalesce(start_date, valid_from)) as begun,
    least(valid_to, coalesce(end_date, valid_to)) as ended
  from people
)
select s.person, s.first_day, s.last_day
from seen s left join employed e on e.person = s.person
group by all
having coalesce(sum(greatest(0,
    date_diff('day', greatest(begun, s.first_day), least(ended, s.last_day)) + 1))
    filter (e.person is not null), 0)
  <= date_diff('day', s.first_day, s.last_day)
order by s.person
