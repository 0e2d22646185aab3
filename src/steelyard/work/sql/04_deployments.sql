-- DORA. What a deployment holds goes by the order in which commits landed on the default branch: a
-- commit of a pull request lands when that is merged, any other when it is committed. A deployment
-- holds what had landed when its own commit did. One whose commit is not known to be on the default
-- branch holds nothing known; one that names no commit holds what had landed when it began.

create or replace temp table landed as
with bases as (
  select lower(repo) as repo, mode(base) as base
  from raw_pull_requests where not gone and merged_at is not null and base <> ''
  group by all
),
merged as (
  select unnest(list_append(commit_shas, merge_sha)) as sha, merged_at, lower(r.repo) as repo, base
  from raw_pull_requests r where not gone and merged_at is not null
),
by_request as (
  select m.sha, min(m.merged_at) as merged_at
  from merged m
  left join bases b on b.repo = m.repo
  where m.sha <> '' and (m.base = '' or m.base = b.base)
  group by m.sha
)
select c.sha, lower(c.repo) as repo, coalesce(r.merged_at, c.committed_at) as landed_at
from told_commits c
left join by_request r on r.sha = c.sha
where c.on_default and c.committed_at is not null;

-- Finished production deployments; told by two sources (same commit, same end), once.
create or replace temp table told_deployments as
with ended as (
  select lower(repo) as repo_key, repo, environment, sha, deployer, key, source, unplanned,
    status = 'success' as ok,
    coalesce(created_at, finished_at) as began, coalesce(finished_at, created_at) as ended
  from raw_deployments
  where not gone and is_production and status in ('success', 'failure')
    and coalesce(finished_at, created_at) is not null
),
once as (
  select repo_key, environment, sha, ended, ok, min(repo) as repo, min(began) as began,
    bool_or(unplanned) as unplanned, max(deployer) as deployer, min(key) as key
  from ended
  group by repo_key, environment, sha, ended, ok
)
select row_number() over (order by d.ended, d.repo_key, d.environment, d.key) as id, d.*,
  case when d.sha = '' then d.began else l.landed_at end as head_at,
  min(d.ended) filter (d.ok)
    over (partition by d.repo_key, d.environment, nullif(d.sha, '')) as first_ended
from once d
left join landed l on l.sha = d.sha and l.repo = d.repo_key;

-- From each moment of landing on, the deployment that brought it to production first.
create or replace temp table reach as
with heads as (
  select repo_key, head_at, min(ended) as ended, arg_min(id, ended) as id
  from told_deployments where ok and head_at is not null
  group by repo_key, head_at
)
select repo_key, head_at,
  min(ended) over later as ended, arg_min(id, ended) over later as id,
  min(head_at) over (partition by repo_key) as first_head
from heads
window later as (partition by repo_key order by head_at desc rows unbounded preceding);

-- What a repository's first known deployment held before is not known: only what landed shortly
-- before it counts, else whole histories would look slow.
delete from work_lead_times;
insert into work_lead_times
select d.ended::date, c.person, c.assistant, c.repo,
  case when c.assistant <> '' then 'yes' else 'no' end, c.sha,
  greatest(epoch(d.ended - c.committed_at), 0) / 3600.0
from people_commits c
join landed l on l.sha = c.sha
asof join reach d on l.repo = d.repo_key and l.landed_at <= d.head_at
where l.landed_at > d.first_head - to_days($first_deployment_days::integer)
order by 1;

-- The next success in the same place: it mends a failure, or goes back to an older commit.
create or replace temp table followed as
select d.id, n.ended as next_ended,
  case when d.ok and n.sha <> d.sha and n.sha <> ''
    and (n.first_ended < d.ended or n.head_at < d.head_at) then n.id end as rollback
from told_deployments d
asof join (select * from told_deployments where ok) n
  on d.repo_key = n.repo_key and d.environment = n.environment and d.id < n.id;

-- Something was taken back soon after the deployment that brought it.
create or replace temp table taken_back as
with pairs as (
  select x.repo, x.landed_at as brought_at, r.landed_at as reverted_at
  from told_commits c
  join landed x on x.sha = c.reverts
  join landed r on r.sha = c.sha
  where c.reverts <> ''
  union
  select lower(p.repo), p.merged_at, r.merged_at
  from told_requests r
  join told_requests p on p.pull_request = r.reverts
  where r.reverts <> '' and r.merged_at is not null and p.merged_at is not null
),
brought as (
  select p.repo, p.reverted_at, d.id, d.ended
  from pairs p asof join reach d on p.repo = d.repo_key and p.brought_at <= d.head_at
)
select b.id, min(d.ended) as fixed_at, arg_min(d.id, d.ended) as revert
from brought b asof join reach d on b.repo = d.repo_key and b.reverted_at <= d.head_at
where d.id <> b.id and d.ended > b.ended
  and d.ended <= b.ended + to_hours($failure_hours::integer)
group by b.id;

create or replace temp table told_incidents as
select distinct on (service, lower(repo), created_at, deployment_sha) source, key, service, repo,
  severity, created_at, acknowledged_at, resolved_at, responders, deployment_sha
from raw_incidents
where not gone and created_at is not null
order by service, lower(repo), created_at, deployment_sha, resolved_at nulls last, source, key;

-- An incident is the fault of the deployment that it names, else of the last one of its repository
-- that ended not long before it.
create or replace temp table blamed as
select i.source, i.key, i.created_at, i.resolved_at, d.id, d.repo_key
from told_incidents i
join told_deployments d on d.ok and case
  when i.deployment_sha <> '' then starts_with(d.sha, lower(i.deployment_sha))
    and (i.repo = '' or lower(i.repo) = d.repo_key)
  else lower(i.repo) = d.repo_key and d.ended <= i.created_at
    and d.ended > i.created_at - to_hours($failure_hours::integer) end
qualify row_number() over (partition by i.source, i.key
  order by d.ended > i.created_at, abs(epoch(i.created_at - d.ended)), d.id desc) = 1;

-- The first success that began while an incident of its repository was open mends it.
create or replace temp table fixes as
with places as (
  select i.created_at, i.resolved_at, coalesce(b.repo_key, lower(i.repo)) as repo_key, b.id as fault
  from told_incidents i left join blamed b on b.source = i.source and b.key = i.key
)
select distinct arg_min(d.id, d.ended) over (partition by p.repo_key, p.created_at) as id
from places p
join told_deployments d on d.repo_key = p.repo_key and d.ok
  and d.id is distinct from p.fault and d.ended > p.created_at
  and d.began <= coalesce(p.resolved_at, p.created_at + to_hours($failure_hours::integer));

delete from work_deployments;
insert into work_deployments
with faults as (select id, min(resolved_at) as resolved_at from blamed group by id),
mending as (
  select id from fixes union select rollback from followed where rollback is not null
  union select revert from taken_back
),
judged as (
  select d.*, w.person, w.bot, m.id is not null as mends,
    case when not d.ok then 'status' when f.rollback is not null then 'rollback'
      when t.id is not null then 'revert' when b.id is not null then 'incident' else '' end
      as reason,
    least(
      case when not d.ok or f.rollback is not null then f.next_ended end, t.fixed_at, b.resolved_at
    ) as recovered_at
  from told_deployments d
  join whom w on w.reference = d.deployer and w.email = ''
  left join followed f on f.id = d.id
  left join taken_back t on t.id = d.id
  left join faults b on b.id = d.id
  left join mending m on m.id = d.id
)
select ended::date, case when bot then '' else person end, repo, environment, key, sha, ok,
  reason <> '', reason, case when reason <> '' then hours(ended, recovered_at) end,
  coalesce(unplanned, case when (select count(*) from told_incidents) > 0 then mends end)
from judged
order by 1;

delete from work_incidents;
insert into work_incidents
select i.created_at::date, coalesce(w.person, ''), i.repo, i.service, i.severity, i.key,
  hours(i.created_at, i.acknowledged_at), hours(i.created_at, i.resolved_at)
from told_incidents i
left join whom w on w.reference = i.responders[1] and w.email = ''
order by 1;
