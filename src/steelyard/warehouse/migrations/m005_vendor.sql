-- Vendors as a third witness. `by_other`: transcripts or a vendor saw the person work that day.
alter table session_days add column by_other boolean default false;
alter table person_days add column by_other boolean default false;
alter table session_days alter column by_other set not null;
alter table person_days alter column by_other set not null;
update session_days set by_other = by_transcript;
update person_days set by_other = by_transcript;
-- What vendors had counted for each day when its facts were last made dirty for it.
create table vendor_told (day date not null, fingerprint varchar not null);
insert into dirty_work select 'usage_days' where exists (select 1 from raw_usage_days);
