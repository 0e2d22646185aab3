-- The days of people that vendors saw work on, and whose telemetry can be nobody else's.

create or replace temp table vendor_people as
select distinct person from vendor_rows where person <> '';

-- A person's name in telemetry, or '' where it may be another name of somebody a vendor names.
create or replace temp table sure_people as
select person from vendor_people union select person from people;
create or replace temp macro sure(name) as
  case when name in (select person from sure_people) then name else '' end;

create or replace temp table vendor_seen as
select day, person, assistant, max(provider) as provider
from vendor_rows
where person <> '' and day in (select day from todo)
  and greatest(input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, sessions,
    lines_added, lines_removed, commits, pull_requests, accepted, rejected, messages, web_searches) > 0
group by day, person, assistant;

-- Those on which no telemetry of nobody in particular can have been theirs.
create or replace temp table vendor_alone as
select * from vendor_seen
where (assistant, day) not in (
  select (s.assistant, s.day) from spans s
  left join session_people n on n.assistant = s.assistant and n.session = s.session
  where sure(coalesce(n.person, '')) = ''
  union all
  select (assistant, day) from usage
  where session = '' and witness <> 'vendor' and sure(person) = '' and day in (select day from todo));
