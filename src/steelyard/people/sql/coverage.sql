-- What belongs to people of directories, and all of it: spend, sessions, commits, people with work;
-- then who is employed on a day, and who of them has no work yet. Commits of bots are left out.
with known as (select distinct person from people),
whose as (
  select kind || ':' || value as reference, min(person) as person from identities group by all
),
spend as (
  select sum(list_nanos) filter (person in (select person from known)) as matched,
    sum(list_nanos) as total
  from usage_days
),
sessions as (
  select count(distinct (assistant, session)) filter (person in (select person from known))
      as matched,
    count(distinct (assistant, session)) as total
  from session_days where worked and session <> ''
),
authored as (
  select sha, max(coalesce(a.person, e.person, '?')) as person
  from raw_commits c
  left join whose a on a.reference = c.author
  left join whose e on e.reference = 'email:' || lower(c.author_email)
  where not gone group by all
),
commits as (
  select count(*) filter (person in (select person from known)) as matched, count(*) as total
  from authored where person <> ''
),
faces as (
  select count(*) filter (person in (select person from known)) as matched, count(*) as total
  from people_seen where person <> ''
),
staff as (
  select count(distinct person) as staff,
    count(distinct person) filter (person not in (select person from people_seen)) as silent
  from people
  where date '{day}' between valid_from and valid_to
    and coalesce(start_date, '1970-01-01') <= '{day}' and coalesce(end_date, '9999-12-31') >= '{day}'
)
select spend.matched, spend.total, sessions.matched, sessions.total, commits.matched, commits.total,
  faces.matched, faces.total, staff.staff, staff.silent
from spend, sessions, commits, faces, staff
