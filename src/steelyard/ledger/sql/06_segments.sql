-- Ways of working, per person and week, from the days (28 by default) that end with the week.
-- Weeks begin on Monday. The caller fills weeks(week) with those that a rebuilt day can change.

delete from segments where week in (select week from weeks);
insert into segments by name
with habits as (
  select w.week, s.person, count(distinct nullif(s.session, '')) as sessions,
    sum(s.commits) / greatest(sessions, 1) as commits_per_session,
    sum(s.approved_edits) / nullif(sum(s.edit_decisions), 0) as approved_share,
    count(distinct s.day) as active_days
  from weeks w
  join session_days s on s.worked and s.person <> ''
    and s.day > w.week + 6 - $segment_days::int and s.day <= w.week + 6
  group by all
),
norms as (
  select week, quantile_cont(sessions, $autonomous_sessions_quantile) as many,
    quantile_cont(commits_per_session, $autonomous_commits_quantile) as usual
  from habits group by week
)
select h.person, h.week,
  case
    when h.active_days < $minimal_active_days then 'minimal'
    when h.sessions >= n.many and h.commits_per_session >= n.usual
      and h.approved_share >= $autonomous_approved_share then 'autonomous'
    else 'conversational'
  end as segment
from habits h join norms n using (week);
