-- Bills: each line spread evenly over its days. What does not divide goes to the first days, a
-- nano-dollar each, so that the days sum to the line.

delete from bills;
insert into bills
with lines as (
  select b.*, w.person, date_diff('day', b.first_day, greatest(b.last_day, b.first_day)) + 1 as days
  from raw_billing_lines b
  join whom w on w.reference = b.actor and w.email = ''
  where not b.gone
),
spread as (
  select l.*, unnest(range(days)) as n from lines l
),
shares as (
  select s.*, sign(amount_nanos) * (
      abs(amount_nanos) // days + case when n < abs(amount_nanos) % days then 1 else 0 end
    ) as share
  from spread s
)
select first_day + n::integer, person, assistant, provider, source, cost_type, model, token_type,
  workspace, upper(currency), final, share::bigint,
  case when upper(currency) = 'USD' then share::bigint end
from shares
order by 1;
