-- What sources told, one table a kind of record (steelyard/model.py): the latest row of each key, or,
-- of people and memberships, one row a change. Rows that a source no longer has are `gone`.
-- Which kinds changed since the facts were built stands in dirty_work.

create table raw_people (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  seen_day date not null,
  email varchar not null, emails varchar[] not null, name varchar not null,
  team varchar not null, department varchar not null, role varchar not null,
  level varchar not null, manager varchar not null, rollup varchar not null,
  office varchar not null, city varchar not null, country varchar not null,
  company varchar not null, employee_id varchar not null, employee_type varchar not null,
  account_ids varchar[] not null, install_ids varchar[] not null, start_date date, end_date date,
  active boolean not null, valid_from date, valid_to date
);
create table raw_memberships (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  seen_day date not null,
  team varchar not null, member varchar not null, role varchar not null, valid_from date,
  valid_to date
);
create table raw_accounts (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  account varchar not null, email varchar not null, name varchar not null, bot boolean not null
);
create table raw_commits (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, sha varchar not null, author varchar not null,
  author_email varchar not null, author_name varchar not null, authored_at timestamp,
  committed_at timestamp, is_merge boolean not null, on_default boolean not null,
  additions bigint, deletions bigint, files bigint, assistants varchar[] not null,
  evidence varchar not null, ai_lines bigint, issues varchar[] not null, reverts varchar not null
);
create table raw_rework (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, sha varchar not null, added bigint not null, rewritten bigint not null,
  complete boolean not null
);
create table raw_pull_requests (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, number bigint not null, author varchar not null,
  author_email varchar not null, state varchar not null, draft boolean not null,
  created_at timestamp, ready_at timestamp, first_commit_at timestamp, merged_at timestamp,
  closed_at timestamp, updated_at timestamp, merged_by varchar not null, base varchar not null,
  merge_sha varchar not null, head_sha varchar not null, additions bigint, deletions bigint,
  files bigint, commits bigint, human_commits_after_open bigint, commit_shas varchar[] not null,
  labels varchar[] not null, assistants varchar[] not null, evidence varchar not null,
  issues varchar[] not null, reverts varchar not null
);
create table raw_changed_files (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, pull_request varchar not null, path varchar not null,
  status varchar not null, additions bigint, deletions bigint
);
create table raw_reviews (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, pull_request varchar not null, reviewer varchar not null,
  state varchar not null, submitted_at timestamp
);
create table raw_deployments (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, environment varchar not null, is_production boolean not null,
  sha varchar not null, ref varchar not null, status varchar not null, created_at timestamp,
  finished_at timestamp, deployer varchar not null, unplanned boolean
);
create table raw_ci_runs (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  repo varchar not null, sha varchar not null, branch varchar not null,
  workflow varchar not null, event varchar not null, attempt bigint, status varchar not null,
  started_at timestamp, finished_at timestamp, actor varchar not null
);
create table raw_incidents (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  service varchar not null, repo varchar not null, severity varchar not null,
  status varchar not null, created_at timestamp, acknowledged_at timestamp,
  resolved_at timestamp, responders varchar[] not null, deployment_sha varchar not null
);
create table raw_issues (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  id varchar not null, name varchar not null, project varchar not null, type varchar not null,
  priority varchar not null, status varchar not null, status_category varchar not null,
  resolution varchar not null, reporter varchar not null, assignee varchar not null,
  created_at timestamp, started_at timestamp, resolved_at timestamp, updated_at timestamp,
  story_points double, estimate_seconds bigint, parent varchar not null, team varchar not null,
  labels varchar[] not null
);
create table raw_transitions (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  issue varchar not null, from_status varchar not null, to_status varchar not null,
  happened_at timestamp, actor varchar not null
);
create table raw_worklogs (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  issue varchar not null, worker varchar not null, day date not null, seconds bigint not null,
  billable_seconds bigint
);
create table raw_usage_days (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  day date not null, assistant varchar not null, provider varchar not null,
  actor varchar not null, api_key varchar not null, workspace varchar not null,
  model varchar not null, customer_type varchar not null, terminal varchar not null,
  remote boolean, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint,
  cache_creation_tokens bigint, cache_creation_1h_tokens bigint, web_searches bigint,
  list_nanos bigint, sessions bigint, lines_added bigint, lines_removed bigint, commits bigint,
  pull_requests bigint, accepted bigint, rejected bigint, messages bigint
);
create table raw_billing_lines (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  first_day date not null, last_day date not null, amount_nanos bigint not null,
  currency varchar not null, list_nanos bigint, cost_type varchar not null,
  assistant varchar not null, provider varchar not null, model varchar not null,
  token_type varchar not null, workspace varchar not null, actor varchar not null,
  description varchar not null, final boolean not null
);
create table raw_survey_answers (
  source varchar not null, key varchar not null, seen_at timestamp not null, gone boolean not null,
  survey varchar not null, question varchar not null, day date not null,
  respondent varchar not null, score double not null, scale_max double
);
create table dirty_work (kind varchar not null);
-- The settings that people were built with.
create table people_built (settings varchar not null);

-- People that were imported before there were sources: a directory called csv.
insert into raw_people by name
select p.* exclude (person), 'csv' as source, p.person as key, now()::timestamp as seen_at,
  false as gone, now()::date as seen_day, []::varchar[] as emails, '' as city, '' as company,
  '' as employee_id, '' as employee_type, true as active,
  coalesce((select list(value order by value) from identities i
    where i.person = p.person and i.kind = 'account'), []) as account_ids,
  coalesce((select list(value order by value) from identities i
    where i.person = p.person and i.kind = 'install'), []) as install_ids
from people p;
insert into dirty_work select 'people' where exists (select 1 from people);
