-- Who did it: every pair of reference and e-mail that raw work names, resolved once. A reference
-- goes before an e-mail; an account's own e-mail and a login inside a noreply address help too.
-- Who is in no directory is their e-mail, else the reference. Bots are known by their account or
-- by "[bot]"; an assistant that works under its own name is nobody, but no bot.

create or replace temp table named as
select author as reference, lower(author_email) as email from raw_commits where not gone
union select author, lower(author_email) from raw_pull_requests where not gone
-- Of two sources that tell of one thing, one may know the login and the other the address.
union
select a.author, lower(b.author_email) from raw_commits a
join raw_commits b on b.sha = a.sha and b.source <> a.source
where not a.gone and not b.gone and a.author <> '' and b.author_email <> ''
union
select a.author, lower(b.author_email) from raw_pull_requests a
join raw_pull_requests b
  on lower(b.repo) = lower(a.repo) and b.number = a.number and b.source <> a.source
where not a.gone and not b.gone and a.author <> '' and b.author_email <> ''
union select reviewer, '' from raw_reviews where not gone
union select deployer, '' from raw_deployments where not gone
union select actor, '' from raw_ci_runs where not gone
union select responders[1], '' from raw_incidents where not gone and len(responders) > 0
union select reporter, '' from raw_issues where not gone
union select assignee, '' from raw_issues where not gone
union select worker, '' from raw_worklogs where not gone
union select respondent, '' from raw_survey_answers where not gone
union select actor, '' from raw_billing_lines where not gone
union select actor, '' from raw_usage_days where not gone;

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
    case when ends_with(n.email, '@users.noreply.github.com')
      then regexp_extract(n.email, '^(?:\d+\+)?(.+)@', 1) else '' end as login,
    coalesce(a.email, '') as account_email, coalesce(a.bot, false) as marked
  from named n
  left join accounts a on a.account = n.reference
),
found as (
  select p.*, coalesce(r.person, e.person, l.person, o.person) as person
  from parts p
  left join aliases r on r.kind = p.kind and r.value = p.value
  left join aliases e on e.kind = 'email' and e.value = p.email
  left join aliases l on l.kind = 'github' and l.value = p.login
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
    when login <> '' then 'github:' || login
    else '' end) as person,
  marked or contains(reference, '[bot]') or contains(email, '[bot]')
    or coalesce(b.bot, false) as bot
from found
left join (select account, bot from accounts) b on b.account = 'github:' || login;

-- The name of an answer's assistant: several are joined, none is ''.
create or replace temp macro one_of(names) as
  array_to_string(list_sort(list_distinct(list_filter(names, lambda n: n <> ''))), '+');
create or replace temp macro hours(earlier, later) as
  case when later >= earlier then epoch(later - earlier) / 3600.0 end;
