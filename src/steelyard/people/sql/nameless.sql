-- Installs and accounts of which telemetry knows no person.
select distinct person from people_seen
where person not in (select person from people) and person not like '%@%'
