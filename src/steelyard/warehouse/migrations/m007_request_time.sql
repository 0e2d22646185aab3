-- When a call was answered or failed; null where it was told before this column and its records are
-- no longer kept. The facts of all other days are built again.
alter table requests add column time timestamp;
insert into dirty_days select distinct day from requests;
