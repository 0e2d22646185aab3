-- Raw records as they came in. No keys and no indexes: copies are told apart by `key` when facts
-- are built. The column order is that of steelyard.records; times are UTC.
create table events (
  key bigint not null, time timestamp not null, day date not null, witness varchar not null,
  assistant varchar not null, name varchar not null,
  session varchar not null, install_id varchar not null, email varchar not null,
  account_id varchar not null, account_uuid varchar not null, organization varchar not null,
  provider varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null,
  model varchar not null, query_source varchar not null, effort varchar not null,
  speed varchar not null, agent varchar not null, skill varchar not null, plugin varchar not null,
  mcp_server varchar not null,
  sequence bigint, prompt_id varchar not null, request_id varchar not null, tool_use_id varchar not null,
  tool varchar not null, decision varchar not null, source varchar not null,
  success varchar not null, status varchar not null, error varchar not null,
  input_tokens bigint, output_tokens bigint, cache_read_tokens bigint,
  cache_creation_tokens bigint, cache_creation_1h_tokens bigint, web_searches bigint,
  cost_nanos bigint, duration_ms double, chars bigint,
  resource varchar not null, attributes varchar not null, body bigint
);
create table points (
  key bigint not null, time timestamp not null, day date not null, witness varchar not null,
  assistant varchar not null, name varchar not null,
  session varchar not null, install_id varchar not null, email varchar not null,
  account_id varchar not null, account_uuid varchar not null, organization varchar not null,
  provider varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null,
  model varchar not null, query_source varchar not null, effort varchar not null,
  speed varchar not null, agent varchar not null, skill varchar not null, plugin varchar not null,
  mcp_server varchar not null,
  metric varchar not null, temporality varchar not null, series bigint not null,
  start timestamp, type varchar not null, tool varchar not null, decision varchar not null,
  source varchar not null, language varchar not null, value double,
  resource varchar not null, attributes varchar not null, body bigint
);
create table spans (
  key bigint not null, time timestamp not null, day date not null, witness varchar not null,
  assistant varchar not null, name varchar not null,
  session varchar not null, install_id varchar not null, email varchar not null,
  account_id varchar not null, account_uuid varchar not null, organization varchar not null,
  provider varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null,
  model varchar not null, query_source varchar not null, effort varchar not null,
  speed varchar not null, agent varchar not null, skill varchar not null, plugin varchar not null,
  mcp_server varchar not null,
  trace_id varchar not null, span_id varchar not null, parent_id varchar not null,
  duration_ms double, resource varchar not null, attributes varchar not null, body bigint
);
-- Where the applier stands in the inbox; written in the same transaction as the records.
create table applied (position bigint not null, applied_at timestamp not null);
-- Days whose facts must be built again, and how often facts have changed.
create table dirty_days (day date not null);
create table data_version (version bigint not null, refreshed_at timestamp);
insert into data_version values (0, null);
-- The first day whose raw records are all still here; facts of earlier days are final.
create table kept_since (day date not null);
