-- What is built now: the records of the days in `todo`, each once. The caller fills todo(day).

-- A session that works across midnight is compared as one unit, because metrics are exported up
-- to a minute after the work and would otherwise count on both days.
create or replace temp table edges as
select distinct assistant, session, day, time < day::timestamp + interval 15 minutes as early
from (
  select assistant, session, day, time from events
  union all
  select assistant, session, day, time from points
)
where session <> '' and day in (select day + n from todo, (values (-1), (0), (1)) s(n))
  and (time < day::timestamp + interval 15 minutes or time >= day::timestamp + interval 1425 minutes);

create or replace temp table links as
select late.assistant, late.session, late.day, early.day as next_day
from edges late
join edges early
  on early.assistant = late.assistant and early.session = late.session
  and early.day = late.day + 1 and early.early and not late.early;

insert into todo
select distinct day from (select day from links union all select next_day from links)
where day not in (select day from todo)
  and day in (
    select day from links where next_day in (select day from todo)
    union all
    select next_day from links where day in (select day from todo)
  );
