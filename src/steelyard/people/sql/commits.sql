-- Authors of commits as hosts and git name them.
select author, lower(trim(author_email)) as email, max(author_name) as name,
  count(distinct sha) as commits
from raw_commits
where author <> '' or author_email <> ''
group by all
order by author, email
