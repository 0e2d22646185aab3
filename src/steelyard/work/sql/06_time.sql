-- Time logged. A tracker and its time-keeping app tell of the same hours under different keys: per
-- issue, person and day the source with more of them counts, for each can miss hours, not invent
-- them.

create or replace temp table issue_names as
select ref, arg_min(place, (id = '', source, key)) as issue from (
  select unnest([key, id, upper(name)]) as ref, id, source, key,
    {'name': case when name = '' then key else name end, 'project': project, 'type': type,
     'priority': priority} as place
  from raw_issues where not gone
)
where ref <> ''
group by ref;

delete from work_worklogs;
insert into work_worklogs
with logged as (
  select l.source, l.day, w.person,
    coalesce(i.issue, {'name': l.issue, 'project': '', 'type': '', 'priority': ''}) as issue,
    sum(l.seconds)::bigint as seconds, sum(l.billable_seconds)::bigint as billable_seconds
  from raw_worklogs l
  join whom w on w.reference = l.worker and w.email = ''
  left join issue_names i on i.ref = case
    when regexp_matches(l.issue, '^[A-Za-z]') then upper(l.issue) else l.issue end
  where not l.gone and l.seconds > 0
  group by all
)
select day, person, issue.project, issue.type, issue.priority, issue.name, seconds,
  billable_seconds
from logged
qualify row_number() over (
  partition by issue.name, person, day order by seconds desc, source) = 1
order by 1;
