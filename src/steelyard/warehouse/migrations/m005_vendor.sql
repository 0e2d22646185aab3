-- Vendors as a third witness. `by_other`: transcripts or a vendor saw the person work that day.
-- The two tables are laid anew: no DuckDB of both majors adds a column that is never null to rows.
alter table session_days rename to old_session_days;
create table session_days (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  session varchar not null, app_version varchar not null, terminal varchar not null,
  repo varchar not null, plan varchar not null, witness varchar not null,
  worked boolean not null,        -- a prompt, a model call or a tool call; start events alone are not work
  by_telemetry boolean not null, by_transcript boolean not null, by_other boolean not null default false,
  first_time timestamp, last_time timestamp,
  prompts bigint not null, requests bigint not null, tool_calls bigint not null,
  api_errors bigint not null, person_rejections bigint not null, accepted_edits bigint not null,
  approved_edits bigint not null, edit_decisions bigint not null,
  commits bigint not null, pull_requests bigint not null, active_seconds double not null,
  tokens bigint not null, list_nanos bigint, context_tokens_max bigint
);
insert into session_days by name select *, by_transcript as by_other from old_session_days;
drop table old_session_days;
alter table person_days rename to old_person_days;
create table person_days (
  day date not null, person varchar not null, assistant varchar not null,
  by_telemetry boolean not null, by_transcript boolean not null, by_other boolean not null default false,
  sessions bigint not null, commits bigint not null
);
insert into person_days by name select *, by_transcript as by_other from old_person_days;
drop table old_person_days;
-- What vendors had counted for each day when its facts were last made dirty for it.
create table vendor_told (day date not null, fingerprint varchar not null);
insert into dirty_work select 'usage_days' where exists (select 1 from raw_usage_days);
