-- Builds: every attempt that ended in success or failure; told by two sources, once.

delete from work_ci_runs;
insert into work_ci_runs
with told as (
  select distinct on (lower(repo), sha, workflow, attempt, started_at, finished_at) *
  from raw_ci_runs
  where not gone and status in ('success', 'failure')
    and coalesce(finished_at, started_at) is not null
  order by lower(repo), sha, workflow, attempt, started_at, finished_at, source, key
)
select coalesce(r.finished_at, r.started_at)::date, case when w.bot then '' else w.person end,
  r.repo, r.workflow, r.branch, r.status = 'success', hours(r.started_at, r.finished_at) * 60
from told r
join whom w on w.reference = r.actor and w.email = ''
order by 1;
