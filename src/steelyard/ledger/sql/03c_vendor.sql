-- Vendors as a third witness: what they counted for a person, day, assistant, model and token type
-- beyond the sum of that person's sessions is added, without a session. A floor:
-- * Days that a person's sessions may tie together at midnight are one unit, as metrics come late and
--   vendors date calls by their own clock.
-- * Several sources of vendors are never added: of each unit and token type the larger one counts.
-- * What telemetry cannot name a person for may be anybody's, so it is taken off every difference.
-- * Where vendor and telemetry name different models, only the totals of token types are compared, and
--   the difference goes to the cheapest models that could hold it.
-- * What a vendor counted for API keys stays without a person, less all telemetry that could be theirs.
-- Days that are not in `todo` but whose result has changed become dirty.

create or replace temp table vendor_counts as
with typed as (
  select v.day, v.person, v.assistant, v.provider, v.source, coalesce(m.model, v.model) as model,
    unnest([
      {'token_type': 'input', 'cache_ttl': '', 'tokens': v.input_tokens},
      {'token_type': 'output', 'cache_ttl': '', 'tokens': v.output_tokens},
      {'token_type': 'cacheRead', 'cache_ttl': '', 'tokens': v.cache_read_tokens},
      {'token_type': 'cacheCreation', 'cache_ttl': '5m',
       'tokens': v.cache_creation_tokens - coalesce(v.cache_creation_1h_tokens, 0)},
      {'token_type': 'cacheCreation', 'cache_ttl': '1h', 'tokens': v.cache_creation_1h_tokens}
    ]) as part
  from vendor_rows v
  left join models m on m.reported = v.model
  where v.day in (select day from reading)
)
select t.day, t.person, t.assistant, max(t.provider) as provider, t.source, t.model,
  t.part.token_type as token_type, t.part.cache_ttl as cache_ttl, coalesce(u.unit, t.day) as unit,
  sum(plausible(t.part.tokens, 1e12::bigint))::bigint as tokens
from typed t
left join vendor_units u using (assistant, person, day)
group by all
having tokens > 0;

-- What other witnesses told. Clouds keep their own books: the vendor cannot have seen those calls.
create or replace temp table session_counts as
select g.day, sure(g.person) as person, g.assistant, g.session, g.model, g.token_type, g.cache_ttl,
  coalesce(u.unit, g.day) as unit, sum(g.tokens)::bigint as tokens
from usage g
left join vendor_units u using (assistant, person, day)
where g.witness <> 'vendor' and g.token_type <> 'webSearch' and g.day in (select day from reading)
  and lower(g.provider) not in ('bedrock', 'vertex', 'foundry')
  and g.assistant in (select distinct assistant from vendor_rows)
group by all;

create or replace temp table vendor_disputed as
with v as (select distinct assistant, person, unit, model from vendor_counts where person <> ''),
s as (select distinct assistant, person, unit, model from session_counts where person <> '')
select assistant, person, unit, true as is_disputed
from v full join s using (assistant, person, unit, model)
group by all
having count(*) filter (v.model is null) > 0 and count(*) filter (s.model is null) > 0;

create or replace temp table vendor_cells as
select c.assistant, c.person, c.unit, case when d.is_disputed then '*' else c.model end as scope,
  c.token_type, c.source, sum(c.tokens)::bigint as tokens,
  coalesce(sum(c.tokens) filter (c.cache_ttl = '1h'), 0)::bigint as hour_tokens
from (
  select assistant, person, unit, model, token_type, cache_ttl, source, tokens from vendor_counts
) c
left join vendor_disputed d using (assistant, person, unit)
where c.person <> ''
group by all;

create or replace temp table session_cells as
select c.assistant, c.person, c.unit, case when d.is_disputed then '*' else c.model end as scope,
  c.token_type, sum(c.tokens)::bigint as tokens
from session_counts c
left join vendor_disputed d using (assistant, person, unit)
where c.person <> ''
group by all;

create or replace temp table vendor_best as
select v.*, v.tokens - coalesce(s.tokens, 0) as missing
from vendor_cells v
left join session_cells s using (assistant, person, unit, scope, token_type)
qualify row_number() over (
  partition by v.assistant, v.person, v.unit, v.scope, v.token_type
  order by v.tokens desc, v.hour_tokens desc, v.source) = 1;

create or replace temp table vendor_rates as
select a.*, p.nanos_per_token
from (
  select day, model, token_type, cache_ttl from vendor_counts
  union
  select day, model, token_type, '5m' from vendor_counts where token_type = 'cacheCreation'
) a
left join prices p
  on (p.model = a.model or p.model = '*') and p.token_type = a.token_type
  and p.cache_ttl = a.cache_ttl and p.speed = '' and p.min_context = 0
  and a.day >= p.valid_from and a.day < p.valid_to
qualify row_number() over (
  partition by a.day, a.model, a.token_type, a.cache_ttl order by p.model = '*') = 1;

-- The difference of a unit, put where the vendor counted more: the cheapest first.
create or replace temp table excess as
with rooms as (
  select v.day, v.person, v.assistant, v.provider, v.model, v.token_type, v.cache_ttl,
    b.scope, b.unit, b.missing, r.nanos_per_token,
    greatest(v.tokens - coalesce(s.tokens, 0), 0) as room
  from vendor_counts v
  left join vendor_disputed d using (assistant, person, unit)
  join vendor_best b
    on b.assistant = v.assistant and b.person = v.person and b.unit = v.unit
    and b.token_type = v.token_type and b.source = v.source
    and b.scope = case when d.is_disputed then '*' else v.model end
  left join (
    select assistant, person, day, model, token_type, cache_ttl, sum(tokens) as tokens
    from session_counts group by all
  ) s on s.assistant = v.assistant and s.person = v.person and s.day = v.day
    and s.model = v.model and s.token_type = v.token_type and s.cache_ttl = v.cache_ttl
  join vendor_rates r
    on r.day = v.day and r.model = v.model and r.token_type = v.token_type
    and r.cache_ttl = v.cache_ttl
  where b.missing > 0
),
filled as (
  select *, sum(room) over (
    partition by assistant, person, unit, scope, token_type
    order by nanos_per_token nulls last, day, model, cache_ttl desc
    rows between unbounded preceding and current row) - room as before
  from rooms
)
select day, person, assistant, provider, model, token_type, cache_ttl,
  least(room, missing - before)::bigint as tokens
from filled
where room > 0 and missing > before;

-- Telemetry of nobody in particular, also on the day its session may have begun or ended.
create or replace temp table vendor_models as
select distinct assistant, day, model from vendor_counts;
create or replace temp table loose as
select s.assistant, s.day + t.n as day, s.token_type,
  case when m.model is null then '*' else s.model end as scope, sum(s.tokens)::bigint as tokens
from session_counts s
left join at_midnight a on a.assistant = s.assistant and a.session = s.session and a.day = s.day
join (values (-1), (0), (1)) t(n)
  on t.n = 0 or (t.n = 1 and a.late) or (t.n = -1 and (a.early or s.session = ''))
left join vendor_models m
  on m.assistant = s.assistant and m.day = s.day + t.n and m.model = s.model
where s.person = ''
group by all;

-- API keys: what a source counted for them beyond what people may have done with them, that is,
-- what is known of people over what this source counted for them.
create or replace temp table spare_work as
with known as (
  select assistant, person, unit, scope, token_type,
    greatest(coalesce(s.tokens, 0), coalesce(b.tokens, 0)) as tokens
  from session_cells s full join vendor_best b using (assistant, person, unit, scope, token_type)
)
select k.assistant, coalesce(u.day, k.unit) as day, k.scope, k.token_type, o.source,
  sum(k.tokens - coalesce(v.tokens, 0)) as tokens
from known k
cross join (select distinct source from vendor_counts where person = '') o
left join vendor_cells v
  on v.assistant = k.assistant and v.person = k.person and v.unit = k.unit and v.scope = k.scope
  and v.token_type = k.token_type and v.source = o.source
left join vendor_units u
  on u.assistant = k.assistant and u.person = k.person and u.unit = k.unit
group by all;

create or replace temp table keys_left as
with asked as (
  select assistant, day, model, token_type, source, max(provider) as provider,
    sum(tokens)::bigint as tokens
  from vendor_counts where person = '' group by all
),
spared as (
  select a.assistant, a.day, a.model, a.token_type, a.source, sum(w.tokens)::bigint as tokens
  from asked a
  join spare_work w using (assistant, day, token_type, source)
  left join vendor_models m on m.assistant = a.assistant and m.day = a.day and m.model = w.scope
  where w.scope = a.model or m.model is null
  group by all
)
select a.assistant, a.day, a.model, a.token_type, max(a.provider) as provider,
  max(greatest(a.tokens - coalesce(s.tokens, 0), 0))::bigint as tokens
from asked a left join spared s using (assistant, day, model, token_type, source)
group by all;

create or replace temp table vendor_usage as
with seen as (
  select assistant, day, model, token_type, provider, tokens from keys_left
  union all
  select assistant, day, model, token_type, provider, tokens from excess
),
cells as (
  select assistant, day, model, token_type, max(provider) as provider, sum(tokens)::bigint as tokens
  from seen group by all
),
covering as (
  select c.assistant, c.day, c.model, c.token_type, sum(l.tokens)::bigint as tokens
  from cells c
  join loose l on l.assistant = c.assistant and l.day = c.day and l.token_type = c.token_type
    and l.scope in (c.model, '*')
  group by all
),
persons as (
  select x.*, greatest(
      sum(x.tokens) over (partition by x.assistant, x.person, x.day, x.model, x.token_type)
        - coalesce(c.tokens, 0), 0) as most,
    sum(x.tokens) over (
      partition by x.assistant, x.person, x.day, x.model, x.token_type
      order by x.cache_ttl desc rows between unbounded preceding and current row) - x.tokens as before
  from excess x left join covering c using (assistant, day, model, token_type)
),
named as (
  select day, person, assistant, provider, model, token_type, cache_ttl,
    least(tokens, most - before)::bigint as tokens
  from persons where most > before
),
rest as (
  select c.day, '' as person, c.assistant, c.provider, c.model, c.token_type,
    case when c.token_type = 'cacheCreation' then '5m' else '' end as cache_ttl,
    (greatest(c.tokens - coalesce(l.tokens, 0), 0) - coalesce(sum(n.tokens), 0))::bigint as tokens
  from cells c
  left join covering l using (assistant, day, model, token_type)
  left join named n
    on n.assistant = c.assistant and n.day = c.day and n.model = c.model
    and n.token_type = c.token_type
  group by c.day, c.assistant, c.provider, c.model, c.token_type, c.tokens, l.tokens
)
select * from named where tokens > 0 and day in (select day from affected)
union all
select * from rest where tokens > 0 and day in (select day from affected);

-- Other days whose share of a unit is another now.
insert into dirty_days
with now_said as (
  select day, person, assistant, model, token_type, cache_ttl, sum(tokens)::bigint as tokens
  from vendor_usage group by all
),
so_far as (
  select day, person, assistant, model, token_type, cache_ttl, sum(tokens)::bigint as tokens
  from usage where witness = 'vendor' and day in (select day from affected) group by all
)
select distinct day
from ((from now_said except from so_far) union all (from so_far except from now_said))
where day not in (select day from todo);

insert into usage by name
select v.day, v.person, v.assistant, v.provider, '' as session, '' as app_version, '' as terminal,
  '' as repo, '' as plan, 'vendor' as witness, v.model, v.model as model_reported,
  '' as query_source, '' as effort, '' as speed, '' as agent, '' as skill, '' as plugin,
  '' as mcp_server, v.token_type, v.cache_ttl, v.tokens,
  round(v.tokens * r.nanos_per_token)::bigint as list_nanos,
  case when v.token_type in ('cacheRead', 'cacheCreation')
    then round(v.tokens * i.nanos_per_token)::bigint end as input_nanos,
  case when r.nanos_per_token is null then v.tokens else 0 end as unpriced_tokens
from vendor_usage v
left join (
  select day, model, token_type, cache_ttl, nanos_per_token from vendor_rates
) r using (day, model, token_type, cache_ttl)
left join prices i
  on i.model = v.model and i.token_type = 'input' and i.speed = '' and i.min_context = 0
  and v.day >= i.valid_from and v.day < i.valid_to
where v.day in (select day from todo);

-- The vendor beside the ledger, and the others beside what the vendor added.
insert into witnesses by name
with v as (
  select c.day, c.person, c.assistant, c.provider,
    case when d.is_disputed then '' else c.model end as model, c.token_type,
    sum(c.tokens)::bigint as tokens
  from vendor_counts c
  left join vendor_disputed d using (assistant, person, unit)
  join vendor_best b
    on b.assistant = c.assistant and b.person = c.person and b.unit = c.unit
    and b.token_type = c.token_type and b.source = c.source
    and b.scope = case when d.is_disputed then '*' else c.model end
  where c.day in (select day from todo)
  group by all
),
there as (
  select day, person, assistant, max(provider) as provider from v group by all
),
ledger as (
  select g.day, g.person, g.assistant,
    case when d.is_disputed then '' else g.model end as model, g.token_type,
    sum(g.tokens)::bigint as tokens
  from usage g
  join there using (day, person, assistant)
  left join vendor_units u using (assistant, person, day)
  left join vendor_disputed d
    on d.assistant = g.assistant and d.person = g.person and d.unit = coalesce(u.unit, g.day)
  where g.token_type <> 'webSearch' and lower(g.provider) not in ('bedrock', 'vertex', 'foundry')
  group by all
),
sums as (
  select day, person, assistant, model, token_type, coalesce(v.tokens, 0) as tokens,
    coalesce(l.tokens, 0) as ledger_tokens
  from v full join ledger l using (day, person, assistant, model, token_type)
)
select day, person, assistant, t.provider, '' as session, '' as app_version, '' as terminal,
  '' as repo, '' as plan, 'vendor' as witness, model, token_type, tokens, ledger_tokens
from sums join there t using (day, person, assistant)
union all
select g.day, g.person, g.assistant, max(g.provider), '', '', '', '', '', w.witness, g.model,
  g.token_type, 0, sum(g.tokens)::bigint
from usage g
join (select distinct day, person, assistant, witness from w where token_type <> 'cost') w
  using (day, person, assistant)
where g.witness = 'vendor' and g.day in (select day from todo)
group by g.day, g.person, g.assistant, w.witness, g.model, g.token_type;
