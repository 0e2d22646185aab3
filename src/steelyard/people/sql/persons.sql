-- Who worked in which session: the best identity ever seen with it, e-mail before account id
-- before install id, each through the aliases that an organisation has imported. An account with
-- an alias goes before one without. Records without a session speak for themselves alone.

create or replace temp table claims as
with seen as (
  select distinct assistant, who, email, account_id, account_uuid, install_id from e
  union
  select distinct assistant, who, email, account_id, account_uuid, install_id from p
),
claimed as (
  select assistant, who, 'email' as kind, email as value, 1 as rank from seen where email <> ''
  union all
  select assistant, who, 'account', account_id, 3 from seen where account_id <> ''
  union all
  select assistant, who, 'account', account_uuid, 4 from seen where account_uuid <> ''
  union all
  select assistant, who, 'install', install_id, 5 from seen where install_id <> ''
)
select c.assistant, c.who as session,
  case when c.kind = 'account' and i.person is not null then 2 else c.rank end as rank,
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

-- People, assistants and days on which, or on the day after which, model calls are known one by
-- one: there, metrics without a session tell nothing new.
create or replace temp table covered as
select distinct x.assistant, x.day + n as day, coalesce(s.person, '') as person
from (
  select distinct assistant, day, who(session, email, account_id, account_uuid, install_id) as who
  from events
  where name = 'api_request' and day in (select day from span union select day - 1 from span)
) x
cross join (values (0), (1)) t(n)
left join session_people s on s.assistant = x.assistant and s.session = x.who;
