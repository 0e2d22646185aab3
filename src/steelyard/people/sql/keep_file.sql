-- The rows of `file` take the place of those of the same people; the day on which a person was first
-- told of stays, because people are named after it.
create or replace temp table kept as
select person as key, email, name, team, department, role, level, coalesce(manager, '') as manager,
  coalesce(rollup, '') as rollup, office, country, account_ids, install_ids, start_date, end_date,
  valid_from, valid_to,
  coalesce((select min(seen_day) from raw_people r where r.source = 'csv' and r.key = file.person),
    $now::timestamp::date) as seen_day
from file;

delete from raw_people where source = 'csv' and key in (select key from kept);

update raw_people set
  account_ids = list_filter(raw_people.account_ids, lambda a: not list_contains(taken.accounts, a)),
  install_ids = list_filter(raw_people.install_ids, lambda i: not list_contains(taken.installs, i))
from (
  select flatten(list(account_ids)) as accounts, flatten(list(install_ids)) as installs from kept
) taken
where source = 'csv'
  and (list_has_any(raw_people.account_ids, accounts) or list_has_any(raw_people.install_ids, installs));

insert into raw_people by name
select *, 'csv' as source, $now::timestamp as seen_at, false as gone, []::varchar[] as emails,
  '' as city, '' as company, '' as employee_id, '' as employee_type, true as active
from kept;

delete from dirty_work where kind = 'people';
insert into dirty_work values ('people');
