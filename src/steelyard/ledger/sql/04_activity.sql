-- Model calls, tool calls, prompts, decisions and counters. Where events and transcripts both
-- tell of a session, the one that tells more is taken, per session, unit and kind of record.

create or replace temp table fuller as
with counted as (
  select assistant, session, unit, name, witness, count(*) as records from e group by all
)
select * exclude (records) from counted
qualify row_number() over (
  partition by assistant, session, unit, name order by records desc, witness) = 1;

create or replace temp table x as
select e.*, coalesce(s.person, '') as person
from e
join fuller f using (assistant, session, unit, name, witness)
left join session_people s on s.assistant = e.assistant and s.session = e.who;

delete from requests where day in (select day from todo);
insert into requests by name
select day, person, assistant, provider, session, app_version, terminal, repo, plan, witness,
  model, query_source, effort, speed, agent, skill, plugin, mcp_server, status, error,
  name = 'api_request' as ok, time, duration_ms as latency_ms,
  case when name = 'api_request' then coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0)
    + coalesce(cache_creation_tokens, 0) end as context_tokens
from x where name in ('api_request', 'api_error') and day in (select day from todo);

delete from tool_calls where day in (select day from todo);
insert into tool_calls by name
select day, person, assistant, provider, session, app_version, terminal, repo, plan, witness,
  tool, mcp_server, success, 1 as calls, duration_ms
from x where name = 'tool_result' and decision <> 'reject' and day in (select day from todo);

delete from prompts where day in (select day from todo);
insert into prompts by name
select day, person, assistant, provider, session, app_version, terminal, repo, plan, witness,
  count(*) as prompts, count(chars) as measured_prompts,
  coalesce(sum(chars), 0)::bigint as chars,
  count(*) filter (chars < $short_prompt_chars) as short_prompts
from x where name = 'user_prompt' and not is_command and day in (select day from todo)
group by all;

delete from counters where day in (select day from todo);
insert into counters by name
select p.day, coalesce(s.person, '') as person, p.assistant, p.provider, p.session, p.app_version,
  p.terminal, p.repo, p.plan, p.witness, p.name as counter, p.type, p.model, p.tool,
  sum(p.value) as amount
from p
left join session_people s on s.assistant = p.assistant and s.session = p.who
where p.name in ('active_seconds', 'lines', 'commits', 'pull_requests', 'session_starts')
  and not (p.name = 'session_starts' and p.type = 'agents_view')
  and p.day in (select day from todo)
group by all;

-- Decisions on edits are told by metrics (with the language) and by events; the larger counts.
-- Metrics without a session give way like those of tokens.
create or replace temp table judged as
select day, unit, person, assistant, provider, session, app_version, terminal, repo, plan, witness,
  tool, decision, source, '' as language, count(*) as decisions
from x where decision <> '' and name in ('tool_decision', 'tool_result')
  and (name = 'tool_decision' or assistant = 'gemini-cli')
group by all
union all
select p.day, p.unit, coalesce(s.person, ''), p.assistant, p.provider, p.session, p.app_version,
  p.terminal, p.repo, p.plan, p.witness, p.tool, p.decision, p.source, p.language, sum(p.value)::bigint
from p
left join session_people s on s.assistant = p.assistant and s.session = p.who
where p.name = 'edit_decisions'
group by all;

delete from judged
where session = '' and witness = 'metrics'
  and exists (
    select 1 from covered c
    where c.assistant = judged.assistant and c.day = judged.day
      and (c.person = judged.person or c.person = '' or judged.person = ''));

create or replace temp table best as
with counted as (
  select assistant, session, unit, tool, decision, source, witness, sum(decisions) as decisions
  from judged group by all
)
select * exclude (decisions) from counted
qualify row_number() over (
  partition by assistant, session, unit, tool, decision, source
  order by decisions desc, witness = 'metrics' desc, witness) = 1;

delete from decisions where day in (select day from todo);
insert into decisions by name
select j.* exclude (unit),
  j.tool in ('Edit', 'Write', 'NotebookEdit', 'MultiEdit', 'apply_patch', 'replace', 'write_file')
    as is_edit,
  j.source like 'user%' as by_person
from judged j
join best using (assistant, session, unit, tool, decision, source, witness)
where j.decisions <> 0 and j.day in (select day from todo);
