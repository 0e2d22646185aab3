-- Everybody of the directories as of a day, with how many identities lead to them.
select p.person, p.name, p.email, p.team, p.department, p.role, p.level, p.manager, p.rollup,
  p.office, p.country, p.start_date, nullif(p.end_date, '1970-01-01') as end_date,
  coalesce(p.start_date, '1970-01-01') <= '{day}' and coalesce(p.end_date, '9999-12-31') >= '{day}'
    as employed,
  coalesce(i.identities, 0) as identities, s.last_day as last_work
from people p
left join (select person, count(*) as identities from identities group by all) i using (person)
left join people_seen s using (person)
where date '{day}' between p.valid_from and p.valid_to
order by p.name, p.person
