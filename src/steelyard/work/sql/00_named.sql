-- Every pair of reference and e-mail that raw work names. What they say by themselves (a login
-- inside a noreply address, a bot's or an assistant's name) is looked up next, into `judged`.

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
