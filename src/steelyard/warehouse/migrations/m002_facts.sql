-- Facts: what the ledger and people understand from the raw records, built whole per UTC day.
-- Text is never null ('' is "not said"); null numbers mean unknown. Money is in nano-dollars.
-- Every fact begins with the same ten columns.

-- Tokens and their list price: the winning witness per session, day, model and token type.
create table usage (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  model varchar not null, model_reported varchar not null, query_source varchar not null,
  effort varchar not null, speed varchar not null, agent varchar not null, skill varchar not null,
  plugin varchar not null, mcp_server varchar not null,
  token_type varchar not null,   -- input | output | cacheRead | cacheCreation | webSearch (tokens 0)
  cache_ttl varchar not null,    -- 5m | 1h | '' (cacheCreation only)
  tokens bigint not null,
  list_nanos bigint,             -- null: price unknown
  input_nanos bigint,            -- what the same tokens would have cost as plain input
  unpriced_tokens bigint not null
);
-- What clients reported as cost, larger floor of metrics and events.
create table costs (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  model varchar not null, model_reported varchar not null, query_source varchar not null,
  effort varchar not null, speed varchar not null, agent varchar not null, skill varchar not null,
  plugin varchar not null, mcp_server varchar not null,
  reported_nanos bigint not null
);
-- What each witness saw beside what the ledger took: the gap is ledger_tokens - tokens.
create table witnesses (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  model varchar not null, token_type varchar not null,
  tokens bigint not null, ledger_tokens bigint not null
);
-- One row a model call that was answered or failed for good.
create table requests (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  model varchar not null, query_source varchar not null, effort varchar not null,
  speed varchar not null, agent varchar not null, skill varchar not null, plugin varchar not null,
  mcp_server varchar not null, status varchar not null, error varchar not null,
  ok boolean not null, latency_ms double, context_tokens bigint
);
create table decisions (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  tool varchar not null, decision varchar not null, source varchar not null,
  language varchar not null, is_edit boolean not null, by_person boolean not null,
  decisions bigint not null
);
create table tool_calls (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  tool varchar not null, mcp_server varchar not null, success varchar not null,
  calls bigint not null, duration_ms double
);
-- active_seconds (type user|cli), lines (added|removed), commits, pull_requests, session_starts (start type).
create table counters (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  counter varchar not null, type varchar not null, model varchar not null, tool varchar not null,
  amount double not null
);
create table prompts (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  prompts bigint not null,        -- prompts of people; built-in commands such as /clear left out
  measured_prompts bigint not null, -- those whose length is known
  chars bigint not null, short_prompts bigint not null
);
-- Roll-up per session and day.
create table session_days (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  worked boolean not null,        -- a prompt, a model call or a tool call; start events alone are not work
  by_telemetry boolean not null, by_transcript boolean not null,
  first_time timestamp, last_time timestamp,
  prompts bigint not null, requests bigint not null, tool_calls bigint not null,
  api_errors bigint not null, person_rejections bigint not null, accepted_edits bigint not null,
  approved_edits bigint not null, edit_decisions bigint not null,
  commits bigint not null, pull_requests bigint not null, active_seconds double not null,
  tokens bigint not null, list_nanos bigint, context_tokens_max bigint
);
-- Roll-up per session with work, on the day it began.
create table sessions (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  session_size varchar not null,     -- <100k | 100k-500k | 500k-1M | >1M by the largest single context; '' unknown
  session_duration varchar not null, -- <5m | 5-30m | >30m; '' unknown
  minutes double, list_nanos bigint, tokens bigint not null, context_tokens_max bigint,
  commits bigint not null, is_large boolean, is_stuck boolean
);
-- Roll-up per person and day with work, and since when a person is known.
create table person_days (
  day date not null, person varchar not null, assistant varchar not null,
  by_telemetry boolean not null, by_transcript boolean not null,
  sessions bigint not null, commits bigint not null
);
-- Roll-ups of usage and costs that most questions need no finer than: per person and day. Rows whose
-- price is unknown stay apart, so that null keeps its meaning.
create table usage_days (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  plan varchar not null, model varchar not null, token_type varchar not null,
  tokens bigint not null, list_nanos bigint, input_nanos bigint, unpriced_tokens bigint not null
);
create table cost_days (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  plan varchar not null, model varchar not null, reported_nanos bigint not null
);
create table people_seen (person varchar not null, first_day date not null, last_day date not null);
-- A person's way of working over the 28 days that end with that week (Monday).
create table segments (person varchar not null, week date not null, segment varchar not null);

-- People as imported: history with validity; the last day is open-ended (9999-12-31).
create table people (
  person varchar not null, email varchar not null, name varchar not null, team varchar not null,
  department varchar not null, role varchar not null, level varchar not null,
  manager varchar not null, rollup varchar not null, office varchar not null,
  country varchar not null, start_date date, end_date date,
  valid_from date not null, valid_to date not null
);
-- Which person an e-mail, account id or install id belongs to (kind: email | account | install).
create table identities (kind varchar not null, value varchar not null, person varchar not null);
-- List prices in nano-dollars per token, from the packaged table and the organisation's own file.
create table prices (
  model varchar not null, token_type varchar not null, cache_ttl varchar not null,
  speed varchar not null, min_context bigint not null,
  valid_from date not null, valid_to date not null,
  nanos_per_token double not null, source varchar not null
);
-- Normalised names of models, learned as they come in.
create table models (reported varchar not null, model varchar not null);
-- The best identity ever seen with a session (rank 1 e-mail, 2 account with an alias, 3 account id,
-- 4 account uuid, 5 install id).
create table session_people (
  assistant varchar not null, session varchar not null, person varchar not null, rank bigint not null
);
