-- What restricted askers read in place of `people` and `segments`: on every day groups of enough
-- people, smaller ones as one value. A row says no more of a person than what may be said.
create table people_shown (
  person varchar not null, email varchar not null, name varchar not null, team varchar not null,
  department varchar not null, role varchar not null, level varchar not null,
  manager varchar not null, rollup varchar not null, office varchar not null,
  country varchar not null, start_date date, end_date date,
  valid_from date not null, valid_to date not null
);
-- When a group was too small to be shown alone: in a period with such a day it is not.
create table merged_days (
  dimension varchar not null, value varchar not null, valid_from date not null,
  valid_to date not null
);
create table segments_shown (person varchar not null, week date not null, segment varchar not null);
-- Values of dimensions of work that enough people ever used.
create table work_shown (dimension varchar not null, value varchar not null);
-- What they were built with: the smallest group, the dimensions that may be combined, and a mark of
-- everything they were built from.
create table shown_built (smallest bigint not null, places varchar not null, built_from varchar not null);
