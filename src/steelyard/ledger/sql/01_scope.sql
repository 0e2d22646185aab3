-- Which days of which sessions belong together. Metrics are exported up to a minute after the work,
-- so a session that works across midnight is compared as one unit over both days. The caller fills
-- todo(day) and reach(assistant, session, day), and runs this until `reach` no longer grows.

create or replace temp table near as
select distinct days.day + s.n as day
from (select day from todo union select day from reach) days, (values (-1), (0), (1)) s(n)
where days.day + s.n >= (select coalesce(max(day), '0001-01-01') from kept_since);

create or replace temp table edges as
select distinct assistant, session, day, time < day::timestamp + interval 15 minutes as early
from (
  select assistant, session, day, time from events where day in (select day from near)
  union all
  select assistant, session, day, time from points where day in (select day from near)
)
where session <> ''
  and (time < day::timestamp + interval 15 minutes or time >= day::timestamp + interval 1425 minutes);

create or replace temp table links as
select late.assistant, late.session, late.day, early.day as next_day
from edges late
join edges early
  on early.assistant = late.assistant and early.session = late.session
  and early.day = late.day + 1 and early.early and not late.early;

-- Both ends of a link that touches a day to build, or a day of the session that is reached already.
insert into reach
select distinct assistant, session, unnest([day, next_day]) as day
from links
where day in (select day from todo) or next_day in (select day from todo)
  or (assistant, session, day) in (select (assistant, session, day) from reach)
  or (assistant, session, next_day) in (select (assistant, session, day) from reach)
except
select assistant, session, day from reach;
