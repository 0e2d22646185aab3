-- Which days of a person belong together for vendors (03c_vendor.sql), and which days to read.

create or replace temp table at_midnight as
select assistant, person, session, day,
  first_time < day::timestamp + interval 15 minutes as early,
  last_time >= day::timestamp + interval 1425 minutes as late
from (
  select assistant, person, session, day, first_time, last_time from session_days
  where session <> '' and tokens > 0 and day not in (select day from todo)
  union all
  select u.assistant, u.person, u.session, u.day, s.first_time, s.last_time
  from (
    select assistant, person, session, day from usage
    where session <> '' and day in (select day from todo) group by all having sum(tokens) > 0
  ) u join spans s using (assistant, session, day)
)
where early or late;

-- A person's days that are tied to the next one, in runs; `unit` is the first day of the run.
create or replace temp table vendor_units as
with ties as (
  select assistant, person, day from at_midnight where late
  union
  select assistant, person, day - 1 from at_midnight where early
),
runs as (
  select *, day - (row_number() over (partition by assistant, person order by day))::integer as run
  from ties where person <> ''
),
named as (
  select assistant, person, day, min(day) over (partition by assistant, person, run) as unit from runs
)
select assistant, person, day, unit from named
union
select assistant, person, day + 1, unit from named;

-- Days whose result may change, and those to be read for them.
create or replace temp table affected as
with near as (
  select distinct day + n as day from todo, (values (-1), (0), (1)) t(n)
)
select day from near
union
select u.day from vendor_units u
where (assistant, person, unit) in (
  select (assistant, person, unit) from vendor_units where day in (select day from near));

create or replace temp table reading as
select day from affected
union
select day + n from affected, (values (-1), (1)) t(n)
union
select u.day from vendor_units u
where (assistant, person, unit) in (
  select (assistant, person, unit) from vendor_units where day in (select day from affected));
