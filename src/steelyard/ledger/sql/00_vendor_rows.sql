-- What vendors told of assistants that also send telemetry, and of whom. Person '' is an API key, or
-- somebody whom the directory does not know: that may be another name of somebody in telemetry.

create or replace temp table vendor_rows as
with aliases as (select kind, value, min(person) as person from identities group by all),
resolved as (
  select u.*, coalesce(a.person, substr(u.actor, strpos(u.actor, ':') + 1)) as name
  from raw_usage_days u
  left join aliases a on a.kind = split_part(u.actor, ':', 1)
    and a.value = substr(u.actor, strpos(u.actor, ':') + 1)
  where not u.gone and u.assistant in ('claude-code', 'codex', 'gemini-cli')
)
select * exclude (name), case when name in (select person from people)
  or (select count(*) from people) = 0 then name else '' end as person
from resolved;
