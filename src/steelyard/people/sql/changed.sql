-- Identities of telemetry that mean somebody else now: their sessions forget who worked in them, and
-- all days of these sessions are built again. An address that nobody knew stood for itself.
create or replace temp table other_meaning as
with before as (select kind, value, min(person) as person from identities group by all),
after as (select kind, value, min(person) as person from new_identities group by all)
select kind, value
from before full join after using (kind, value)
where kind in ('email', 'account', 'install')
  and coalesce(before.person, case when kind = 'email' then value end)
    is distinct from coalesce(after.person, case when kind = 'email' then value end);

create or replace temp table moved as
select assistant, session, day, email, account_id, account_uuid, install_id
from (
  select distinct assistant, session, day, email, account_id, account_uuid, install_id from events
  union
  select distinct assistant, session, day, email, account_id, account_uuid, install_id from points
)
where (select count(*) from other_meaning) > 0
  and (email in (select value from other_meaning where kind = 'email')
    or account_id in (select value from other_meaning where kind = 'account')
    or account_uuid in (select value from other_meaning where kind = 'account')
    or install_id in (select value from other_meaning where kind = 'install'));

delete from session_people
where (assistant, session) in (
  select (assistant, case when session <> '' then session
    else concat_ws('|', '', email, account_id, account_uuid, install_id) end)
  from moved);

insert into dirty_days
select day from moved
union
select day from session_days
where session <> '' and (assistant, session) in (select (assistant, session) from moved);
