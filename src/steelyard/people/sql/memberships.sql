-- Who was said to be on which team: one row a source, key, day it was seen and beginning.
select source, key, seen_day, gone, team, member, valid_from, valid_to,
  min(seen_day) over (partition by source) as first_look
from raw_memberships
where team <> '' and member <> ''
qualify row_number() over (
  partition by source, key, seen_day, valid_from
  order by seen_at desc, gone, hash(raw_memberships)) = 1
order by source, key, seen_day, valid_from nulls first
