-- Pull requests and reviews: one row a repository and number, whatever number of sources. A row
-- that knows its commits goes before one that does not (a file); what it does not say comes from
-- the next. Assistants, issues and commits are united.

create or replace temp table told_requests as
with ranked as (
  select *, row_number() over (
      order by len(commit_shas) = 0, first_commit_at is null, author = '', source, key) as place
  from raw_pull_requests where not gone
)
select lower(repo) || '#' || number as pull_request,
  arg_min(repo, place) as repo,
  coalesce(arg_min(author, place) filter (author <> ''), '') as author,
  coalesce(arg_min(lower(author_email), place) filter (author_email <> ''), '') as author_email,
  arg_min(created_at, place) filter (created_at is not null) as created_at,
  arg_min(ready_at, place) filter (ready_at is not null) as ready_at,
  arg_min(first_commit_at, place) filter (first_commit_at is not null) as first_commit_at,
  arg_min(merged_at, place) filter (merged_at is not null) as merged_at,
  coalesce(arg_min(merge_sha, place) filter (merge_sha <> ''), '') as merge_sha,
  arg_min(additions, place) filter (additions is not null) as additions,
  arg_min(deletions, place) filter (deletions is not null) as deletions,
  arg_min(files, place) filter (files is not null) as files,
  arg_min(human_commits_after_open, place) filter (human_commits_after_open is not null)
    as human_commits,
  list_distinct(flatten(list(commit_shas))) as commit_shas,
  list_distinct(flatten(list(assistants))) as assistants,
  coalesce(arg_min(evidence, place) filter (evidence <> ''), '') as evidence,
  list_distinct(flatten(list(issues))) as issues,
  coalesce(arg_min(lower(reverts), place) filter (reverts <> ''), '') as reverts
from ranked
group by pull_request;

create or replace temp table people_requests as
select r.*, one_of(r.assistants) as assistant, coalesce(r.ready_at, r.created_at) as open_at,
  case when w.bot then '' else w.person end as person
from told_requests r
join whom w on w.reference = r.author and w.email = r.author_email
where not w.bot or one_of(r.assistants) <> '';

-- By another person than the author, no bot, and not yet unsent; told by two sources, once.
create or replace temp table told_reviews as
select distinct r.pull_request, r.repo, r.assistant, r.merged_at, w.person as reviewer, v.state,
  v.submitted_at
from raw_reviews v
join whom w on w.reference = v.reviewer and w.email = ''
join people_requests r on r.pull_request = lower(v.pull_request)
where not v.gone and not w.bot and v.submitted_at is not null
  and (v.reviewer = '' or v.reviewer <> r.author) and (w.person = '' or w.person <> r.person);

delete from work_reviews;
insert into work_reviews
select submitted_at::date, reviewer, assistant, repo,
  case when assistant <> '' then 'yes' else 'no' end, state, pull_request
from told_reviews
order by 1;

delete from work_pull_requests;
insert into work_pull_requests
with reviewed as (
  select pull_request, min(submitted_at) as first_at,
    count(*) filter (state = 'changes_requested') as change_requests
  from told_reviews
  where merged_at is null or submitted_at <= merged_at
  group by pull_request
)
select r.merged_at::date, r.person, r.assistant, r.repo,
  case when r.assistant <> '' then 'yes' else 'no' end, r.evidence, r.pull_request,
  r.additions + r.deletions, r.additions, r.deletions, r.files,
  hours(r.first_commit_at, r.merged_at),
  -- A review before it was ready answers the draft: no time to wait then.
  case when v.first_at < r.open_at then 0 else hours(r.open_at, v.first_at) end,
  hours(v.first_at, r.merged_at),
  v.change_requests + 1,
  coalesce(v.change_requests, 0), r.human_commits,
  coalesce(v.change_requests, 0) + coalesce(r.human_commits, 0)
from people_requests r
left join reviewed v using (pull_request)
where r.merged_at is not null
order by 1;

-- A revert that went through a pull request is that pull request, not its commits as well.
delete from work_reverts;
insert into work_reverts
with requests as (
  select merged_at, person, assistant, repo, reverts, merge_sha, commit_shas
  from people_requests
  where reverts <> '' and merged_at is not null
),
theirs as (
  select merge_sha as sha from requests union select unnest(commit_shas) from requests
)
select merged_at::date as day, person, assistant, repo,
  case when assistant <> '' then 'yes' else 'no' end, reverts
from requests
union all
select committed_at::date, person, assistant, repo,
  case when assistant <> '' then 'yes' else 'no' end, reverts
from people_commits
where reverts <> '' and sha not in (select sha from theirs)
order by 1;
