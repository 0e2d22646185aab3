-- Accounts and what is known of their owners; what a system no longer lists was true all the same.
select source, account, lower(trim(email)) as email, max(name) as name, bool_or(bot) as bot
from raw_accounts
where account <> ''
group by all
order by source, account, email
