-- Commits: one row a SHA, whatever number of sources (and forks) tell of it. Of several rows the
-- one with notes goes first, then one with line counts, then one whose host knows the author; what
-- it does not say comes from the next. Assistants and issues are united. The repository's name is
-- the host's, where there is a host.

create or replace temp table told_commits as
with sources as (
  select source, row_number() over (order by source) as number
  from (select distinct source from raw_commits)
),
ranked as (
  select c.*,
    s.number + 1000 * (
      (author = '')::int + 2 * (additions is null)::int + 4 * (ai_lines is null)::int) as place,
    s.number + 1000 * (2 * (author = '')::int + (not on_default)::int) as host_place
  from raw_commits c join sources s using (source)
  where not gone
)
select sha,
  arg_min(repo, host_place) as repo,
  coalesce(arg_min(author, place) filter (author <> ''), '') as author,
  coalesce(arg_min(lower(author_email), place) filter (author_email <> ''), '') as author_email,
  coalesce(arg_min(committed_at, place) filter (committed_at is not null),
    arg_min(authored_at, place) filter (authored_at is not null)) as committed_at,
  bool_or(is_merge) as is_merge,
  bool_or(on_default) as on_default,
  arg_min(additions, place) filter (additions is not null) as additions,
  arg_min(deletions, place) filter (deletions is not null) as deletions,
  arg_min(files, place) filter (files is not null) as files,
  arg_min(ai_lines, place) filter (ai_lines is not null) as ai_lines,
  list_distinct(flatten(list(assistants))) as assistants,
  coalesce(arg_min(evidence, place) filter (evidence <> ''), '') as evidence,
  list_distinct(flatten(list(issues))) as issues,
  coalesce(arg_min(reverts, place) filter (reverts <> ''), '') as reverts
from ranked
group by sha;

-- Only whole verdicts: before the 21 days are over nobody knows.
create or replace temp table told_rework as
select sha, max(added) as added, max(rewritten) as rewritten
from raw_rework where not gone and complete
group by sha;

create or replace temp table people_commits as
select c.*, one_of(c.assistants) as assistant,
  case when w.bot then '' else w.person end as person
from told_commits c
join whom w on w.reference = c.author and w.email = c.author_email
where c.on_default and not c.is_merge and c.committed_at is not null
  and (not w.bot or one_of(c.assistants) <> '');

delete from work_commits;
insert into work_commits
select c.committed_at::date, c.person, c.assistant, c.repo,
  case when c.assistant <> '' then 'yes' else 'no' end,
  c.evidence, c.sha, c.additions, c.deletions, c.files, c.ai_lines, r.added, r.rewritten
from people_commits c
left join told_rework r on r.sha = c.sha
order by 1;
