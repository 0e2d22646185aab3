-- Who worked in which session: the best identity ever seen with it, e-mail before account id
-- before install id, each through the aliases that an organisation has imported.

create or replace temp table claims as
with seen as (
  select distinct assistant, session, email, account_id, account_uuid, install_id from e
  union
  select distinct assistant, session, email, account_id, account_uuid, install_id from p
),
claimed as (
  select assistant, session, 'email' as kind, email as value, 1 as rank from seen where email <> ''
  union all
  select assistant, session, 'account', account_id, 2 from seen where account_id <> ''
  union all
  select assistant, session, 'account', account_uuid, 2 from seen where account_uuid <> ''
  union all
  select assistant, session, 'install', install_id, 3 from seen where install_id <> ''
)
select c.assistant, c.session, c.rank,
  coalesce(i.person, case when c.kind = 'install' then 'install:' || left(c.value, 12) else c.value end)
    as person
from claimed c
left join identities i on i.kind = c.kind and i.value = c.value;

create or replace temp table best as
select assistant, session, min(rank) as rank, min(person) filter (rank = lowest) as person
from (
  select *, min(rank) over (partition by assistant, session) as lowest from (
    select assistant, session, rank, person from claims where session <> ''
    union all
    select s.assistant, s.session, s.rank, s.person from session_people s
    where (s.assistant, s.session) in (select (assistant, session) from claims)
  )
)
group by all;

-- A session whose person has become known better counts as that person's on all its days.
insert into dirty_days
select distinct d.day
from session_days d
join best b on b.assistant = d.assistant and b.session = d.session and b.person <> d.person
where d.day not in (select day from todo);

delete from session_people
where (assistant, session) in (select (assistant, session) from best);
insert into session_people select assistant, session, person, rank from best;
