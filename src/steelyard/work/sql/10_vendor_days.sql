-- What vendors counted: tokens per model and type, their price per model, counts a day.

create or replace temp table told_usage as
select u.*, w.person
from raw_usage_days u
join whom w on w.reference = u.actor and w.email = ''
where not u.gone;

delete from vendor_days;
insert into vendor_days by name
with typed as (
  select *, unnest([
      {'token_type': 'input', 'cache_ttl': '', 'tokens': input_tokens},
      {'token_type': 'output', 'cache_ttl': '', 'tokens': output_tokens},
      {'token_type': 'cacheRead', 'cache_ttl': '', 'tokens': cache_read_tokens},
      {'token_type': 'cacheCreation', 'cache_ttl': case when cache_creation_1h_tokens is null
        then '' else '5m' end,
       'tokens': cache_creation_tokens - coalesce(cache_creation_1h_tokens, 0)},
      {'token_type': 'cacheCreation', 'cache_ttl': '1h', 'tokens': cache_creation_1h_tokens}
    ]) as part
  from told_usage
)
select day, person, assistant, provider, source, model, part.token_type as token_type,
  part.cache_ttl as cache_ttl, workspace, api_key, terminal, sum(part.tokens)::bigint as tokens
from typed
where part.tokens is not null
group by all
order by day;

insert into vendor_days by name
select day, person, assistant, provider, source, model, '' as token_type, '' as cache_ttl,
  workspace, api_key, terminal, sum(list_nanos)::bigint as list_nanos
from told_usage
where list_nanos is not null
group by all
order by day;

insert into vendor_days by name
select day, person, assistant, provider, source, '' as model, '' as token_type, '' as cache_ttl,
  workspace, api_key, terminal, sum(sessions)::bigint as sessions,
  sum(lines_added)::bigint as lines_added, sum(lines_removed)::bigint as lines_removed,
  sum(commits)::bigint as commits, sum(pull_requests)::bigint as pull_requests,
  sum(accepted)::bigint as accepted, sum(rejected)::bigint as rejected,
  sum(messages)::bigint as messages, sum(web_searches)::bigint as web_searches
from told_usage
where coalesce(sessions, lines_added, lines_removed, commits, pull_requests, accepted, rejected,
  messages, web_searches) is not null
group by all
order by day;
