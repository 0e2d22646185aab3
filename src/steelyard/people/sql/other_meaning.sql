-- Identities of telemetry that mean somebody else now. An address that nobody knew stood for itself.
create or replace temp table other_meaning as
with before as (select kind, value, min(person) as person from identities group by all),
after as (select kind, value, min(person) as person from new_identities group by all)
select kind, value
from before full join after using (kind, value)
where kind in ('email', 'account', 'install')
  and coalesce(before.person, case when kind = 'email' then value end)
    is distinct from coalesce(after.person, case when kind = 'email' then value end);
