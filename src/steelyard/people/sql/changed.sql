-- The sessions of identities that mean somebody else now forget who worked in them, and all days of
-- these sessions are built again.
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
