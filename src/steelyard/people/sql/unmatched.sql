-- Work whose person is in no directory: under the person's own reference, with what hangs on it.
-- Bots are nobody, and not asked for.
with known as (select distinct person from people),
whose as (
  select kind || ':' || value as reference, min(person) as person from identities group by all
),
spent as (
  select person, sum(list_nanos)::bigint as nanos from usage_days group by all
),
worked as (
  select person, count(distinct session) as sessions
  from session_days where worked and session <> '' group by all
),
authored as (
  select coalesce(a.person, e.person, nullif(author, ''), lower(author_email)) as person,
    count(distinct sha) as commits
  from raw_commits c
  left join whose a on a.reference = c.author
  left join whose e on e.reference = 'email:' || lower(c.author_email)
  where not gone group by all
),
asked as (
  select coalesce(w.person, reference) as person, count(*) as items
  from (
    select author as reference from raw_pull_requests where not gone
    union all
    select assignee from raw_issues where not gone
  ) r
  left join whose w using (reference)
  group by all
),
together as (
  select person, sum(nanos)::bigint as nanos, coalesce(sum(sessions), 0)::bigint as sessions,
    coalesce(sum(commits), 0)::bigint as commits, coalesce(sum(items), 0)::bigint as items
  from (
    select * from spent union all by name select * from worked
    union all by name select * from authored union all by name select * from asked
  )
  where person <> '' and person not in (select person from known)
  group by all
)
select case when regexp_matches(person, '^(email|github|gitlab|jira|linear|pagerduty|install|account|directory):')
    then person when person like '%@%' then 'email:' || person else 'account:' || person end
    as reference, nanos, sessions, commits, items
from together
order by nanos desc nulls last, sessions desc, commits + items desc, reference
