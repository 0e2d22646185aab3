-- Issues: one row when created, one when resolved. Told by two sources (same name, same day of
-- creation) they count once; a tracker's own row goes before one without an id (a file). An issue
-- is assisted when a commit or pull request that names it is.

create or replace temp table told_issues as
select * from raw_issues
where not gone
qualify row_number() over (
  partition by case when name = '' then source || ' ' || key else upper(name) end, created_at::date
  order by id = '', updated_at desc nulls last, source, key) = 1;

create or replace temp table issue_marks as
with named as (
  select unnest(issues) as issue, assistants from told_commits where assistants <> []
  union all
  select unnest(issues), assistants from told_requests where assistants <> []
)
select upper(issue) as issue, one_of(flatten(list(assistants))) as assistant
from named
group by upper(issue);

delete from work_issues;
insert into work_issues
with marked as (
  select i.*, coalesce(m.assistant, '') as assistant, hours(i.created_at, i.resolved_at) as taken,
    r.person as reported_by, a.person as resolved_by
  from told_issues i
  left join issue_marks m on m.issue = upper(i.name)
  join whom r on r.reference = i.reporter and r.email = ''
  join whom a on a.reference = i.assignee and a.email = ''
),
events as (
  select created_at::date as day, reported_by as person, 'created' as event, '' as said,
    null::double as points, null::double as taken_hours, m.* from marked m
  where created_at is not null
  union all by name
  select resolved_at::date as day, resolved_by as person, 'resolved' as event, resolution as said,
    story_points as points, taken as taken_hours, m.* from marked m
  where resolved_at is not null
)
select day, person, assistant, project, type, priority,
  case when assistant <> '' then 'yes' else 'no' end, event,
  case when name = '' then key else name end, said,
  case when taken_hours is null then '' when taken_hours < 1 then '<1h'
    when taken_hours < 2 then '1-2h' when taken_hours < 4 then '2-4h'
    when taken_hours < 8 then '4-8h' when taken_hours < 16 then '8-16h'
    when taken_hours < 24 then '16-24h' when taken_hours < 48 then '24-48h'
    when taken_hours < 72 then '48-72h' when taken_hours < 120 then '72-120h'
    when taken_hours < 168 then '120-168h' when taken_hours < 336 then '168-336h'
    when taken_hours < 720 then '336-720h' else '>720h' end,
  case when taken_hours is null then '' when taken_hours < 24 then '<1d'
    when taken_hours < 72 then '1-3d' when taken_hours < 168 then '3-7d'
    when taken_hours < 336 then '1-2w' else '>2w' end,
  points, taken_hours
from events
order by 1;
