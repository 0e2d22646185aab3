-- Who did it: each pair resolved once. A reference goes before an e-mail; an account's own e-mail
-- and a login inside a noreply address help too. Who is in no directory is their e-mail, else the
-- reference. Bots are known by their account or their name. What a bot did counts where marks give
-- it to an assistant, and then as nobody's.

create or replace temp table accounts as
select account, coalesce(max(lower(email)) filter (email <> ''), '') as email, bool_or(bot) as bot
from raw_accounts where not gone and account <> ''
group by account;

create or replace temp table aliases as
select kind, value, min(person) as person from identities group by kind, value;

create or replace temp table whom as
with parts as (
  select n.reference, n.email,
    split_part(n.reference, ':', 1) as kind,
    substr(n.reference, strpos(n.reference, ':') + 1) as value,
    n.login, coalesce(a.email, '') as account_email,
    n.bot or coalesce(a.bot, false) or coalesce(b.bot, false) as bot
  from judged n
  left join accounts a on a.account = n.reference
  left join accounts b on b.account = n.login
),
found as (
  select p.*, coalesce(r.person, e.person, l.person, o.person) as person
  from parts p
  left join aliases r on r.kind = p.kind and r.value = p.value
  left join aliases e on e.kind = 'email' and e.value = p.email
  left join aliases l on l.kind || ':' || l.value = p.login
  left join aliases o on o.kind = 'email' and o.value = p.account_email
)
select reference, email,
  coalesce(person, case
    when kind = 'email' then value
    when email <> '' and login = '' then email
    when account_email <> '' then account_email
    when kind = 'account' then value
    when kind = 'install' then 'install:' || left(value, 12)
    when reference <> '' then reference
    when login <> '' then login
    else '' end) as person, bot
from found;

-- The names of assistants as one: several are joined, none is ''.
create or replace temp macro one_of(names) as
  array_to_string(list_sort(list_distinct(list_filter(names, lambda n: n <> ''))), '+');
create or replace temp macro hours(earlier, later) as
  case when later >= earlier then epoch(later - earlier) / 3600.0 end;
