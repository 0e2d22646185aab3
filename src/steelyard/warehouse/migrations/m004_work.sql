-- Facts of work: what shipped, built whole from the raw_* tables (steelyard/work/sql). Text is never
-- null ('' is "not said"); null numbers mean unknown. Times are UTC. Money is in nano-dollars.
-- `person` is resolved through identities; who is not known there is their e-mail or reference.
-- `assistant` is the one that marks name, several joined by '+', '' when none; `assisted` is yes
-- or no by the same marks. Marks can be missing, so yes is a floor.

-- One row a commit on a default branch, whatever number of sources told of it; merges and bots are
-- left out. On the day it was committed.
create table work_commits (
  day date not null, person varchar not null, assistant varchar not null, repo varchar not null,
  assisted varchar not null, evidence varchar not null, sha varchar not null,
  additions bigint, deletions bigint, files bigint,
  ai_lines bigint,                -- added lines that notes give to an assistant
  rework_added bigint,            -- null until the 21 days after it are over
  rework_rewritten bigint
);
-- One row a merged pull request of somebody who is not a bot, on the day it was merged.
create table work_pull_requests (
  day date not null, person varchar not null, assistant varchar not null, repo varchar not null,
  assisted varchar not null, evidence varchar not null, pull_request varchar not null,
  lines bigint,                   -- added and deleted
  additions bigint, deletions bigint, files bigint,
  cycle_hours double,             -- first commit to merge
  first_review_hours double,      -- ready (or created) to the first review by another person
  review_hours double,            -- that first review to merge
  review_rounds bigint,           -- requests for changes plus one; null when nobody reviewed
  change_requests bigint not null,
  human_commits bigint,           -- by people, after it was opened
  interventions bigint not null   -- change requests and known human commits
);
-- One row a review of a pull request by another person, on the day it was submitted. Assistant and
-- assisted are those of the pull request.
create table work_reviews (
  day date not null, person varchar not null, assistant varchar not null, repo varchar not null,
  assisted varchar not null, state varchar not null, pull_request varchar not null
);
-- One row a revert: a merged pull request that reverts another, or a commit on a default branch that
-- does and belongs to no such pull request.
create table work_reverts (
  day date not null, person varchar not null, assistant varchar not null, repo varchar not null,
  assisted varchar not null, reverted varchar not null
);
-- One row a finished deployment to production (success or failure), on the day it ended.
create table work_deployments (
  day date not null, person varchar not null, repo varchar not null, environment varchar not null,
  deployment varchar not null, sha varchar not null,
  succeeded boolean not null,
  failed boolean not null,        -- needed immediate help; `failed_by` says why
  failed_by varchar not null,     -- status | rollback | revert | incident | ''
  recovery_hours double,          -- from its end to recovery, of failed ones
  unplanned boolean               -- a fix after an incident; null when nothing can tell
);
-- One row a commit that reached production, on the day it did.
create table work_lead_times (
  day date not null, person varchar not null, assistant varchar not null, repo varchar not null,
  assisted varchar not null, sha varchar not null, hours double not null
);
-- One row an issue created (person: reporter) and one an issue resolved (person: assignee), each on
-- its own day. Times and classes belong to resolved ones.
create table work_issues (
  day date not null, person varchar not null, assistant varchar not null, project varchar not null,
  issue_type varchar not null, priority varchar not null, assisted varchar not null,
  event varchar not null,         -- created | resolved
  issue varchar not null, resolution varchar not null,
  resolution_bucket varchar not null, -- <1h 1-2h 2-4h 4-8h 8-16h 16-24h 24-48h 48-72h 72-120h 120-168h 168-336h 336-720h >720h
  resolution_class varchar not null,  -- <1d 1-3d 3-7d 1-2w >2w
  story_points double, resolution_hours double
);
-- Time logged per issue, person and day; where two sources tell of the same, the larger one.
create table work_worklogs (
  day date not null, person varchar not null, project varchar not null, issue_type varchar not null,
  priority varchar not null, issue varchar not null,
  seconds bigint not null, billable_seconds bigint
);
-- On the day the incident began.
create table work_incidents (
  day date not null, person varchar not null, repo varchar not null, service varchar not null,
  severity varchar not null, incident varchar not null,
  acknowledge_hours double, resolve_hours double
);
-- One row an attempt that ended in success or failure, on the day it ended.
create table work_ci_runs (
  day date not null, person varchar not null, repo varchar not null, workflow varchar not null,
  branch varchar not null, success boolean not null, minutes double
);
create table work_surveys (
  day date not null, person varchar not null, survey varchar not null, question varchar not null,
  score double not null, scale_max double
);
-- Billing lines spread evenly over their days, exact to the nano. Lines of several sources stand
-- side by side.
create table bills (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  bill_source varchar not null, cost_type varchar not null, model varchar not null,
  token_type varchar not null, workspace varchar not null, currency varchar not null,
  final boolean not null, amount_nanos bigint not null,
  usd_nanos bigint                -- null in other currencies
);
-- What vendors counted per person and day. Tokens stand in rows with a token type, the vendor's
-- price of a model in the row with its model and no token type, counts in rows without both.
-- Sources stand side by side and are never added.
create table vendor_days (
  day date not null, person varchar not null, assistant varchar not null, provider varchar not null,
  source varchar not null, model varchar not null,
  token_type varchar not null,    -- input | output | cacheRead | cacheCreation | ''
  cache_ttl varchar not null,     -- 5m | 1h | '' (cacheCreation only)
  workspace varchar not null, api_key varchar not null, terminal varchar not null,
  tokens bigint, list_nanos bigint,
  sessions bigint, lines_added bigint, lines_removed bigint, commits bigint, pull_requests bigint,
  accepted bigint, rejected bigint, messages bigint, web_searches bigint
);
-- What the facts were last built with: identities, bots, settings and the statements themselves.
create table work_built (fingerprint varchar not null);
