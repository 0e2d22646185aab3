-- Tokens and cost as each witness tells them, in `w`; then, per session, unit, model and token
-- type, the witness that saw most. Reported cost travels as token_type 'cost' in nano-dollars.

create or replace temp table calls as
select e.day, e.unit, coalesce(s.person, '') as person, e.assistant, e.provider, e.session,
  e.app_version, e.terminal, e.repo, e.plan, e.witness, e.model, e.model_reported, e.query_source,
  e.effort, e.speed, e.agent, e.skill, e.plugin, e.mcp_server,
  (select max(min_context) from (select distinct min_context from prices) t
   where t.min_context <= e.context) as tier,
  sum(e.input_tokens)::bigint as input,
  sum(e.output_tokens)::bigint as output,
  sum(e.cache_read_tokens)::bigint as cache_read,
  sum(e.cache_creation_tokens - coalesce(e.cache_creation_1h_tokens, 0))::bigint as creation_5m,
  sum(e.cache_creation_1h_tokens)::bigint as creation_1h,
  sum(e.web_searches)::bigint as web_searches,
  sum(e.cost_nanos)::bigint as cost
from (
  select *, coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0)
    + coalesce(cache_creation_tokens, 0) as context
  from e where name = 'api_request'
) e
left join session_people s on s.assistant = e.assistant and s.session = e.who
group by all;

create or replace temp table w as
select c.* exclude (input, output, cache_read, creation_5m, creation_1h, web_searches, cost),
  k.token_type, k.cache_ttl,
  case k.token_type || k.cache_ttl
    when 'input' then input when 'output' then output when 'cacheRead' then cache_read
    when 'cacheCreation5m' then creation_5m when 'cacheCreation1h' then creation_1h
    when 'webSearch' then web_searches else cost end as tokens
from calls c, (values ('input', ''), ('output', ''), ('cacheRead', ''), ('cacheCreation', '5m'),
  ('cacheCreation', '1h'), ('webSearch', ''), ('cost', '')) k(token_type, cache_ttl)
where tokens <> 0
union all
select p.day, p.unit, coalesce(s.person, '') as person, p.assistant, p.provider, p.session,
  p.app_version, p.terminal, p.repo, p.plan, p.witness, p.model, p.model_reported, p.query_source,
  p.effort, p.speed, p.agent, p.skill, p.plugin, p.mcp_server, 0 as tier,
  case when p.name = 'cost' then 'cost' else p.type end as token_type,
  case when p.type = 'cacheCreation' then '5m' else '' end as cache_ttl,
  sum(case when p.name = 'cost' then round(p.value * 1e9) else p.value end)::bigint as tokens
from p
left join session_people s on s.assistant = p.assistant and s.session = p.who
where p.name in ('tokens', 'cost')
group by all
having tokens <> 0;

-- Metrics without a session (Codex) cannot be laid beside sessions. They count for people and days
-- without any other witness of that assistant; else they are left out: a floor.
delete from w
where session = '' and witness = 'metrics'
  and exists (
    select 1 from covered c
    where c.assistant = w.assistant and c.day = w.day
      and (c.person = w.person or c.person = '' or w.person = ''));

create or replace temp table told as
select assistant, person, session, unit, model, token_type, witness,
  sum(tokens)::bigint as tokens,
  sum(case when cache_ttl = '1h' then tokens else 0 end)::bigint as hour_tokens
from w group by all;

-- Where each witness names a model that the other does not (asked for one, answered by another),
-- models cannot be compared one by one: the session goes whole to the witness that saw most.
create or replace temp table disputed as
with named as (
  select assistant, person, session, unit, witness, count(distinct model) as models
  from told group by all
),
together as (
  select assistant, person, session, unit, count(distinct model) as models from told group by all
)
select n.assistant, n.person, n.session, n.unit, true as is_disputed
from named n
join together t using (assistant, person, session, unit)
group by all
having max(n.models) < max(t.models);

create or replace temp table winners as
with scoped as (
  select t.assistant, t.person, t.session, t.unit, t.token_type, t.witness,
    case when d.is_disputed then '*' else t.model end as scope,
    sum(t.tokens) as tokens, sum(t.hour_tokens) as hour_tokens
  from told t
  left join disputed d using (assistant, person, session, unit)
  group by all
)
select assistant, person, session, unit, token_type, scope, witness
from scoped
qualify row_number() over (
  partition by assistant, person, session, unit, token_type, scope
  order by tokens desc, hour_tokens desc,
    case witness when 'events' then 1 when 'transcripts' then 2 else 3 end) = 1;

-- One price for each combination that occurs.
create or replace temp table rates as
with asked as (
  select distinct model, token_type, cache_ttl, speed, day, tier from w where token_type <> 'cost'
  union
  select distinct model, 'input', '', speed, day, tier from w
  where token_type in ('cacheRead', 'cacheCreation')
)
select a.*, p.nanos_per_token
from asked a
left join prices p
  on (p.model = a.model or p.model = '*') and p.token_type = a.token_type
  and p.cache_ttl = a.cache_ttl and (p.speed = a.speed or a.token_type = 'webSearch')
  and a.day >= p.valid_from and a.day < p.valid_to and p.min_context <= a.tier
qualify row_number() over (
  partition by a.model, a.token_type, a.cache_ttl, a.speed, a.day, a.tier
  order by p.model = '*', p.min_context desc nulls last) = 1;

create or replace temp table taken as
select w.* from w
join winners v
  on v.assistant = w.assistant and v.person = w.person and v.session = w.session
  and v.unit = w.unit and v.token_type = w.token_type and v.witness = w.witness
  and (v.scope = w.model or v.scope = '*');

delete from usage where day in (select day from todo);
insert into usage by name
select t.day, t.person, t.assistant, t.provider, t.session, t.app_version, t.terminal, t.repo,
  t.plan, t.witness, t.model, t.model_reported, t.query_source, t.effort, t.speed, t.agent,
  t.skill, t.plugin, t.mcp_server, t.token_type, t.cache_ttl,
  sum(case when t.token_type = 'webSearch' then 0 else t.tokens end)::bigint as tokens,
  sum(round(t.tokens * r.nanos_per_token))::bigint as list_nanos,
  sum(round(t.tokens * i.nanos_per_token))::bigint as input_nanos,
  sum(case when r.nanos_per_token is null then t.tokens else 0 end)::bigint as unpriced_tokens
from taken t
join rates r using (model, token_type, cache_ttl, speed, day, tier)
left join rates i
  on i.model = t.model and i.token_type = 'input' and i.speed = t.speed and i.day = t.day
  and i.tier = t.tier and t.token_type in ('cacheRead', 'cacheCreation')
where t.token_type <> 'cost' and t.day in (select day from todo)
group by all;

delete from costs where day in (select day from todo);
insert into costs by name
select day, person, assistant, provider, session, app_version, terminal, repo, plan, witness,
  model, model_reported, query_source, effort, speed, agent, skill, plugin, mcp_server,
  sum(tokens)::bigint as reported_nanos
from taken where token_type = 'cost' and day in (select day from todo) group by all;

-- What each witness that was there at all that day saw, beside what the ledger took. Where models
-- are disputed the rows name none: the gap is that of the session, whatever it was called.
delete from witnesses where day in (select day from todo);
insert into witnesses by name
with there as (
  select distinct day, person, assistant, witness from w where token_type <> 'cost'
),
unnamed as (
  select distinct w.day, w.person, w.assistant, w.session, true as is_unnamed
  from w join disputed using (assistant, person, session, unit)
),
ledger as (
  select u.day, u.person, u.assistant, u.session, max(u.provider) as provider,
    max(u.app_version) as app_version, max(u.terminal) as terminal, max(u.repo) as repo,
    max(u.plan) as plan, case when n.is_unnamed then '' else u.model end as model, u.token_type,
    sum(u.tokens)::bigint as ledger_tokens
  from usage u left join unnamed n using (day, person, assistant, session)
  where u.day in (select day from todo) and u.token_type <> 'webSearch'
  group by u.day, u.person, u.assistant, u.session, 10, u.token_type
),
seen as (
  select w.day, w.person, w.assistant, w.session,
    case when n.is_unnamed then '' else w.model end as model, w.token_type, w.witness,
    sum(w.tokens)::bigint as tokens
  from w left join unnamed n using (day, person, assistant, session)
  where w.token_type not in ('cost', 'webSearch') group by all
)
select l.*, t.witness, coalesce(s.tokens, 0) as tokens
from ledger l
join there t using (day, person, assistant)
left join seen s using (day, person, assistant, session, model, token_type, witness);
