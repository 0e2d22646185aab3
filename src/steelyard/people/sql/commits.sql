-- Authors of commits as hosts and git name them. Of one commit the host may tell the login and git
-- the address: it ties the two.
with names as (
  select sha, max(author_name) as name from raw_commits group by sha
),
logins as (select distinct sha, author from raw_commits where author <> ''),
addresses as (
  select distinct sha, lower(trim(author_email)) as email
  from raw_commits where trim(author_email) <> ''
)
select coalesce(author, '') as author, coalesce(email, '') as email, max(name) as name,
  count(distinct sha) as commits
from logins full join addresses using (sha) join names using (sha)
group by coalesce(author, ''), coalesce(email, '')
order by author, email
