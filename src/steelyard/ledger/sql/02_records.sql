-- The deduplicated records of the days in `todo`, with the model's family and the session's unit.

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
  where day in (select day from todo)
    and key in (
      select key from events where day in (select day from todo) group by key having count(*) > 1)
)
where n > 1;

create or replace temp table e as
select e.time, e.day, coalesce(u.unit, e.day) as unit, e.witness, e.assistant, e.name, e.session,
  e.install_id, e.email, e.account_id, e.account_uuid,
  e.provider, e.app_version, e.terminal, e.repo, e.plan,
  coalesce(m.model, e.model) as model, e.model as model_reported,
  e.query_source, e.effort, e.speed, e.agent, e.skill, e.plugin, e.mcp_server,
  e.tool, e.decision, e.source, e.success, e.status, e.error,
  e.input_tokens, e.output_tokens, e.cache_read_tokens, e.cache_creation_tokens,
  e.cache_creation_1h_tokens, e.web_searches, e.cost_nanos, e.duration_ms, e.chars,
  e.attributes like '%"command_source":"builtin"%' as is_command
from events e
left join units u on u.assistant = e.assistant and u.session = e.session and u.day = e.day
left join models m on m.reported = e.model
where e.day in (select day from todo) and e.rowid not in (select row from spare)
  and e.name in ('api_request', 'api_error', 'user_prompt', 'tool_decision', 'tool_result');

-- Points as deltas. A cumulative point adds what its series grew by since the point before, on
-- whatever day that was; a value that shrinks means that the counter began again.
create or replace temp table p as
with scoped as (
  select *, row_number() over (partition by key order by rowid) as copy
  from points
  where name in ('tokens', 'cost', 'active_seconds', 'lines', 'commits', 'pull_requests',
    'session_starts', 'edit_decisions')
    and (
      (temporality <> 'cumulative' and day in (select day from todo))
      or series in (
        select series from points where temporality = 'cumulative' and day in (select day from todo))
    )
),
stepped as (
  select *, lag(value) over (partition by series order by time, abs(value)) as before
  from scoped where copy = 1
)
select p.time, coalesce(p.start, p.time) as start, p.day, coalesce(u.unit, p.day) as unit,
  p.witness, p.assistant, p.name, p.session, p.install_id, p.email, p.account_id, p.account_uuid,
  p.provider, p.app_version, p.terminal, p.repo, p.plan,
  coalesce(m.model, p.model) as model, p.model as model_reported,
  p.query_source, p.effort, p.speed, p.agent, p.skill, p.plugin, p.mcp_server,
  p.type, p.tool, p.decision, p.source, p.language,
  case when p.temporality = 'cumulative' and before is not null and abs(value) >= abs(before)
    then value - before else value end as value
from stepped p
left join units u on u.assistant = p.assistant and u.session = p.session and u.day = p.day
left join models m on m.reported = p.model
where p.day in (select day from todo) and p.temporality <> 'gauge' and p.value is not null;
