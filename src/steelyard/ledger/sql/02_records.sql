-- The deduplicated records of the days in `todo`, and of other days those that `reach` names, with
-- the model's family and the session's unit. `who` is the session, or what a record without one
-- says of itself. Numbers that no client can mean are unknown: one of them must not stop the rest.

create or replace temp macro plausible(n, most) as case when n between 0 and most then n end;

create or replace temp macro who(session, email, account_id, account_uuid, install_id) as
  case when session <> '' then session
    when coalesce(nullif(email, ''), nullif(account_id, ''), nullif(account_uuid, ''),
      nullif(install_id, '')) is null then ''
    else concat_ws('|', '', email, account_id, account_uuid, install_id) end;

create or replace temp table units as
with starts as (
  select assistant, session, day from links
  where (assistant, session, day) not in (select (assistant, session, next_day) from links)
)
select l.assistant, l.session, l.next_day as day, max(s.day) as unit
from links l
join starts s on s.assistant = l.assistant and s.session = l.session and s.day <= l.next_day
group by all;

-- Later copies of an event. A transcript read again may have grown: the fullest copy is kept.
create or replace temp table spare as
select row from (
  select rowid as row,
    row_number() over (partition by key order by output_tokens desc nulls last, rowid) as n
  from events
  where day in (select day from span)
    and key in (
      select key from events where day in (select day from span) group by key having count(*) > 1)
)
where n > 1;

create or replace temp table e as
select e.time, e.day, coalesce(u.unit, e.day) as unit, e.witness, e.assistant, e.name, e.session,
  who(e.session, e.email, e.account_id, e.account_uuid, e.install_id) as who,
  e.install_id, e.email, e.account_id, e.account_uuid,
  e.provider, e.app_version, e.terminal, e.repo, e.plan,
  coalesce(m.model, e.model) as model, e.model as model_reported,
  e.query_source, e.effort,
  case when e.speed in ('normal', 'standard') then '' else e.speed end as speed,
  e.agent, e.skill, e.plugin, e.mcp_server,
  e.tool, e.decision, e.source, e.success, e.status, e.error,
  plausible(e.input_tokens, 1e9::bigint) as input_tokens,
  plausible(e.output_tokens, 1e9::bigint) as output_tokens,
  plausible(e.cache_read_tokens, 1e9::bigint) as cache_read_tokens,
  plausible(e.cache_creation_tokens, 1e9::bigint) as cache_creation_tokens,
  plausible(e.cache_creation_1h_tokens, 1e9::bigint) as cache_creation_1h_tokens,
  plausible(e.web_searches, 1e6::bigint) as web_searches,
  plausible(e.cost_nanos, 1e15::bigint) as cost_nanos,
  plausible(e.duration_ms, 1e9) as duration_ms, plausible(e.chars, 1e9::bigint) as chars,
  e.attributes like '%"command_source":"builtin"%' as is_command
from events e
left join units u on u.assistant = e.assistant and u.session = e.session and u.day = e.day
left join models m on m.reported = e.model
where e.day in (select day from span)
  and (e.day in (select day from todo)
    or (e.assistant, e.session, e.day) in (select (assistant, session, day) from reach))
  and e.rowid not in (select row from spare)
  and e.name in ('api_request', 'api_error', 'user_prompt', 'tool_decision', 'tool_result');

-- Points as deltas. A cumulative point adds what its series grew by since the point before, on
-- whatever day that was; a value that shrinks means that the counter began again. Points that add
-- nothing say nothing: an idle client repeats its totals each minute.
create or replace temp table p as
with scoped as (
  select *, row_number() over (partition by key order by rowid) as copy
  from points
  where name in ('tokens', 'cost', 'active_seconds', 'lines', 'commits', 'pull_requests',
    'session_starts', 'edit_decisions')
    and plausible(abs(value), case when name = 'cost' then 1e6 else 1e11 end) is not null
    and (
      (temporality <> 'cumulative' and day in (select day from span))
      or series in (
        select series from points where temporality = 'cumulative' and day in (select day from span))
    )
),
stepped as (
  select *, lag(value) over series_so_far as before, lag(time) over series_so_far as time_before
  from scoped where copy = 1
  window series_so_far as (partition by series order by time, abs(value))
),
grown as (
  select * replace (
    case when temporality = 'cumulative' and abs(value) >= abs(before)
      then value - before else value end as value,
    coalesce(case when temporality = 'cumulative' then time_before end, start, time) as start)
  from stepped
)
select p.time, p.start, p.day, coalesce(u.unit, p.day) as unit,
  p.witness, p.assistant, p.name, p.session,
  who(p.session, p.email, p.account_id, p.account_uuid, p.install_id) as who,
  p.install_id, p.email, p.account_id, p.account_uuid,
  p.provider, p.app_version, p.terminal, p.repo, p.plan,
  coalesce(m.model, p.model) as model, p.model as model_reported,
  p.query_source, p.effort, p.speed, p.agent, p.skill, p.plugin, p.mcp_server,
  p.type, p.tool, p.decision, p.source, p.language, p.value
from grown p
left join units u on u.assistant = p.assistant and u.session = p.session and u.day = p.day
left join models m on m.reported = p.model
where p.temporality <> 'gauge' and p.value <> 0 and p.day in (select day from span)
  and (p.day in (select day from todo)
    or (p.assistant, p.session, p.day) in (select (assistant, session, day) from reach));

-- Begin and end of each session's records.
create or replace temp table spans as
select day, assistant, session, min(began) as first_time, max(ended) as last_time,
  bool_or(witness <> 'transcripts') as by_telemetry, bool_or(witness = 'transcripts') as by_transcript
from (
  select day, assistant, session, witness,
    time - to_microseconds(coalesce(duration_ms, 0)::bigint * 1000) as began, time as ended from e
  union all
  select day, assistant, session, witness, greatest(start, day::timestamp), time from p
)
where session <> ''
group by all;
