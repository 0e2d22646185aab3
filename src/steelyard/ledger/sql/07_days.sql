-- Usage and cost per person and day: what most questions read.

delete from usage_days where day in (select day from todo);
insert into usage_days by name
select day, person, assistant, provider, plan, model, token_type,
  sum(tokens)::bigint as tokens, sum(list_nanos)::bigint as list_nanos,
  sum(input_nanos)::bigint as input_nanos, sum(unpriced_tokens)::bigint as unpriced_tokens
from usage where day in (select day from todo)
group by day, person, assistant, provider, plan, model, token_type,
  list_nanos is null, input_nanos is null;

delete from cost_days where day in (select day from todo);
insert into cost_days by name
select day, person, assistant, provider, plan, model, sum(reported_nanos)::bigint as reported_nanos
from costs where day in (select day from todo) group by all;
