-- The sessions of installs and accounts that are {names}, and what else was seen with them. For both
-- engines.
select distinct session, lower(email) as email, account_id, account_uuid, install_id
from (
  select session, email, account_id, account_uuid, install_id from events
  union all
  select session, email, account_id, account_uuid, install_id from points
) as told
where concat('install:', left(install_id, 12)) in ({names})
  or account_id in ({names}) or account_uuid in ({names})
