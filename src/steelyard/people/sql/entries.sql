-- Everything directories said about people: one row a source, key, day it was seen and beginning.
select source, key, seen_day, gone, active, lower(trim(email)) as email,
  list_sort(list_distinct([lower(trim(e)) for e in emails if trim(e) <> ''])) as emails,
  list_sort(list_distinct([trim(a) for a in account_ids if trim(a) <> ''])) as account_ids,
  list_sort(list_distinct([trim(i) for i in install_ids if trim(i) <> ''])) as install_ids,
  employee_id, name, team, department, role, level, trim(manager) as manager,
  trim(rollup) as rollup, coalesce(nullif(office, ''), city) as office, country,
  start_date, end_date, valid_from, valid_to
from raw_people
qualify row_number() over (
  partition by source, key, seen_day, valid_from
  order by seen_at desc, gone, hash(raw_people)) = 1
order by source, key, seen_day, valid_from nulls first
