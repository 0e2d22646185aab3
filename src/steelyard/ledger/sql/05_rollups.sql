-- Roll-ups per session and day, per session, per person and day; recomputed whole. Work without a
-- session counts for its person's day, and is no session.

delete from session_days where day in (select day from todo);
insert into session_days by name
with parts as (
  select day, person, assistant, session, provider, app_version, terminal, repo, plan, witness,
    0 as prompts, 0 as requests, 0 as tool_calls, 0 as api_errors, 0 as person_rejections,
    0 as accepted_edits, 0 as approved_edits, 0 as edit_decisions, 0 as commits,
    0 as pull_requests, 0.0 as active_seconds, tokens, list_nanos, null as context_tokens,
    tokens > 0 as worked
  from usage where day in (select day from todo)
  union all by name
  select * exclude (model, query_source, effort, speed, agent, skill, plugin, mcp_server, status,
    error, ok, time, latency_ms), 1 as requests, (not ok)::int as api_errors, true as worked
  from requests where day in (select day from todo)
  union all by name
  select * exclude (measured_prompts, chars, short_prompts), true as worked
  from prompts where day in (select day from todo)
  union all by name
  select * exclude (tool, mcp_server, success, calls, duration_ms), calls as tool_calls,
    true as worked
  from tool_calls where day in (select day from todo)
  union all by name
  select * exclude (tool, decision, source, language, is_edit, by_person, decisions),
    case when by_person and decision = 'reject' then decisions end as person_rejections,
    case when is_edit and by_person and decision = 'accept' then decisions end as accepted_edits,
    case when is_edit and decision = 'accept' then decisions end as approved_edits,
    case when is_edit then decisions end as edit_decisions, true as worked
  from decisions where day in (select day from todo)
  union all by name
  select * exclude (counter, type, model, tool, amount),
    case when counter = 'commits' then amount end as commits,
    case when counter = 'pull_requests' then amount end as pull_requests,
    case when counter = 'active_seconds' then amount end as active_seconds,
    counter in ('lines', 'commits', 'pull_requests') and amount > 0 as worked
  from counters where day in (select day from todo)
)
select day, person, assistant, max(provider) as provider, session,
  max(app_version) as app_version, max(terminal) as terminal, max(repo) as repo, max(plan) as plan,
  max(witness) as witness, bool_or(worked) as worked,
  coalesce(any_value(s.by_telemetry), bool_or(witness not in ('transcripts', 'vendor')))
    as by_telemetry,
  coalesce(any_value(s.by_transcript), bool_or(witness = 'transcripts')) as by_transcript,
  coalesce(any_value(s.by_transcript), bool_or(witness = 'transcripts')) or (
    (day, person, assistant) in (select (day, person, assistant) from vendor_seen)) as by_other,
  any_value(first_time) as first_time, any_value(last_time) as last_time,
  coalesce(sum(prompts), 0)::bigint as prompts, coalesce(sum(requests), 0)::bigint as requests,
  coalesce(sum(tool_calls), 0)::bigint as tool_calls,
  coalesce(sum(api_errors), 0)::bigint as api_errors,
  coalesce(sum(person_rejections), 0)::bigint as person_rejections,
  coalesce(sum(accepted_edits), 0)::bigint as accepted_edits,
  coalesce(sum(approved_edits), 0)::bigint as approved_edits,
  coalesce(sum(edit_decisions), 0)::bigint as edit_decisions,
  coalesce(sum(commits), 0)::bigint as commits,
  coalesce(sum(pull_requests), 0)::bigint as pull_requests,
  coalesce(sum(active_seconds), 0) as active_seconds,
  coalesce(sum(tokens), 0)::bigint as tokens, sum(list_nanos)::bigint as list_nanos,
  max(context_tokens)::bigint as context_tokens_max
from parts
left join spans s using (day, assistant, session)
where session <> '' or person <> ''
group by day, person, assistant, session;

-- Days of people on which nothing but a vendor's count tells of work.
insert into session_days by name
select v.day, v.person, v.assistant, v.provider, '' as session, '' as app_version, '' as terminal,
  '' as repo, '' as plan, 'vendor' as witness, true as worked, false as by_telemetry,
  false as by_transcript, true as by_other, 0 as prompts, 0 as requests, 0 as tool_calls,
  0 as api_errors, 0 as person_rejections, 0 as accepted_edits, 0 as approved_edits,
  0 as edit_decisions, 0 as commits, 0 as pull_requests, 0 as active_seconds, 0 as tokens
from vendor_alone v
where (day, person, assistant) not in (
  select (day, person, assistant) from session_days where worked and day in (select day from todo));

create or replace temp table touched as
select distinct assistant, session from session_days
where session <> '' and day in (select day from todo)
union
select assistant, session from sessions where day in (select day from todo);

delete from sessions where (assistant, session) in (select (assistant, session) from touched);
insert into sessions by name
select min(day) as day, person, assistant, max(provider) as provider, session,
  max(app_version) as app_version, max(terminal) as terminal, max(repo) as repo, max(plan) as plan,
  max(witness) as witness,
  sum(epoch_us(last_time) - epoch_us(first_time)) / 6e7 as minutes,
  sum(list_nanos)::bigint as list_nanos, sum(tokens)::bigint as tokens,
  max(context_tokens_max)::bigint as context_tokens_max, sum(commits)::bigint as commits,
  case when max(context_tokens_max) is null then ''
    when max(context_tokens_max) < 100000 then '<100k'
    when max(context_tokens_max) <= 500000 then '100k-500k'
    when max(context_tokens_max) <= 1000000 then '500k-1M' else '>1M' end as session_size,
  case when minutes is null then '' when minutes < 5 then '<5m' when minutes <= 30 then '5-30m'
    else '>30m' end as session_duration,
  max(context_tokens_max) > 500000 as is_large,
  (minutes > 30 and sum(commits) = 0 and sum(approved_edits) = 0)
    or sum(person_rejections) > 10 or sum(api_errors) > 3 as is_stuck
from session_days
where worked and (assistant, session) in (select (assistant, session) from touched)
group by person, assistant, session;

create or replace temp table faces as
select distinct person from session_days where day in (select day from todo)
union
select distinct person from person_days where day in (select day from todo);

delete from person_days where day in (select day from todo);
insert into person_days by name
select day, person, assistant, bool_or(by_telemetry) as by_telemetry,
  bool_or(by_transcript) as by_transcript, bool_or(by_other) as by_other,
  count(*) filter (session <> '') as sessions,
  sum(commits)::bigint as commits
from session_days
where worked and person <> '' and day in (select day from todo)
group by day, person, assistant;

-- Since when somebody is known stays when retention has deleted the days themselves.
create or replace temp table known_since as
select person, first_day from people_seen
where first_day < (select coalesce(max(day), '0001-01-01') from kept_since);

delete from people_seen where person in (select person from faces);
insert into people_seen
select person, least(min(day), min(first_day)), max(day)
from person_days left join known_since using (person)
where person in (select person from faces) group by person;
